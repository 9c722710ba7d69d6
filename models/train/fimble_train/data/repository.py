"""The Rust and Python files of a repository, split into three parts by their paths."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fimble_train.data.filters import NearCopies, normalised, refusal
from fimble_train.data.splits import Source

LANGUAGES = {".rs": "rust", ".py": "python"}


def split(files: list[Source], held_out: float) -> tuple[list[Source], list[Source], list[Source]]:
    """Files for training, validation and test. The test part is the share `held_out`, the validation part half of it."""
    train: list[Source] = []
    validation: list[Source] = []
    test: list[Source] = []
    total, before = sum(len(file.text) for file in files), 0
    for file in files:
        share = before / total
        (test if share < held_out else validation if share < 1.5 * held_out else train).append(file)
        before += len(file.text)
    return train, validation, test


def read(repository: Path) -> list[Source]:
    """The files that pass the filters, without near-copies. Licences are not checked."""
    name = repository.resolve().name
    copies = NearCopies()
    files = []
    # Files are ordered by the hash of their path, so a file keeps its place when other files come and go. Held-out files
    # come first: the training part loses a near-copy, as in collect.py.
    for path in sorted(paths(repository), key=lambda path: hashlib.sha256(path.encode()).digest()):
        text = normalised((repository / path).read_bytes())
        if not refusal(path, text) and not copies.seen(text):
            files.append(Source(name, LANGUAGES[Path(path).suffix], path, text))
    return files


def paths(repository: Path) -> Iterator[str]:
    """The files of a git checkout that git does not ignore; in any other folder, those neither hidden nor in `target`."""
    command = ["git", "-C", str(repository), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=False)
    found = {Path(name.decode(errors="surrogateescape")) for name in listed.stdout.split(b"\0") if name}
    if not found:
        found = {path.relative_to(repository) for path in repository.rglob("*")}
        found = {path for path in found if not any(part.startswith(".") or part == "target" for part in path.parts)}
    for path in found:
        whole = repository / path
        if path.suffix in LANGUAGES and whole.is_file() and not whole.is_symlink():
            yield path.as_posix()
