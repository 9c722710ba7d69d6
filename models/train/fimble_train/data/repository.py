"""One's own code: the Rust and Python files of a repository, in three parts that depend on the files' paths alone."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import data
from data import Source

LANGUAGES = {".rs": "rust", ".py": "python"}


def split(files: list[Source], held_out: float) -> tuple[list[Source], list[Source], list[Source]]:
    """Files to learn from, to stop by and to measure on: the last are the share `held_out`, the second half as much."""
    train, validation, test = [], [], []
    total, before = sum(len(file.text) for file in files), 0
    for file in files:
        share = before / total
        (test if share < held_out else validation if share < 1.5 * held_out else train).append(file)
        before += len(file.text)
    return train, validation, test


def read(repository: Path) -> list[Source]:
    """The files that teach something, near-copies once; no licence is asked for."""
    name = repository.resolve().name
    copies = data.NearCopies()
    files = []
    # By the hash of a path a file keeps its place while others come and go, and held-out files come first, as in data.py.
    for path in sorted(paths(repository), key=lambda path: hashlib.sha256(path.encode()).digest()):
        text = data.normalised((repository / path).read_bytes())
        if not data.refusal(path, text) and not copies.seen(text):
            files.append(Source(name, LANGUAGES[Path(path).suffix], path, text))
    return files


def paths(repository: Path) -> Iterator[str]:
    """Of a git checkout what it does not ignore, of any other folder what is neither hidden nor built."""
    command = ["git", "-C", repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=False)
    found = {Path(name.decode(errors="surrogateescape")) for name in listed.stdout.split(b"\0") if name}
    if not found:
        found = {path.relative_to(repository) for path in repository.rglob("*")}
        found = {path for path in found if not any(part.startswith(".") or part == "target" for part in path.parts)}
    for path in found:
        whole = repository / path
        if path.suffix in LANGUAGES and whole.is_file() and not whole.is_symlink():
            yield path.as_posix()
