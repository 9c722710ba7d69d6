"""Spans stay inside their lines."""

import random

import pytest
from samples import LIBRARY

from fimble_train.data import spans


@pytest.mark.parametrize("kind", spans.KINDS)
def test_spans_lie_in_their_lines(kind: str) -> None:
    lines = spans.LINES.findall(LIBRARY)
    assert "".join(lines) == LIBRARY
    chance = random.Random(1)
    found = [span for at in range(len(lines)) if (span := spans.KINDS[kind](lines, at, chance))]
    assert found
    for span in found:
        middle = span.middle(lines)
        assert 0 <= span.typed < len(middle)
        assert not middle.endswith("\n")
