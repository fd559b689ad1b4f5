"""The built binary, started as a user would start it: an empty data folder, ports that are free."""

import ftplib
import os
import random
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

READY_WITHIN_SECONDS = 60
# Ports that a server of this run has or had.
GIVEN: set[int] = set()


class Server:
    """A server to be started; a context manager that leaves nothing behind."""

    def __init__(self, *arguments: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="quaymaster-clients-"))
        self.binary = os.environ.get("QUAYMASTER_TEST_BINARY", "target/debug/quaymaster")
        self.arguments = arguments
        self.ports = {name: free_port() for name in ("ftp", "ftps", "web", "metrics")}
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("QUAYMASTER_")
        } | {
            "QUAYMASTER_DATA_DIR": str(self.folder / "data"),
            "QUAYMASTER_FTP_LISTEN": on_both_networks(self.ports["ftp"]),
            "QUAYMASTER_FTPS_LISTEN": on_both_networks(self.ports["ftps"]),
            "QUAYMASTER_WEB_LISTEN": f"127.0.0.1:{self.ports['web']}",
            "QUAYMASTER_METRICS_LISTEN": f"127.0.0.1:{self.ports['metrics']}",
            "QUAYMASTER_PASSIVE_PORTS": free_range(20),
        }
        self.log = self.folder / "log"
        self.process: subprocess.Popen | None = None
        self.passwords: dict[str, str] = {}
        self.homes: dict[str, Path] = {}

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Starts the server and waits until it answers. Accounts are best made before that: a
        running server may take a second to notice what the command line does.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", *self.arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start:\n{self.output()}")
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stops the server and waits until it is gone; `SIGKILL` gives it no time."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the server did not stop within 30 seconds") from None

    def answers(self) -> bool:
        """Whether the FTP port greets and the pages answer."""
        try:
            with socket.create_connection(("127.0.0.1", self.ports["ftp"]), timeout=5) as probe:
                greeted = probe.recv(3) == b"220"
            urllib.request.urlopen(self.url + "/", timeout=10).close()
        except urllib.error.HTTPError:
            return greeted
        except OSError:
            return False
        return greeted

    @property
    def certificate(self) -> Path:
        """What the server made for itself, and clients may trust."""
        return self.folder / "data" / "tls" / "cert.pem"

    @property
    def url(self) -> str:
        """Where the administration is."""
        return f"http://127.0.0.1:{self.ports['web']}"

    def output(self) -> str:
        """Everything that the server has printed."""
        return self.log.read_text(errors="replace")

    def run(self, *arguments: str, text: str = "") -> str:
        """Runs another command of the binary with the same settings."""
        done = subprocess.run(
            [self.binary, *arguments],
            capture_output=True,
            check=False,
            env=self.environment,
            input=text,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise AssertionError(f"{arguments} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def account(self, name: str, *, allow_plain: bool = False, quota: str = "") -> str:
        """Makes an account on the command line; its password, which needs no quoting anywhere."""
        password = secrets.token_hex(12)
        arguments = ["account", "create", name, "--customer", "Tests", "--password-stdin"]
        if allow_plain:
            arguments.append("--allow-plain")
        if quota:
            arguments += ["--quota", quota]
        self.run(*arguments, text=password + "\n")
        return password

    def used(self, name: str, password: str) -> tuple[int, int]:
        """Bytes and files of an account, as the service counts them."""
        with self.ftplib(name, password) as ftp:
            answer = ftp.sendcmd("SITE QUOTA")
        return (
            int(find(r"\bbytes used=(\d+)", answer)),
            int(find(r"\bfiles used=(\d+)", answer)),
        )

    def ftplib(self, name: str, password: str) -> ftplib.FTP_TLS:
        """A logged-in client with encrypted data connections."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        ftp = ftplib.FTP_TLS(context=context, encoding="utf-8", timeout=30)
        ftp.connect("127.0.0.1", self.ports["ftp"])
        ftp.login(name, password)
        ftp.prot_p()
        return ftp

    def wait_until(self, question: Callable[[], bool], seconds: float = 60) -> None:
        """Asks again and again until the answer is yes; fails when the time is over."""
        deadline = time.monotonic() + seconds
        while not question():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} seconds in vain; {self.output()}")
            time.sleep(0.02)

    def home(self, name: str) -> Path:
        """The folder on the disk that is the root of an account."""
        if name not in self.homes:
            with self.ftplib(name, self.passwords[name]):
                pass
            homes = list((self.folder / "data" / "files").glob(f"*/{name}-*"))
            if len(homes) != 1:
                raise AssertionError(f"{len(homes)} homes for {name}")
            self.homes[name] = homes[0]
        return self.homes[name]

    def files(self) -> list[Path]:
        """Every regular file in the homes, staged ones included; not the mark of the volume above them."""
        volume = self.folder / "data" / "files"
        return [path for home in volume.iterdir() if home.is_dir() for path in home.rglob("*") if path.is_file()]


def on_both_networks(port: int) -> str:
    """One port of both loopback addresses."""
    return f"127.0.0.1:{port},[::1]:{port}"


def free_port() -> int:
    """A port of both loopback addresses that nobody uses, below those that the system hands out to clients."""
    while True:
        port = random.randrange(30_000, 32_768)
        if port in GIVEN:
            continue
        with socket.socket() as ipv4, socket.socket(socket.AF_INET6) as ipv6:
            try:
                ipv4.bind(("127.0.0.1", port))
                ipv6.bind(("::1", port))
            except OSError:
                continue
        GIVEN.add(port)
        return port


def free_range(size: int) -> str:
    """A range of `size` ports, below those that the system hands out, that nobody listens on."""
    for first in range(20_000, 30_000, size):
        try:
            for port in range(first, first + size):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return f"{first}-{first + size - 1}"
    raise AssertionError("no free range of ports")


def find(pattern: str, text: str) -> str:
    """The first group of `pattern` in `text`; fails with the text if there is none."""
    found = re.search(pattern, text)
    if found is None:
        raise AssertionError(f"nothing like {pattern} in:\n{text}")
    return found.group(1)
