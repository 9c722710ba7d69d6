"""Large files survive a transfer in parts."""

import random
from pathlib import Path

import pytest

from fimble_train.model import transfer


def test_large_files_survive_in_parts(tmp_path: Path) -> None:
    file = tmp_path / "train.xz"
    file.write_bytes(random.Random(0).randbytes(3 * 2**20 + 5))
    transfer.split(file, tmp_path / "parts", 1)
    assert len(list((tmp_path / "parts").iterdir())) == 5
    transfer.join(tmp_path / "parts", tmp_path / "there" / "train.xz")
    assert (tmp_path / "there" / "train.xz").read_bytes() == file.read_bytes()
    (tmp_path / "parts" / "train.xz.001").unlink()
    with pytest.raises(SystemExit):
        transfer.join(tmp_path / "parts", file)
