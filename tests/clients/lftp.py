"""lftp: trees there and back in every mode, parallel and in pieces, resumed, aborted, refused."""

import os
import pty
import select
import signal
import subprocess
import time

from case import ACCOUNT, CHECK_SECONDS, FOLDER, NAME, ClientCase
from modes import (
    ACTIVE_V4,
    ACTIVE_V6,
    BOTH,
    PASSIVE_V4,
    PASSIVE_V6,
    PLAIN_V4,
    TLS_V4,
    Mode,
    in_modes,
    modes,
)
from tree import plant

MODES = modes(plain=BOTH, explicit=BOTH, implicit=BOTH)
# Trees, in fewer ways than the small things.
TREE_MODES = modes(plain=PASSIVE_V4 + ACTIVE_V6, explicit=PASSIVE_V6 + ACTIVE_V4, implicit=PASSIVE_V4)

SETTINGS = [
    "ssl:check-hostname false",
    "net:max-retries 2",
    "net:timeout 20",
    "net:reconnect-interval-base 1",
    "ftp:use-feat true",
    "mirror:parallel-transfer-count 2",
]


def settings(mode: Mode) -> list[str]:
    """What lftp is told about a mode."""
    encrypted = str(mode.tls != "plain").lower()
    return [
        *SETTINGS,
        f"ftp:ssl-allow {encrypted}",
        f"ftp:ssl-force {encrypted}",
        f"ftp:ssl-protect-data {encrypted}",
        f"ftp:ssl-protect-list {encrypted}",
        f"ftp:passive-mode {str(mode.data == 'passive').lower()}",
        f"ftp:prefer-epsv {str(':' in mode.host).lower()}",
    ]


class Lftp(ClientCase):
    """Every check is a script of lftp's own commands."""

    program = "lftp"

    def script(self, mode: Mode, commands: list[str], account: str = ACCOUNT) -> list[str]:
        scheme = "ftps" if mode.tls == "implicit" else "ftp"
        password = self.server.passwords[account]
        place = self.path if account == ACCOUNT else ""
        return [
            *(f"set {setting}" for setting in settings(mode)),
            f"set ssl:ca-file {self.server.certificate}",
            f"open -u {account},{password} {scheme}://{mode.bracketed}:{self.port(mode)}{place}",
            *commands,
        ]

    def lftp(self, mode: Mode, *commands: str, account: str = ACCOUNT) -> str:
        script = ["set cmd:fail-exit true", *self.script(mode, [*commands, "bye"], account)]
        return self.run_client(["lftp", "--norc", "-c", "; ".join(script)])

    # INT-02
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        whole = self.some_bytes()
        (self.local / "half").write_bytes(whole.read_bytes()[:100_000])
        there = self.remote / FOLDER / NAME

        self.lftp(
            mode,
            f"mkdir '{FOLDER}'",
            f"cd '{FOLDER}'",
            f"put half -o '{NAME}'",
            f"put -c '{NAME}'",
            f"get -c '{NAME}' -o half",
        )
        self.assert_same(there, whole)
        self.assert_same(self.local / "half", whole)

        names = self.lftp(mode, f"cd '{FOLDER}'", f"mv '{NAME}' 'new name'", "cls -1", "ls")
        self.assertIn("\nnew name\n", f"\n{names}")
        self.assertRegex(names, r"300000 .* new name")
        self.lftp(mode, f"rm -r '{FOLDER}'")
        self.assertEqual(list(self.remote.iterdir()), [])

    # INT-02
    @in_modes(TREE_MODES)
    def test_mirrors_a_tree_there_and_back(self, mode: Mode) -> None:
        planted = plant(self.local / "planted", files=500 if mode.tls == "plain" else 150)
        back = self.local / "back"

        self.lftp(mode, f"mirror -R {planted} tree", f"mirror tree {back}")

        self.assert_same(self.remote / "tree", planted)
        self.assert_same(back, planted)

    # INT-02
    def test_mirrors_on_four_connections_at_once(self) -> None:
        planted = plant(self.local / "planted", files=200)

        self.lftp(TLS_V4, f"mirror -R --parallel=4 {planted} tree", "mirror --parallel=4 tree back")

        self.assert_same(self.local / "back", planted)

    # INT-02
    def test_finds_nothing_to_do_when_a_tree_is_mirrored_again(self) -> None:
        planted = plant(self.local / "planted", files=60)
        self.lftp(TLS_V4, f"mirror -R {planted} tree")

        said = self.lftp(TLS_V4, f"mirror -R --verbose {planted} tree", f"mirror -v tree {planted}")

        self.assertNotIn("Transferring", said)

    # INT-02
    def test_fetches_a_file_in_four_pieces(self) -> None:
        file = self.some_bytes("large", size=5_000_000)
        self.lftp(TLS_V4, f"put {file}")

        self.lftp(TLS_V4, "pget -n 4 large -o back")

        self.assert_same(self.local / "back", file)

    # INT-02
    def test_moves_a_thousand_files_there_and_back_on_one_connection(self) -> None:
        many = self.many_files()

        self.lftp(
            PLAIN_V4,
            "set mirror:parallel-transfer-count 1",
            "set net:connection-limit 1",
            f"mirror -R {many} many",
            f"mirror many {self.local / 'back'}",
        )

        self.assert_same(self.local / "back", many)

    # INT-02
    @in_modes([PLAIN_V4, TLS_V4])
    def test_aborts_a_download_on_control_C_and_goes_on(self, mode: Mode) -> None:
        # More than what fits into the sockets' buffers.
        self.lftp(mode, f"put {self.some_bytes('large', size=24_000_000)}")

        with Terminal(["lftp", "--norc"], self.local) as lftp:
            for line in self.script(mode, ["debug 9", "set net:limit-rate 50000", "cd ."]):
                lftp.type(f"{line}\n")
            lftp.type("get large -o part\n")
            lftp.wait_for("<--- 150 ")
            lftp.type("\x03")
            lftp.wait_for("Interrupt")
            lftp.type("cls -1; echo 'still' 'here'\n")
            lftp.wait_for("still here")
            lftp.type("bye\n")
            said = lftp.ended()

        self.assertIn("---> ABOR", said)
        # 522 if the key was faster than the TLS handshake of the data connection.
        # Between the replies lftp may draw its prompt once more.
        self.assertRegex(said, r"<--- (426|522) [^\n]*\n([^\n]*\r)?<--- 226 ABOR successful\.")
        self.assertNotIn("reply missed", said)
        self.assertIn("\nlarge\n", said)

    # INT-02
    def test_is_refused_in_the_clear_without_an_exception(self) -> None:
        with self.assertRaisesRegex(AssertionError, "530"):
            self.lftp(PLAIN_V4, "ls", account="strict")


class Terminal:
    """A program at a terminal, where a control character is a key."""

    def __init__(self, arguments: list[str], folder: object) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=os.environ | {"HOME": str(folder), "TERM": "dumb", "LC_ALL": "C.UTF-8"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        os.close(slave)
        self.said = ""
        self.deadline = time.monotonic() + CHECK_SECONDS / 2

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def wait_for(self, text: str) -> None:
        """Reads until `text` has been said."""
        while text not in self.said:
            if not self.read():
                raise AssertionError(f"never said {text!r}:\n{self.said}")

    def ended(self) -> str:
        """Everything that was said until the program ended."""
        while self.read():
            pass
        return self.said

    def read(self) -> bool:
        """Reads something; false when there is nothing more to come."""
        ready, _, _ = select.select([self.master], [], [], max(0, self.deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"silent for too long:\n{self.said}")
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            return False
        self.said += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


