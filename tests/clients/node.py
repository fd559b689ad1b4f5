"""basic-ftp, for Node: every mode it has, trees, a thousand files."""

from pathlib import Path

from case import ClientCase
from modes import PASSIVE, PLAIN_V4, TLS_V4, Mode, in_modes, modes
from tree import plant

# Passive only.
MODES = modes(plain=PASSIVE, explicit=PASSIVE, implicit=PASSIVE)

HERE = Path(__file__).parent


class Basic_ftp(ClientCase):
    """The checks themselves are in basic_ftp.mjs."""

    program = "node"
    package = HERE / "node_modules" / "basic-ftp"

    def check(self, name: str, mode: Mode) -> None:
        self.run_client(["node", HERE / "basic_ftp.mjs", name], environment=self.told(mode))

    # INT-07
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        self.some_bytes()

        self.check("everyday", mode)

        self.assertEqual(list(self.remote.iterdir()), [])

    # INT-07
    @in_modes([MODES[0], TLS_V4])
    def test_copies_a_tree_there_and_back(self, mode: Mode) -> None:
        planted = plant(self.local / "planted", files=200)

        self.check("tree", mode)

        self.assert_same(self.remote / "tree", planted)
        self.assert_same(self.local / "back", planted)

    # INT-07
    def test_moves_a_thousand_files_there_and_back_on_one_connection(self) -> None:
        self.move_many(PLAIN_V4, 1_000)

    # INT-07
    def test_moves_many_files_there_and_back_on_one_encrypted_connection(self) -> None:
        """Every fiftieth of them is empty."""
        self.move_many(TLS_V4, 150)

    def move_many(self, mode: Mode, count: int) -> None:
        many = self.many_files(count)

        self.check("many", mode)

        self.assert_same(self.local / "back", many)
