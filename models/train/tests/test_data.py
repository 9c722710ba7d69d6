"""Licences, near-copies and the split of a repository."""

import subprocess
from pathlib import Path

import pytest
from samples import LIBRARY, PROGRAM

from fimble_train.data import repository
from fimble_train.data.filters import NearCopies
from fimble_train.data.licences import permissive


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT OR Apache-2.0", True),
        ("MIT/Apache-2.0", True),
        ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", True),
        ("(MIT OR GPL-3.0) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT AND GPL-3.0", False),
        ("MPL-2.0", False),
        ("", False),
    ],
)
def test_licences(expression: str, allowed: bool) -> None:
    assert permissive(expression) == allowed


def test_near_copies_are_seen() -> None:
    copies = NearCopies()
    assert not copies.seen(LIBRARY)
    assert not copies.seen(PROGRAM)
    assert copies.seen(LIBRARY.replace("i32", "i64"))


def test_a_repository_is_split_by_its_paths(code: Path) -> None:
    subprocess.run(["git", "init", "--quiet", code], check=True)
    (code / ".gitignore").write_text("file0.py\n")
    files = repository.read(code)
    parts = repository.split(files, 0.2)
    assert parts == repository.split(repository.read(code), 0.2)
    train, validation, test = ({file.path for file in part} for part in parts)
    assert train | validation | test == {f"file{number}.py" for number in range(1, 24)}
    assert len(train) + len(validation) + len(test) == 23
    assert len(train) > len(test) > len(validation) > 0
