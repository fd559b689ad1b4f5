"""A tree of files as people have them, and lftp to move it."""

import random
import subprocess
from pathlib import Path

FILES = 500

NAMES = [
    "plain",
    "with space",
    " leading space",
    "größe",
    "日本語",
    "emoji 🚢",
    "e\u0301 decomposed",
    "quote'd \"twice\"",
    "semi;colon & ampersand",
    "percent%20encoded",
    "#hash",
    "[brackets]",
    "star * and question ?",
    "back\\slash",
    "-dash first",
    ".hidden",
    "~tilde",
    "$dollar",
    "UPPER lower",
    "a" * 200,
]


def plant(root: Path) -> Path:
    """Makes 500 files in 60 folders, eight levels deep at most; the same every time."""
    chance = random.Random(7)
    folders = [root]
    while len(folders) < 60:
        parent = chance.choice(folders)
        if len(parent.relative_to(root).parts) < 8:
            name = chance.choice(NAMES)[:40] + f" {len(folders)}"
            folders.append(parent / name)
    for folder in folders:
        folder.mkdir(parents=True)
    for number in range(FILES):
        folder = folders[number % len(folders)]
        size = [0, 1, 2, chance.randrange(20_000), chance.randrange(2_000)][number % 5]
        name = f"{NAMES[number % len(NAMES)]} {number}"
        (folder / name).write_bytes(chance.randbytes(size))
    (root / "one larger file.bin").write_bytes(chance.randbytes(3_000_000))
    return root


def lftp(port: int, name: str, password: str, settings: list[str], commands: list[str]) -> None:
    """Runs lftp; raises with its output if a command fails."""
    script = [
        "set cmd:fail-exit true",
        "set net:max-retries 2",
        "set net:timeout 20",
        "set net:reconnect-interval-base 1",
        "set ssl:verify-certificate false",
        "set ftp:use-feat true",
        "set mirror:parallel-transfer-count 2",
        *(f"set {setting}" for setting in settings),
        f"open -u {name},{password} ftp://127.0.0.1:{port}",
        *commands,
        "bye",
    ]
    done = subprocess.run(
        ["lftp", "-c", "; ".join(script)],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        raise AssertionError(f"lftp ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")


def difference(left: Path, right: Path) -> str:
    """What `diff -r` says; nothing if the trees are equal."""
    done = subprocess.run(
        ["diff", "-r", left, right], capture_output=True, check=False, text=True
    )
    return done.stdout + done.stderr
