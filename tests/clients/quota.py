"""Two clients fill one account: what fits is stored, the rest is refused, the numbers equal the disk."""

import ftplib
import io
import signal
import threading
import unittest

from server import Server

FILES = 50
FILE_BYTES = 200_000
ROOM = 30


class Quota(unittest.TestCase):
    """Each test has a server of its own, because one of them kills it."""

    def setUp(self) -> None:
        self.server = self.enterContext(Server())
        self.password = self.server.account("pool", quota=str(ROOM * FILE_BYTES))
        self.server.start()

    def connect(self) -> ftplib.FTP_TLS:
        return self.server.ftplib("pool", self.password)

    def upload(self, prefix: str, answers: list[str]) -> None:
        """Uploads the files that `prefix` is responsible for and notes the reply code of each."""
        try:
            with self.connect() as ftp:
                for number in range(FILES // 2):
                    answers.append(store(ftp, f"{prefix}{number}"))
        except (OSError, EOFError, ftplib.Error):
            answers.append("gone")

    def both_upload(self, while_they_do: object = None) -> list[str]:
        answers: list[str] = []
        clients = [
            threading.Thread(target=self.upload, args=(prefix, answers)) for prefix in "ab"
        ]
        for client in clients:
            client.start()
        if callable(while_they_do):
            while_they_do(answers)
        for client in clients:
            client.join(timeout=120)
        return answers

    def assert_numbers_equal_the_disk(self) -> None:
        files = self.server.files()
        on_disk = sum(path.stat().st_size for path in files)
        self.assertEqual(self.server.used("pool", self.password), (on_disk, len(files)))

    def test_takes_exactly_what_fits_from_two_clients(self) -> None:
        answers = self.both_upload()

        self.assertEqual((answers.count("226"), answers.count("552")), (ROOM, FILES - ROOM))
        self.assertEqual(len(self.server.files()), ROOM)
        self.assert_numbers_equal_the_disk()

    def test_is_exact_after_a_kill_in_the_middle_and_a_restart(self) -> None:
        def kill(answers: list[str]) -> None:
            self.server.wait_until(lambda: answers.count("226") >= 10)
            self.server.stop(signal.SIGKILL)

        self.both_upload(kill)
        self.server.start()
        answers = self.both_upload()

        self.assertEqual(set(answers), {"226", "552"})
        with self.connect() as ftp:
            names = ftp.nlst()
        self.assertLessEqual(len(names), ROOM)
        self.assertEqual([name for name in names if name.startswith(".fx~")], [])
        self.server.wait_until(lambda: len(self.server.files()) == len(names))
        self.assert_numbers_equal_the_disk()


def store(ftp: ftplib.FTP_TLS, name: str) -> str:
    """Uploads one file; the reply code that ended it."""
    try:
        return ftp.storbinary(f"STOR {name}", io.BytesIO(b"x" * FILE_BYTES))[:3]
    except ftplib.error_perm as refused:
        return str(refused)[:3]
