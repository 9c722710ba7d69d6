"""Shows how often a model is right when it is confident: a table and a picture for its card.

    fimble eval CASES... --each | python -m fimble_train confidence ../embedded/confidence.svg

CASES are the single-line and mid-word files of tests/quality. Confidence is the mean probability of an answer's tokens,
as in the setting `min_confidence`.
"""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from fimble_train.evaluation.cases import answered
from fimble_train.figures.svg import LINE, Scale, picture, text

SIZE, MARGIN = 420, 60
THRESHOLDS = (0, 20, 30, 40, 50, 60, 70)  # per cent
DEFAULT = 20
BINS = 10
FEWEST = 20  # answers; a bin with fewer is not drawn


@dataclass(frozen=True)
class Answer:
    confidence: float  # between 0 and 1
    right: bool


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("picture", type=Path, metavar="SVG", help="the file to write")


def main(options: Namespace) -> None:
    cases = list(answered(sys.stdin))
    answers = [Answer(case["confidence"], case["exact"]) for case in cases if case["answer"]]
    print(f"{len(cases):,} cases, {len(answers):,} with an answer\n")
    print(table(answers))
    options.picture.write_text(drawn(shares(answers)))


def table(answers: list[Answer]) -> str:
    """The share of answers that each threshold shows, and of right answers that it keeps, in Markdown."""
    rows = [
        "| setting `min_confidence` | still shown | right, of those shown | shown, of those right |",
        "|---|---|---|---|",
    ]
    right = sum(answer.right for answer in answers)
    for threshold in THRESHOLDS:
        shown = [answer for answer in answers if 100 * answer.confidence >= threshold]
        kept = sum(answer.right for answer in shown)
        name = f"{threshold}, the default" if threshold == DEFAULT else f"{threshold}"
        rows.append(
            f"| {name} | {len(shown) / len(answers):.0%} | {kept / len(shown):.1%} | {kept / right:.0%} |".replace("%", " %")
        )
    return "\n".join(rows)


def shares(answers: list[Answer]) -> list[tuple[float, float]]:
    """The mean confidence and the share of right answers, in bins of similar confidence."""
    bins: list[list[Answer]] = [[] for _ in range(BINS)]
    for answer in answers:
        bins[min(int(answer.confidence * BINS), BINS - 1)].append(answer)
    return [
        (sum(answer.confidence for answer in full) / len(full), sum(answer.right for answer in full) / len(full))
        for full in bins
        if len(full) >= FEWEST
    ]


def drawn(points: list[tuple[float, float]]) -> str:
    across, up = Scale(0, 1, MARGIN, SIZE - MARGIN / 2), Scale(0, 1, SIZE - MARGIN, MARGIN / 2)
    parts = []
    for tenths in range(0, 11, 2):
        x, y = across.place(tenths / 10), up.place(tenths / 10)
        parts += [
            f'<path d="M{x:.1f} {up.end}V{up.start}M{across.start} {y:.1f}H{across.end}" stroke="#ddd"/>',
            text(x, up.start + LINE, f"{10 * tenths} %", 'text-anchor="middle"'),
            text(across.start - 8, y + 5, f"{10 * tenths} %", 'text-anchor="end"'),
        ]
    parts.append(f'<path d="M{across.start} {up.start}L{across.end} {up.end}" stroke="#999" stroke-dasharray="4"/>')
    places = [(across.place(sure), up.place(right)) for sure, right in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f6fb4" stroke-width="2"/>')
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#1f6fb4"/>' for x, y in places]
    parts.append(text(SIZE / 2, SIZE - 10, "mean probability of an answer's tokens", 'text-anchor="middle"'))
    parts.append(text(across.start + 8, up.end + LINE, "right, of the answers about as sure", ""))
    return picture(SIZE, SIZE, parts)
