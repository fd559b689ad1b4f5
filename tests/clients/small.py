"""Small and old clients: wget, ncftp, tnftp and busybox."""

from urllib.parse import quote

from case import ACCOUNT, FOLDER, NAME, ClientCase
from modes import ACTIVE_V4, BOTH, PASSIVE, PASSIVE_V4, Mode, in_modes, modes
from tree import plant


class Wget(ClientCase):
    """It downloads only."""

    program = "wget"

    MODES = modes(plain=BOTH, explicit=BOTH, implicit=BOTH)

    def wget(self, mode: Mode, path: str, *arguments: str) -> str:
        scheme = "ftp" if mode.tls == "plain" else "ftps"
        options = {"implicit": ["--ftps-implicit"]}.get(mode.tls, [])
        if mode.data == "active":
            options = [*options, "--no-passive-ftp"]
        return self.run_client(
            [
                "wget",
                "--no-config",
                "--no-verbose",
                "--tries=1",
                "--timeout=20",
                f"--ca-certificate={self.server.certificate}",
                "--no-check-certificate",
                f"--ftp-user={ACCOUNT}",
                f"--ftp-password={self.password}",
                *options,
                *arguments,
                f"{scheme}://{mode.bracketed}:{self.port(mode)}{quote(self.path)}/{quote(path)}",
            ]
        )

    # INT-17
    @in_modes(MODES)
    def test_downloads_and_resumes(self, mode: Mode) -> None:
        file = self.some_bytes()
        (self.remote / NAME).write_bytes(file.read_bytes())
        file.write_bytes(file.read_bytes()[:100_000])

        self.wget(mode, NAME, "--continue")

        self.assert_same(file, self.remote / NAME)

    # INT-17
    @in_modes([MODES[0], MODES[7], MODES[-4]])
    def test_fetches_a_whole_tree(self, mode: Mode) -> None:
        # Not more: for a name with a wildcard or a percent sign it asks for another one.
        for path in ("one", "with space/größe", "with space/a/b/日本語", "with space/a/c/-dash"):
            (self.remote / path).parent.mkdir(parents=True, exist_ok=True)
            (self.remote / path).write_bytes(path.encode() * 1_000)

        self.wget(mode, "", "-r", "-nH", "--cut-dirs=1", "--no-parent", "-P", "back")

        self.assert_same(self.local / "back", self.remote)


class Ncftp(ClientCase):
    """Its three programs know no TLS."""

    program = "ncftpput"

    # No IPv6.
    MODES = modes(plain=PASSIVE_V4 + ACTIVE_V4, explicit=None, implicit=None)

    def ncftp(self, program: str, mode: Mode, *arguments: object, text: str = "") -> str:
        login = ["-u", ACCOUNT, "-p", self.password, "-P", self.port(mode)]
        way = "-F" if mode.data == "passive" else "-E"
        if program == "ncftp":
            arguments = (mode.host,)
            text = f"set passive {'on' if mode.data == 'passive' else 'off'}\n{text}"
        else:
            options = [argument for argument in arguments if argument in ("-R", "-z")]
            login = [*login, way, "-V", *options]
            arguments = (mode.host, *arguments[len(options) :])
        return self.run_client([program, *login, *arguments], text=text)

    # INT-17
    @in_modes(MODES)
    def test_mirrors_a_tree_there_and_back(self, mode: Mode) -> None:
        planted = plant(self.local / "planted", files=120)

        self.ncftp("ncftpput", mode, "-R", self.path, planted)
        (self.local / "back").mkdir()
        self.ncftp("ncftpget", mode, "-R", self.local / "back", f"{self.path}/planted")

        self.assert_same(self.remote / "planted", planted)
        self.assert_same(self.local / "back" / "planted", planted)

    # INT-17
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        """It resumes downloads; told to resume an upload, 3.2.6 sends the whole file once more."""
        file = self.some_bytes()
        whole = file.read_bytes()

        self.ncftp("ncftpput", mode, self.path, file)
        self.assert_same(self.remote / NAME, file)
        file.write_bytes(whole[:100_000])
        self.ncftp("ncftpget", mode, "-z", ".", f"{self.path}/{NAME}")
        self.assertEqual(file.read_bytes(), whole)

        commands = [
            f'cd "{self.path}"',
            f'mkdir "{FOLDER}"',
            f'rename "{NAME}" "new name"',
            "ls",
            'rm "new name"',
            f'rmdir "{FOLDER}"',
        ]
        said = self.ncftp("ncftp", mode, text="\n".join(commands) + "\n")
        self.assertIn("new name", said)
        self.assertEqual(list(self.remote.iterdir()), [])


