"""Net::FTP, which Perl brings along: every mode, unique names, whole folders removed, refusals, aborts."""

from pathlib import Path

from case import NAME, ClientCase
from modes import BOTH, PLAIN_V4, TLS_V4, Mode, in_modes, modes

MODES = modes(plain=BOTH, explicit=BOTH, implicit=BOTH)

SCRIPT = Path(__file__).parent / "net_ftp.pl"


class Net_FTP(ClientCase):
    """The checks themselves are in net_ftp.pl."""

    program = "perl"
    probe = ["perl", "-MIO::Socket::SSL", "-e", "1"]

    def check(self, name: str, mode: Mode) -> None:
        self.run_client(["perl", SCRIPT, name], environment=self.told(mode))

    # INT-10
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        data = self.some_bytes().read_bytes()
        (self.local / "half").write_bytes(data[:100_000])
        (self.local / "rest").write_bytes(data[100_000:])

        self.check("everyday", mode)

        self.assertEqual(list(self.remote.iterdir()), [])

    # INT-10
    @in_modes(MODES[::3])
    def test_learns_the_names_of_files_put_under_unique_names(self, mode: Mode) -> None:
        file = self.some_bytes()

        self.check("unique", mode)

        stored = list(self.remote.iterdir())
        self.assertEqual(len(stored), 3)
        for path in stored:
            self.assert_same(path, file)

    # INT-10
    @in_modes([PLAIN_V4, TLS_V4])
    def test_removes_whole_folders(self, mode: Mode) -> None:
        self.some_bytes()

        self.check("rmdir", mode)

        self.assertEqual(list(self.remote.iterdir()), [])

    # INT-10
    @in_modes(modes(plain=BOTH, explicit=BOTH, implicit=None))
    def test_hears_refusals_and_goes_on(self, mode: Mode) -> None:
        """A refused transfer must close its data connection, or TLS waits for it."""
        self.some_bytes()

        self.check("refused", mode)

        self.assert_same(self.remote / "there", self.local / NAME)

    # INT-10
    def test_aborts_a_download_and_goes_on(self) -> None:
        """In the clear: with TLS, it writes urgent bytes into the stream past the encryption."""
        self.some_bytes("large", size=24_000_000)

        self.check("abort", PLAIN_V4)
