"""The table of n-grams, its file and its mixture with the model."""

import math
from pathlib import Path

import numpy as np
import pytest

from fimble_train.data import tokenizer
from fimble_train.data.tape import Tape
from fimble_train.data.tokenizer import END, MIDDLE, PREFIX, SUFFIX
from fimble_train.ngrams import file, mixture
from fimble_train.ngrams.counting import count
from fimble_train.ngrams.gate import Gate
from fimble_train.ngrams.table import Table, hashed


def test_a_table_of_ngrams_is_read_back_and_says_what_followed(tmp_path: Path) -> None:
    """Two packages share one sequence. The sequence that only one of them contains is not learned."""
    same, other = [10, 11, 12, 13, 14, 15], [20, 21, 22, 23, 24, 25]
    tokens = [*same, *other, *same]
    tape = Tape(np.array(tokens, np.uint16), np.array([0, 12, 18]), np.array([0, 1], np.int32), ["a", "b"], ["one", "two"])
    table = count(tape, 100)
    gate = Gate.zero()
    file.write(tmp_path / "model.ngrams", table, gate, 64)
    for known, weights in [(table, gate), file.read(tmp_path / "model.ngrams")]:
        assert weights == gate
        said, length = known.guess([9, 10, 11])
        assert (list(said), length) == ([12], 2)
        assert known.guess([20, 21]) == ({}, 0)


def test_what_a_long_context_leaves_open_is_a_shorter_one_s_to_say() -> None:
    states = [hashed(hashed(0, 11), 10), hashed(hashed(hashed(0, 11), 10), 9)]
    entries = sorted([(states[0], 12, 204), (states[0], 13, 51), (states[1], 12, 102)])
    hashes, followers, shares = zip(*entries, strict=True)
    whole = np.array([state >> 32 << 32 for state in hashes], np.uint64)
    table = Table(whole, np.array(followers, np.uint16), np.array(shares, np.uint8))
    said, length = table.guess([9, 10, 11])
    assert length == 3
    assert said == pytest.approx({12: 0.4, 13: 0.6 * 0.2})


def test_what_is_repeated_in_a_prompt_is_gone_on_with() -> None:
    first, second = len(tokenizer.SPECIAL), len(tokenizer.SPECIAL) + 1
    row = [PREFIX, first, second, first, 30, 31, SUFFIX, 40, first, second, MIDDLE, 30, 31, first]
    sources, history = mixture.segments(row)
    assert history == [first, second, first, 30, 31, 30, 31, first]
    said, length = mixture.repeated(sources, history)
    assert (max(said, key=lambda token: said[token]), length) == (second, 1)
    assert math.isclose(sum(said.values()), 1)


def test_a_row_of_the_gate_is_between_two_of_them() -> None:
    assert Gate.model_row(0.0) == (0, 0.0)
    assert Gate.model_row(1.0) == (len(Gate.MODEL) - 2, 1.0)
    below, further = Gate.model_row(0.7)
    assert (below, round(further, 6)) == (3, 0.5)


def test_a_line_s_end_is_shared_with_the_answer_s() -> None:
    assert mixture.line_ends([b"", b"\n", b";\n", b";", b"x", b"?\n"]) == [0, END, 3, 3, 4, 5]
