"""curl, as people paste it: every mode, folders made on the way, resume, commands, the demo's line."""

import shlex
import shutil
import subprocess
from urllib.parse import quote

from case import ACCOUNT, FOLDER, NAME, ClientCase
from modes import BOTH, PASSIVE, PLAIN_V4, TLS_V4, Mode, in_modes, modes
from server import Server, find


def version() -> tuple[int, int]:
    """What this machine has."""
    if shutil.which("curl") is None:
        return 0, 0
    text = subprocess.run(["curl", "--version"], capture_output=True, check=False, text=True).stdout
    return int(find(r"^curl (\d+)\.", text)), int(find(r"^curl \d+\.(\d+)", text))


# curl 7.87 and 7.88 (Debian 12) send plain bytes on active data connections that need TLS.
WITH_TLS = PASSIVE if (7, 87) <= version() <= (7, 88) else BOTH
MODES = modes(plain=BOTH, explicit=WITH_TLS, implicit=WITH_TLS)


class Curl(ClientCase):
    """Every check is one or more command lines."""

    program = "curl"

    def curl(self, mode: Mode, path: str, *arguments: object) -> str:
        login = ["--user", f"{ACCOUNT}:{self.password}", "--insecure", "--no-progress-meter"]
        options = {"explicit": ["--ssl-reqd"]}.get(mode.tls, [])
        if mode.data == "active":
            options = [*options, "--ftp-port", "-"]
        return self.run_client(
            ["curl", "--disable", *login, *options, *arguments, self.url(mode, path)]
        )

    def url(self, mode: Mode, path: str) -> str:
        scheme = "ftps" if mode.tls == "implicit" else "ftp"
        return f"{scheme}://{mode.bracketed}:{self.port(mode)}{quote(self.path)}/{quote(path)}"

    # INT-01
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        whole = self.some_bytes()
        half = self.local / "half"
        half.write_bytes(whole.read_bytes()[:100_000])
        path = f"{FOLDER}/{NAME}"
        there = self.remote / FOLDER / NAME

        self.curl(mode, path, "--ftp-create-dirs", "-T", half)
        self.assert_same(there, half)
        self.curl(mode, path, "-C", "-", "-T", whole)
        self.assert_same(there, whole)

        self.curl(mode, path, "-C", "-", "-o", half)
        self.assert_same(half, whole)

        old, new = f"{self.path}/{path}", f"{self.path}/{FOLDER}/new name"
        self.curl(mode, "", "-Q", f"RNFR {old}", "-Q", f"RNTO {new}", "-l")
        self.assertEqual(self.curl(mode, f"{FOLDER}/", "-l"), "new name\n")
        self.curl(mode, "", "-Q", f"DELE {new}", "-Q", f"RMD {self.path}/{FOLDER}", "-l")
        self.assertEqual(list(self.remote.iterdir()), [])

    # INT-01
    def test_does_without_extended_passive_mode(self) -> None:
        file = self.some_bytes("file")
        options = ["--ftp-pasv", "--disable-epsv"]

        self.curl(PLAIN_V4, "file", *options, "-T", file)
        said = self.curl(PLAIN_V4, "file", *options, "-v", "-o", self.local / "back")

        self.assertIn("> PASV", said)
        self.assert_same(self.local / "back", file)

    # INT-01
    def test_does_without_extended_active_mode(self) -> None:
        file = self.some_bytes("file")

        said = self.curl(PLAIN_V4, "file", "-P", "-", "--disable-eprt", "-v", "-T", file)

        self.assertIn("> PORT", said)
        self.assert_same(self.remote / "file", file)

    # INT-01
    def test_fetches_a_range(self) -> None:
        file = self.some_bytes("file")
        self.curl(TLS_V4, "file", "-T", file)

        self.curl(TLS_V4, "file", "-r", "1000-1999", "-o", self.local / "part")

        self.assertEqual((self.local / "part").read_bytes(), file.read_bytes()[1_000:2_000])

    # INT-01
    def test_speaks_TLS_1_2_as_well(self) -> None:
        file = self.some_bytes("file")

        self.curl(TLS_V4, "file", "--tls-max", "1.2", "-T", file)

        self.assert_same(self.remote / "file", file)

    # INT-01
    def test_appends(self) -> None:
        file = self.some_bytes("file")

        self.curl(TLS_V4, "log", "--append", "-T", file)
        self.curl(TLS_V4, "log", "--append", "-T", file)

        self.assertEqual((self.remote / "log").read_bytes(), file.read_bytes() * 2)

    # INT-01
    def test_moves_several_files_there_and_back_on_one_connection(self) -> None:
        """Not a thousand: curl 7.88 sleeps a second whenever it hears 229 sooner than it expects."""
        many = self.many_files(8)
        names = sorted(path.name for path in many.iterdir())
        there = [f'-T "{many / name}"\nurl "{self.url(PLAIN_V4, name)}"\n' for name in names]
        back = [f'url "{self.url(PLAIN_V4, name)}"\noutput "back/{name}"\n' for name in names]
        (self.local / "there").write_text("".join(there))
        (self.local / "back.conf").write_text("".join(back))

        said = self.curl(PLAIN_V4, "", "-v", "-K", self.local / "there")
        self.curl(PLAIN_V4, "", "--create-dirs", "-K", self.local / "back.conf")

        self.assertEqual(said.count("> USER "), 1)
        self.assert_same(self.remote, many)
        self.assert_same(self.local / "back", many)

    def test_of_the_demo_works_when_pasted(self) -> None:
        with Server("--demo") as demo:
            demo.start()
            demo.wait_until(lambda: "curl " in demo.output())
            line = find(r"(?m)^\s*(curl .*)$", demo.output())

            done = subprocess.run(
                ["bash", "-c", line], capture_output=True, check=False, timeout=60
            )

            self.assertEqual(done.returncode, 0, f"{shlex.quote(line)}\n{done.stderr.decode()}")
