"""aioftp: the same for scripts that use asyncio."""

import asyncio
from collections.abc import Awaitable, Callable

from case import ACCOUNT, FOLDER, NAME, ClientCase
from modes import PASSIVE, Mode, in_modes, modes
from tree import plant

try:
    import aioftp
except ImportError:
    aioftp = None

# Passive only, and in the clear: it wants to shake hands on a data connection before it has said what
# for, when the server does not know yet whether to.
MODES = modes(plain=PASSIVE, explicit=None, implicit=None)


class Aioftp(ClientCase):
    """Every check is a coroutine with a client of its own."""

    module = (aioftp, "python3-aioftp")

    def with_client(self, mode: Mode, talk: Callable[..., Awaitable]) -> None:
        """Logs in and talks."""
        async def session() -> None:
            client = aioftp.Client(socket_timeout=20)
            await client.connect(mode.host, self.port(mode))
            await client.login(ACCOUNT, self.password)
            await client.change_directory(self.path)
            await talk(client)
            await client.quit()

        asyncio.run(session())

    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        data = self.some_bytes().read_bytes()

        async def talk(client: "aioftp.Client") -> None:
            await client.make_directory(FOLDER)
            await client.change_directory(FOLDER)
            async with client.upload_stream(NAME) as stream:
                await stream.write(data[:100_000])
            async with client.upload_stream(NAME, offset=100_000) as stream:
                await stream.write(data[100_000:])
            self.assertEqual((self.remote / FOLDER / NAME).read_bytes(), data)

            async with client.download_stream(NAME, offset=1_000) as stream:
                self.assertEqual(await stream.read(), data[1_000:])
            await client.rename(NAME, "new name")
            self.assertEqual([str(path) for path, _ in await client.list()], ["new name"])
            self.assertEqual((await client.stat("new name"))["size"], str(len(data)))

            await client.remove_file("new name")
            await client.change_directory("..")
            await client.remove_directory(FOLDER)
            self.assertEqual(await client.list(), [])

        self.with_client(mode, talk)

    @in_modes(MODES[:1])
    def test_copies_a_tree_there_and_back(self, mode: Mode) -> None:
        planted = plant(self.local / "planted", files=120)
        back = self.local / "back"

        async def talk(client: "aioftp.Client") -> None:
            await client.upload(planted, "tree", write_into=True)
            await client.download("tree", back, write_into=True)

        self.with_client(mode, talk)

        self.assert_same(self.remote / "tree", planted)
        self.assert_same(back, planted)
