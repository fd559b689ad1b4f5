"""A tree of files as people have them, and how two of them differ."""

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


def plant(root: Path, files: int = FILES) -> Path:
    """Makes that many files in 60 folders, eight levels deep at most; the same every time."""
    chance = random.Random(7)
    folders = [root]
    while len(folders) < 60:
        parent = chance.choice(folders)
        if len(parent.relative_to(root).parts) < 8:
            name = chance.choice(NAMES)[:40] + f" {len(folders)}"
            folders.append(parent / name)
    for folder in folders:
        folder.mkdir(parents=True)
    for number in range(files):
        folder = folders[number % len(folders)]
        size = [0, 1, 2, chance.randrange(20_000), chance.randrange(2_000)][number % 5]
        name = f"{NAMES[number % len(NAMES)]} {number}"
        (folder / name).write_bytes(chance.randbytes(size))
    (root / "one larger file.bin").write_bytes(chance.randbytes(3_000_000))
    return root


def difference(left: Path, right: Path) -> str:
    """What `diff -r` says; nothing if the trees are equal."""
    done = subprocess.run(
        ["diff", "-r", left, right], capture_output=True, check=False, text=True
    )
    return done.stdout + done.stderr
