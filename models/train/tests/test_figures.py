"""The pictures and tables of the model card."""

import re

import pytest

from fimble_train.figures import confidence, learning_curve, svg


def test_a_curve_is_drawn_from_the_latest_rows() -> None:
    rows = [
        {"step": 2.0, "tokens": 2e6, "held_out": 9.0, "middle": 9.0},
        {"step": 1.0, "tokens": 1e6, "held_out": 5.0, "middle": 4.5},
        {"step": 2.0, "tokens": 2e6, "held_out": 4.0, "middle": 3.98},
    ]
    drawn = learning_curve.drawn(rows)
    assert "4.00</text>" in drawn
    assert "9.00" not in drawn
    heights = [float(y) for y in re.findall(r'<text x="578.0" y="([\d.]+)"', drawn)]
    assert heights[1] - heights[0] >= svg.LINE


def test_what_is_surer_is_counted_apart() -> None:
    sure, unsure = confidence.Answer(0.95, True), [confidence.Answer(0.15, False), confidence.Answer(0.15, True)]
    answers = [sure] * 20 + unsure * 10
    points = confidence.shares(answers)
    assert [sure for sure, _ in points] == pytest.approx([0.15, 0.95])
    assert [right for _, right in points] == [0.5, 1.0]
    rows = confidence.table(answers).splitlines()[2:]
    assert rows[0] == "| 0 | 100 % | 75.0 % | 100 % |"
    assert rows[1] == "| 20, the default | 50 % | 100.0 % | 67 % |"
    assert confidence.drawn(points).count("<circle") == 2
