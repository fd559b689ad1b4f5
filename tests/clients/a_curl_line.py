"""curl, as people paste it: explicit and implicit TLS, folders made on the way, resume, the demo's line."""

import shlex
import subprocess
import unittest

from server import Server, find


class ACurlLine(unittest.TestCase):
    """One server and one account."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(Server())
        cls.password = cls.server.account("curl", allow_plain=True)
        cls.server.start()
        cls.file = cls.server.folder / "file.bin"
        cls.file.write_bytes(bytes(range(256)) * 4_000)

    def curl(self, *arguments: str) -> bytes:
        login = ["--user", f"curl:{self.password}", "--insecure", "--silent", "--show-error"]
        done = subprocess.run(
            ["curl", *login, *arguments], capture_output=True, check=False, timeout=60
        )
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def explicit(self, path: str) -> list[str]:
        return ["--ssl-reqd", f"ftp://127.0.0.1:{self.server.ports['ftp']}/{path}"]

    def test_uploads_over_explicit_tls_and_makes_folders(self) -> None:
        self.curl("--ftp-create-dirs", "-T", str(self.file), *self.explicit("a/b/c.bin"))

        self.assertEqual(self.curl(*self.explicit("a/b/c.bin")), self.file.read_bytes())

    def test_uploads_over_implicit_tls(self) -> None:
        address = f"ftps://127.0.0.1:{self.server.ports['ftps']}/implicit.bin"

        self.curl("-T", str(self.file), address)

        self.assertEqual(self.curl(address), self.file.read_bytes())

    def test_resumes_an_upload(self) -> None:
        half = self.server.folder / "half"
        half.write_bytes(self.file.read_bytes()[:400_000])
        self.curl("-T", str(half), *self.explicit("resumed.bin"))

        self.curl("-C", "-", "-T", str(self.file), *self.explicit("resumed.bin"))

        self.assertEqual(self.curl(*self.explicit("resumed.bin")), self.file.read_bytes())

    def test_uploads_in_active_mode(self) -> None:
        """Without TLS: curl 7.88 sends plain bytes on active data connections that need TLS."""
        address = f"ftp://127.0.0.1:{self.server.ports['ftp']}/active.bin"

        self.curl("--ftp-port", "127.0.0.1", "-T", str(self.file), address)

        self.assertEqual(self.curl(*self.explicit("active.bin")), self.file.read_bytes())

    def test_of_the_demo_works_when_pasted(self) -> None:
        with Server("--demo") as demo:
            demo.start()
            demo.wait_until(lambda: "curl " in demo.output())
            line = find(r"(?m)^\s*(curl .*)$", demo.output())

            done = subprocess.run(
                ["bash", "-c", line], capture_output=True, check=False, timeout=60
            )

            self.assertEqual(done.returncode, 0, f"{shlex.quote(line)}\n{done.stderr.decode()}")
