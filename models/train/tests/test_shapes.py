"""Candidate shapes, their file, and the estimates."""

import pytest
from samples import SHAPE

from fimble_train.model.llama import Model
from fimble_train.shapes import candidates, estimate
from fimble_train.training import train


def test_shapes_are_counted_as_they_are_built() -> None:
    assert candidates.parameters(SHAPE) == train.parameters(Model(SHAPE))
    shapes = [candidate.shape for candidate in candidates.load().candidates]
    assert len({candidates.title(shape) for shape in shapes}) == len(shapes)


def test_the_file_of_shapes_is_what_the_command_writes() -> None:
    results = candidates.load()
    assert candidates.render(results) == candidates.FILE.read_text()
    assert all(list(candidate.figures) == list(candidates.NUMBERS) for candidate in results.candidates)


def test_tokens_in_time() -> None:
    assert estimate.tokens_in_time(first=10.0, decode=8.0) == 6
    assert estimate.tokens_in_time(first=50.0, decode=8.0) == 1
    assert estimate.tokens_in_time(first=50.1, decode=8.0) == 0


def test_the_exponent_gives_the_share_that_is_right() -> None:
    bits = [0.5, 3.0, 12.0]
    exponent = estimate.share_exponent(bits, 0.4)
    assert sum(2 ** (-exponent * needed) for needed in bits) / 3 == pytest.approx(0.4)
