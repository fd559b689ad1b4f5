"""PHP's ftp extension, as content management systems use it."""

from pathlib import Path

from case import ClientCase
from modes import BOTH, PASSIVE, PLAIN_V4, TLS_V4, Mode, in_modes, modes

MODES = modes(
    plain=BOTH,
    explicit=BOTH,
    # ftp_ssl_connect always says AUTH TLS.
    implicit=None,
)

SCRIPT = Path(__file__).parent / "ftp.php"


class PHP(ClientCase):
    """The checks themselves are in ftp.php."""

    program = "php"
    probe = ["php", "-r", "exit(function_exists('ftp_ssl_connect') ? 0 : 1);"]

    def check(self, name: str, mode: Mode) -> None:
        self.some_bytes()
        self.run_client(["php", SCRIPT, name], environment=self.told(mode))

    # INT-04
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        self.check("everyday", mode)

        self.assertEqual(list(self.remote.iterdir()), [])

    # INT-04
    @in_modes([PLAIN_V4, TLS_V4])
    def test_finds_out_by_itself_where_to_resume(self, mode: Mode) -> None:
        self.check("automatic", mode)

    # INT-04
    @in_modes([PLAIN_V4, TLS_V4])
    def test_lists_names_lines_and_facts(self, mode: Mode) -> None:
        self.check("lists", mode)

    # INT-04 INT-05
    @in_modes([PLAIN_V4, TLS_V4])
    def test_learns_that_something_is_missing(self, mode: Mode) -> None:
        self.check("missing", mode)

    # INT-04
    @in_modes(modes(plain=PASSIVE, explicit=PASSIVE, implicit=None))
    def test_transfers_step_by_step(self, mode: Mode) -> None:
        self.check("steps", mode)
