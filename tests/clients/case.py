"""What the checks of all clients share: a server, an account, a folder on either side, a deadline."""

import functools
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from modes import Mode
from server import Server
from tree import difference

CHECK_SECONDS = 60
ACCOUNT = "harbour"

# Words, several alphabets, a combining accent, and what shells, URLs and listings stumble over.
NAME = "Größe 日本語 🚢 e\u0301 #1 & 100%.bin"
FOLDER = "a folder with spaces"


@functools.cache
def shared_server() -> Server:
    """One server for all clients; `run.py` stops it."""
    server = Server()
    server.passwords = {
        ACCOUNT: server.account(ACCOUNT, allow_plain=True),
        "strict": server.account("strict"),
    }
    server.start()
    return server


class ClientCase(unittest.TestCase):
    """Checks of one client. Every check has a folder of its own on either side."""

    # The program, or the module and what Debian calls it, without which nothing here can run.
    program: str | None = None
    module: tuple[object, str] | None = None
    # A folder that a package manager has to have made.
    package: Path | None = None
    # A command that fails where the program lacks what is tested.
    probe: list[str] | None = None

    def __init_subclass__(cls) -> None:
        """Makes one check of each mode out of those that name modes."""
        for name, check in list(vars(cls).items()):
            if hasattr(check, "modes"):
                delattr(cls, name)
                for mode in check.modes:
                    setattr(cls, f"{name}_{mode.words}", in_mode(check, mode))

    @classmethod
    def setUpClass(cls) -> None:
        if cls.program is not None and shutil.which(cls.program) is None:
            raise unittest.SkipTest(f"{cls.program} is not installed and could not be")
        if cls.module is not None and cls.module[0] is None:
            raise unittest.SkipTest(f"{cls.module[1]} is not installed and could not be")
        if cls.package is not None and not cls.package.exists():
            raise unittest.SkipTest(f"{cls.package.name} is not installed and could not be")
        if cls.probe is not None and subprocess.run(cls.probe, check=False).returncode != 0:
            raise unittest.SkipTest(f"{cls.program} lacks what is tested: {cls.probe}")
        cls.server = shared_server()
        cls.password = cls.server.passwords[ACCOUNT]

    def setUp(self) -> None:
        def overdue(*_: object) -> None:
            raise AssertionError(f"still not done after {CHECK_SECONDS} seconds")

        signal.signal(signal.SIGALRM, overdue)
        signal.alarm(CHECK_SECONDS)
        self.addCleanup(signal.alarm, 0)

        self.local = Path(tempfile.mkdtemp(dir=self.server.folder))
        self.addCleanup(shutil.rmtree, self.local, ignore_errors=True)
        self.remote = self.server.home(ACCOUNT) / self.local.name
        self.remote.mkdir()
        # As the client names it.
        self.path = f"/{self.remote.name}"

    def run_client(
        self, arguments: list, *, text: str = "", environment: dict[str, str] | None = None
    ) -> str:
        """Runs a program that has to succeed; everything it said."""
        done = subprocess.run(
            [str(argument) for argument in arguments],
            check=False,
            cwd=self.local,
            env=os.environ | {"HOME": str(self.local), "LC_ALL": "C.UTF-8"} | (environment or {}),
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=CHECK_SECONDS,
        )
        output = done.stdout.decode(errors="replace")
        self.assertEqual(done.returncode, 0, f"{arguments}\n{output}")
        return output

    def port(self, mode: Mode) -> int:
        """Where a client in this mode connects."""
        return self.server.ports[mode.port_name]

    def told(self, mode: Mode) -> dict[str, str]:
        """What a script in another language is told, as its environment."""
        return {
            "FTP_HOST": mode.host,
            "FTP_PORT": str(self.port(mode)),
            "FTP_USER": ACCOUNT,
            "FTP_PASSWORD": self.password,
            "FTP_TLS": mode.tls,
            "FTP_DATA": mode.data,
            "FTP_FOLDER": self.path,
            "FTP_NAME": NAME,
            "FTP_CERTIFICATE": str(self.server.certificate),
        }

    def some_bytes(self, name: str = NAME, size: int = 300_000) -> Path:
        """A file here that no conversion would leave as it is."""
        path = self.local / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pattern = bytes(range(256)) + b"\r\n\n\r"
        path.write_bytes((pattern * (size // len(pattern) + 1))[:size])
        return path

    def many_files(self, count: int = 1_000) -> Path:
        """A folder with as many small files, all different."""
        folder = self.local / "many"
        folder.mkdir()
        for number in range(count):
            (folder / f"file {number:04}").write_text(f"{number}\n" * (number % 50))
        return folder

    def assert_same(self, left: Path, right: Path) -> None:
        """Two files, or two trees, byte for byte."""
        self.assertEqual(difference(left, right), "")


def in_mode(check: object, mode: Mode) -> object:
    """A check as a method without arguments."""

    @functools.wraps(check)
    def run(self: ClientCase) -> None:
        check(self, mode)

    return run
