"""Fixtures that several tests use."""

import random
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models

from fimble_train.data import tokenizer


@pytest.fixture
def encoder() -> Tokenizer:
    """A tokenizer with one token for every byte, so that tests do not depend on merges."""
    vocabulary = [*tokenizer.SPECIAL, *sorted(tokenizer.byte_alphabet())]
    encoder = tokenizer.byte_level(models.BPE({text: number for number, text in enumerate(vocabulary)}, []))
    encoder.add_special_tokens(tokenizer.SPECIAL)
    encoder.encode_special_tokens = True
    return encoder


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A repository of Python files that repeat one idiom with different names."""
    folder = tmp_path / "code"
    folder.mkdir()
    chance = random.Random(1)
    for number in range(24):
        names = ["".join(chance.choices("abcdefghiklmnoprstuvw", k=chance.randint(4, 9))) for _ in range(40)]
        functions = (
            f"def {name}({first}, {second}):\n    {third} = {first}.{name}({second})\n    return {third}\n\n\n"
            for name, first, second, third in zip(names[::4], names[1::4], names[2::4], names[3::4], strict=True)
        )
        (folder / f"file{number}.py").write_text("".join(functions))
    return folder
