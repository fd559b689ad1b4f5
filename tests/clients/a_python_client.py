"""Python's ftplib: what a script of a customer does on an ordinary day."""

import ftplib
import io
import unittest

from server import Server


class APythonClient(unittest.TestCase):
    """One server and one account; each test has a folder of its own."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(Server())
        cls.password = cls.server.account("script")
        cls.server.start()

    def setUp(self) -> None:
        self.ftp = self.enterContext(self.server.ftplib("script", self.password))
        self.ftp.mkd(self.id())
        self.ftp.cwd(self.id())

    def store(self, name: str, data: bytes, **options: int) -> None:
        self.ftp.storbinary(f"STOR {name}", io.BytesIO(data), **options)

    def read(self, name: str, **options: int) -> bytes:
        parts: list[bytes] = []
        self.ftp.retrbinary(f"RETR {name}", parts.append, **options)
        return b"".join(parts)

    def test_reads_back_what_it_wrote(self) -> None:
        data = bytes(range(256)) * 1_000

        self.store("all bytes", data)

        self.assertEqual(self.read("all bytes"), data)
        self.assertEqual(self.ftp.size("all bytes"), len(data))

    def test_resumes_in_both_directions(self) -> None:
        self.store("part", b"0123")

        self.store("part", b"456789", rest=4)

        self.assertEqual(self.read("part"), b"0123456789")
        self.assertEqual(self.read("part", rest=7), b"789")

    def test_lists_with_mlsd_and_list_and_nlst(self) -> None:
        self.store("größe.txt", b"12345")
        self.ftp.mkd("folder")

        facts = dict(self.ftp.mlsd(facts=["type", "size", "modify"]))
        lines: list[str] = []
        self.ftp.retrlines("LIST", lines.append)

        self.assertEqual(facts["größe.txt"]["size"], "5")
        self.assertEqual(facts["folder"]["type"], "dir")
        self.assertEqual(sorted(self.ftp.nlst()), ["folder", "größe.txt"])
        self.assertTrue(any(line.endswith(" größe.txt") for line in lines), lines)

    def test_renames_and_deletes(self) -> None:
        self.store("old", b"x")

        self.ftp.rename("old", "new")
        self.assertEqual(self.ftp.nlst(), ["new"])

        self.ftp.delete("new")
        self.assertEqual(self.ftp.nlst(), [])

    def test_converts_line_ends_in_text_mode(self) -> None:
        self.ftp.storlines("STOR text", io.BytesIO(b"one\ntwo\n"))

        lines: list[str] = []
        self.ftp.retrlines("RETR text", lines.append)

        self.assertEqual(lines, ["one", "two"])
        self.assertEqual(self.read("text"), b"one\ntwo\n")

    def test_hears_a_refusal_and_goes_on(self) -> None:
        with self.assertRaisesRegex(ftplib.error_perm, "^550 "):
            self.read("missing")

        self.store("there", b"x")
        self.assertEqual(self.read("there"), b"x")