class Tnftp(ClientCase):
    """The BSD client, which knows no TLS."""

    program = "tnftp"

    MODES = modes(plain=BOTH, explicit=None, implicit=None)

    def tnftp(self, mode: Mode, *commands: str) -> str:
        way = "-p" if mode.data == "passive" else "-A"
        script = [
            f"open {mode.host} {self.port(mode)}",
            f"user {ACCOUNT} {self.password}",
            "binary",
            f"cd {self.path}",
            *commands,
            "quit",
        ]
        return self.run_client(["tnftp", "-n", "-v", "-i", way], text="\n".join(script) + "\n")

    # INT-17
    @in_modes(MODES)
    def test_uploads_resumes_renames_lists_downloads_and_deletes(self, mode: Mode) -> None:
        file = self.some_bytes()
        data = file.read_bytes()
        (self.local / "half").write_bytes(data[:100_000])
        (self.local / "rest").write_bytes(data[100_000:])

        said = self.tnftp(
            mode,
            f'mkdir "{FOLDER}"',
            f'cd "{FOLDER}"',
            f'put half "{NAME}"',
            f'append rest "{NAME}"',
            f'reget "{NAME}" half',
            f'rename "{NAME}" "new name"',
            "ls",
            'get "new name" back',
            'delete "new name"',
            "cd ..",
            f'rmdir "{FOLDER}"',
        )

        self.assertEqual((self.local / "half").read_bytes(), data, said)
        self.assertEqual((self.local / "back").read_bytes(), data, said)
        self.assertRegex(said, rf"{len(data)} .* new name")
        self.assertEqual(list(self.remote.iterdir()), [], said)

    # INT-17
    @in_modes(MODES[::3])
    def test_moves_many_files_there_and_back_on_one_connection(self, mode: Mode) -> None:
        many = self.many_files(100)

        said = self.tnftp(
            mode, "lcd many", 'mput "file *"', "lcd ..", "!mkdir back", "lcd back", 'mget "file *"'
        )

        self.assertEqual(said.count("230 Login"), 1)
        self.assert_same(self.remote, many)
        self.assert_same(self.local / "back", many)


class Busybox(ClientCase):
    """Its two programs know neither TLS nor active mode."""

    program = "busybox"

    MODES = modes(plain=PASSIVE, explicit=None, implicit=None)

    def busybox(self, program: str, mode: Mode, *arguments: str) -> str:
        login = ["-u", ACCOUNT, "-p", self.password, "-P", self.port(mode)]
        options = [argument for argument in arguments if argument.startswith("-")]
        names = [argument for argument in arguments if not argument.startswith("-")]
        return self.run_client(["busybox", program, *login, *options, mode.host, *names])

    # INT-17
    @in_modes(MODES)
    def test_uploads_downloads_and_resumes(self, mode: Mode) -> None:
        file = self.some_bytes()

        self.busybox("ftpput", mode, f"{self.path}/{NAME}", NAME)
        self.assert_same(self.remote / NAME, file)
        (self.local / "half").write_bytes(file.read_bytes()[:100_000])
        self.busybox("ftpget", mode, "-c", "half", f"{self.path}/{NAME}")

        self.assert_same(self.local / "half", file)
