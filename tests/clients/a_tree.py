"""A tree of 500 files goes up with `lftp mirror -R`, comes back with `mirror`, and is the same."""

import shutil
import unittest

from server import Server
from tree import difference, lftp, plant

ENCRYPTED = ["ftp:ssl-force true", "ftp:ssl-protect-data true", "ftp:ssl-protect-list true"]
PLAIN = ["ftp:ssl-allow false"]
ACTIVE = ["ftp:passive-mode false"]


class ATree(unittest.TestCase):
    """One server for all ways, one account for each."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(Server())
        cls.planted = plant(cls.server.folder / "planted")
        cls.passwords = {
            name: cls.server.account(name, allow_plain=name.startswith("plain"))
            for name in ("encrypted", "encrypted-active", "plain", "plain-active", "strict")
        }
        cls.server.start()

    def there_and_back(self, way: str, settings: list[str]) -> None:
        back = self.server.folder / f"{way}-back"
        self.addCleanup(shutil.rmtree, back, ignore_errors=True)

        self.lftp(way, settings, [f"mirror -R {self.planted} /tree"])
        self.lftp(way, settings, [f"mirror /tree {back}"])

        self.assertEqual(difference(self.planted, back), "")

    def lftp(self, name: str, settings: list[str], commands: list[str]) -> None:
        lftp(self.server.ports["ftp"], name, self.passwords[name], settings, commands)

    def test_over_tls(self) -> None:
        self.there_and_back("encrypted", ENCRYPTED)

    def test_over_tls_in_active_mode(self) -> None:
        self.there_and_back("encrypted-active", ENCRYPTED + ACTIVE)

    def test_over_plain_ftp_for_an_account_with_the_exception(self) -> None:
        self.there_and_back("plain", PLAIN)

    def test_over_plain_ftp_in_active_mode(self) -> None:
        self.there_and_back("plain-active", PLAIN + ACTIVE)

    def test_plain_ftp_is_refused_without_the_exception(self) -> None:
        with self.assertRaisesRegex(AssertionError, "530"):
            self.lftp("strict", PLAIN, ["ls"])
