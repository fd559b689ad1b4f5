"""rclone: trees there and back over several connections, without anything that it had to try twice."""

import re

from case import ACCOUNT, FOLDER, NAME, ClientCase
from modes import PASSIVE, PLAIN_V4, TLS_V4, Mode, in_modes, modes
from tree import plant

# Passive only.
MODES = modes(plain=PASSIVE, explicit=PASSIVE, implicit=PASSIVE)

# Left to itself it opens up to twelve connections, more than an account's plan may allow.
FOUR = ["--ftp-concurrency", "4", "--transfers", "2", "--checkers", "2"]


class Rclone(ClientCase):
    """Every check is one or more command lines."""

    program = "rclone"

    def rclone(self, mode: Mode, *arguments: object) -> str:
        """What it said at its most talkative."""
        remote = {
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_HERE_TYPE": "ftp",
            "RCLONE_CONFIG_HERE_HOST": mode.bracketed,
            "RCLONE_CONFIG_HERE_PORT": str(self.port(mode)),
            "RCLONE_CONFIG_HERE_USER": ACCOUNT,
            "RCLONE_CONFIG_HERE_PASS": self.obscured,
            "RCLONE_CONFIG_HERE_TLS": str(mode.tls == "implicit").lower(),
            "RCLONE_CONFIG_HERE_EXPLICIT_TLS": str(mode.tls == "explicit").lower(),
            "RCLONE_CONFIG_HERE_NO_CHECK_CERTIFICATE": "true",
        }
        said = self.run_client(["rclone", "-vv", *arguments], environment=remote)
        troubles = re.findall(r".*(?:ERROR|retry|retries|failed).*", said)
        self.assertEqual(troubles, [])
        return said

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        case = cls()
        case.local = cls.server.folder
        cls.obscured = case.run_client(["rclone", "obscure", cls.password]).strip()

    def there(self, path: str) -> str:
        return f"here:{self.path}/{path}"

    # INT-06
    @in_modes(MODES)
    def test_uploads_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        """It cannot resume: nothing in its protocol-independent view of the world can."""
        file = self.some_bytes()
        path = f"{FOLDER}/{NAME}"

        self.rclone(mode, "copyto", file, self.there(path))
        self.assert_same(self.remote / path, file)
        self.rclone(mode, "copyto", self.there(path), self.local / "back")
        self.assert_same(self.local / "back", file)

        self.rclone(mode, "moveto", self.there(path), self.there(f"{FOLDER}/new name"))
        listed = self.rclone(mode, "lsf", self.there(FOLDER), "--format", "ps")
        self.assertIn(f"new name;{file.stat().st_size}\n", listed)
        self.rclone(mode, "purge", self.there(FOLDER))
        self.assertEqual(list(self.remote.iterdir()), [])

    # INT-06
    @in_modes(MODES[::2])
    def test_synchronises_a_tree_there_and_back_on_four_connections(self, mode: Mode) -> None:
        planted = plant(self.local / "planted", files=200)
        back = self.local / "back"

        self.rclone(mode, "sync", *FOUR, planted, self.there("tree"))
        self.rclone(mode, "sync", *FOUR, self.there("tree"), back)

        self.assert_same(self.remote / "tree", planted)
        self.assert_same(back, planted)

    # INT-06
    def test_synchronises_what_has_changed(self) -> None:
        planted = plant(self.local / "planted", files=60)
        self.rclone(TLS_V4, "sync", *FOUR, planted, self.there("tree"))
        (planted / "one larger file.bin").unlink()
        (planted / "another.bin").write_bytes(b"x" * 1_000)

        self.rclone(TLS_V4, "sync", *FOUR, "--size-only", planted, self.there("tree"))

        self.assert_same(self.remote / "tree", planted)

    # INT-06
    def test_moves_a_thousand_files_there_and_back_on_one_connection(self) -> None:
        many = self.many_files()
        one = ["--ftp-concurrency", "1", "--transfers", "1", "--checkers", "1"]

        self.rclone(PLAIN_V4, "copy", *one, "--no-traverse", many, self.there("many"))
        self.rclone(PLAIN_V4, "copy", *one, self.there("many"), self.local / "back")

        self.assert_same(self.local / "back", many)
