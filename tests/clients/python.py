"""Python's ftplib: what a script of a customer does on an ordinary day, and what happens when it fails."""

import ftplib
import io
import ssl
import time
from pathlib import Path

from case import ACCOUNT, FOLDER, NAME, ClientCase
from modes import BOTH, PLAIN_V4, TLS_V4, Mode, in_modes, modes
from tree import plant

# ftplib has no implicit TLS of its own; the few lines of `ImplicitTls` are how people add it.
MODES = modes(plain=BOTH, explicit=BOTH, implicit=BOTH)


class ImplicitTls(ftplib.FTP_TLS):
    """A client that encrypts before the greeting."""

    _sock = None

    @property
    def sock(self) -> object:
        return self._sock

    @sock.setter
    def sock(self, value: object) -> None:
        if value is not None and not isinstance(value, ssl.SSLSocket):
            value = self.context.wrap_socket(value)
        self._sock = value


class Ftplib(ClientCase):
    """Every check is a conversation on one connection."""

    def connect(self, mode: Mode) -> ftplib.FTP:
        """A logged-in client in the folder of this check."""
        context = ssl.create_default_context(cafile=self.server.certificate)
        context.check_hostname = False
        ftp: ftplib.FTP
        if mode.tls == "plain":
            ftp = ftplib.FTP(timeout=20)
        else:
            kind = ImplicitTls if mode.tls == "implicit" else ftplib.FTP_TLS
            ftp = kind(context=context, timeout=20)
        ftp.connect(mode.host, self.port(mode))
        self.addCleanup(ftp.close)
        ftp.login(ACCOUNT, self.password)
        if isinstance(ftp, ftplib.FTP_TLS):
            ftp.prot_p()
        ftp.set_pasv(mode.data == "passive")
        ftp.cwd(self.path)
        return ftp

    # INT-03
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        ftp = self.connect(mode)
        data = self.some_bytes().read_bytes()

        ftp.mkd(FOLDER)
        ftp.cwd(FOLDER)
        store(ftp, NAME, data[:100_000])
        store(ftp, NAME, data[100_000:], rest=100_000)
        self.assertEqual((self.remote / FOLDER / NAME).read_bytes(), data)
        self.assertEqual(ftp.size(NAME), len(data))

        self.assertEqual(read(ftp, NAME), data)
        self.assertEqual(read(ftp, NAME, rest=299_000), data[299_000:])
        ftp.rename(NAME, "new name")
        self.assertEqual(ftp.nlst(), ["new name"])
        self.assertEqual([name for name, _ in ftp.mlsd()], ["new name"])

        ftp.delete("new name")
        ftp.cwd("..")
        ftp.rmd(FOLDER)
        self.assertEqual(ftp.nlst(), [])

    # INT-03
    def test_moves_a_thousand_files_there_and_back_on_one_connection(self) -> None:
        self.move_many(PLAIN_V4, 1_000)

    # INT-03
    def test_moves_many_files_there_and_back_on_one_encrypted_connection(self) -> None:
        self.move_many(TLS_V4, 100)

    def move_many(self, mode: Mode, count: int) -> None:
        ftp = self.connect(mode)
        many = self.many_files(count)
        names = sorted(path.name for path in many.iterdir())

        for name in names:
            store(ftp, name, (many / name).read_bytes())

        self.assert_same(self.remote, many)
        self.assertEqual(sorted(ftp.nlst()), names)
        for name in names:
            self.assertEqual(read(ftp, name), (many / name).read_bytes())

    # INT-03
    def test_copies_a_tree_there_and_back(self) -> None:
        ftp = self.connect(TLS_V4)
        planted = plant(self.local / "planted", files=120)
        back = self.local / "back"

        upload_tree(ftp, planted)
        back.mkdir()
        download_tree(ftp, back)

        self.assert_same(self.remote, planted)
        self.assert_same(back, planted)

    # INT-03 TLS-45
    @in_modes(modes(plain=None, explicit=BOTH, implicit=BOTH))
    def test_hears_that_an_encrypted_upload_is_complete_without_waiting(self, mode: Mode) -> None:
        """`storbinary` ends TLS on its data connection and waits for the server's answer to that."""
        ftp = self.connect(mode)

        began = time.monotonic()
        answer = store(ftp, "file", b"x" * 100_000)

        self.assertTrue(answer.startswith("226"), answer)
        self.assertLess(time.monotonic() - began, 5)

    # INT-03
    @in_modes(modes(plain=BOTH, explicit=BOTH, implicit=None))
    def test_aborts_a_download_and_goes_on(self, mode: Mode) -> None:
        ftp = self.connect(mode)
        store(ftp, "large", b"x" * 24_000_000)

        connection = ftp.transfercmd("RETR large")
        connection.recv(1)
        self.assertEqual(ftp.abort()[:3], "426")
        connection.close()

        self.assertEqual(ftp.getresp()[:3], "226")
        self.assertEqual(ftp.nlst(), ["large"])

    # INT-03
    @in_modes([PLAIN_V4, TLS_V4])
    def test_aborts_an_upload_and_keeps_the_old_file(self, mode: Mode) -> None:
        ftp = self.connect(mode)
        store(ftp, "file", b"old")

        connection = ftp.transfercmd("STOR file")
        connection.sendall(b"x" * 100_000)
        self.assertEqual(ftp.abort()[:3], "426")
        connection.close()

        self.assertEqual(ftp.getresp()[:3], "226")
        self.assertEqual(read(ftp, "file"), b"old")
        self.assertEqual([path.name for path in self.remote.iterdir()], ["file"])

    # INT-03
    def test_lists_with_mlsd_and_list_and_nlst(self) -> None:
        ftp = self.connect(TLS_V4)
        store(ftp, "größe.txt", b"12345")
        ftp.mkd("folder")

        facts = dict(ftp.mlsd(facts=["type", "size", "modify"]))
        lines: list[str] = []
        ftp.retrlines("LIST", lines.append)

        self.assertEqual(facts["größe.txt"]["size"], "5")
        self.assertEqual(facts["folder"]["type"], "dir")
        self.assertEqual(sorted(ftp.nlst()), ["folder", "größe.txt"])
        self.assertTrue(any(line.endswith(" größe.txt") for line in lines), lines)

    # INT-03
    def test_converts_line_ends_in_text_mode(self) -> None:
        ftp = self.connect(TLS_V4)
        ftp.storlines("STOR text", io.BytesIO(b"one\ntwo\n"))

        lines: list[str] = []
        ftp.retrlines("RETR text", lines.append)

        self.assertEqual(lines, ["one", "two"])
        self.assertEqual(read(ftp, "text"), b"one\ntwo\n")

    # INT-03
    def test_hears_a_refusal_and_goes_on(self) -> None:
        ftp = self.connect(TLS_V4)
        with self.assertRaisesRegex(ftplib.error_perm, "^550 "):
            read(ftp, "missing")

        store(ftp, "there", b"x")

        self.assertEqual(read(ftp, "there"), b"x")


def store(ftp: ftplib.FTP, name: str, data: bytes, **options: int) -> str:
    """Uploads; the reply that ended it."""
    return ftp.storbinary(f"STOR {name}", io.BytesIO(data), **options)


def read(ftp: ftplib.FTP, name: str, **options: int) -> bytes:
    """Downloads."""
    parts: list[bytes] = []
    ftp.retrbinary(f"RETR {name}", parts.append, **options)
    return b"".join(parts)


def upload_tree(ftp: ftplib.FTP, folder: Path) -> None:
    """Uploads everything in `folder` into the working directory."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            ftp.mkd(path.name)
            ftp.cwd(path.name)
            upload_tree(ftp, path)
            ftp.cwd("..")
        else:
            store(ftp, path.name, path.read_bytes())


def download_tree(ftp: ftplib.FTP, folder: Path) -> None:
    """Downloads everything in the working directory into `folder`."""
    for name, facts in list(ftp.mlsd(facts=["type"])):
        if facts["type"] == "dir":
            (folder / name).mkdir()
            ftp.cwd(name)
            download_tree(ftp, folder / name)
            ftp.cwd("..")
        elif facts["type"] == "file":
            (folder / name).write_bytes(read(ftp, name))
