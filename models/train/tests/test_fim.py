"""Training rows have the format of the server's prompt."""

import numpy as np
import pytest
import torch
from samples import LIBRARY, PROGRAM
from tokenizers import Tokenizer

from fimble_train.data import fim
from fimble_train.data.tape import Tape
from fimble_train.data.tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX
from fimble_train.settings import Rows

ROWS = Rows(256, line=1, block=1, word=1, typed_lines=0.5, closers=0.5, fragments=0.5, repository=0.5, middle_weight=1)


@pytest.fixture
def blocks(encoder: Tokenizer) -> fim.Blocks:
    encoded = [encoder.encode(text).ids for text in (LIBRARY * 3, PROGRAM * 3)]
    starts = np.cumsum([0, *map(len, encoded)])
    tape = Tape(np.concatenate(encoded).astype(np.uint16), starts, np.zeros(2, np.int32), ["lib.rs", "main.rs"], ["shapes"])
    return fim.Blocks(ROWS, 1, tape, encoder)


def test_rows_are_the_servers_prompt(encoder: Tokenizer, blocks: fim.Blocks) -> None:
    """Prefix, middle and suffix join to a stretch of a file, and the prompt is pinned at a line start."""

    def text(tokens: list[int]) -> str:
        return encoder.decode(tokens, skip_special_tokens=False)

    rows = 0
    for number in range(400):
        tokens, roles = (part.tolist() for part in blocks[number])
        assert len(tokens) == len(roles) == ROWS.context + 1
        while PREFIX in tokens and END in tokens[tokens.index(PREFIX) :]:
            start = tokens.index(PREFIX)
            suffix, middle, end = (tokens.index(token, start) for token in (SUFFIX, MIDDLE, END))
            before, after, written = tokens[start + 1 : suffix], tokens[suffix + 1 : middle], tokens[middle + 1 : end]
            assert text(before + written + after) in LIBRARY * 3 + PROGRAM * 3
            assert not before or text(before).endswith("\n")
            assert set(roles[middle + 1 : end + 1]) == {fim.WRITTEN}
            if REPOSITORY in tokens[:start]:
                others = text(tokens[tokens.index(REPOSITORY) : start])
                assert others.startswith("<|repo_name|>shapes\n<|file_sep|>")
                assert others.endswith(("\n<|file_sep|>lib.rs\n", "\n<|file_sep|>main.rs\n"))
                assert tokens[:start].count(FILE) == 2
            tokens, roles = tokens[end + 1 :], roles[end + 1 :]
            rows += 1
    assert rows > 400


def test_blocks_depend_on_their_number_alone(blocks: fim.Blocks) -> None:
    first, _ = blocks[3]
    blocks[blocks.per_epoch + 3]
    assert torch.equal(blocks[3][0], first)
