"""Draws the learning curve of a run: the loss on held-out packages over the tokens seen.

One curve is the loss of all tokens that are learned, the other the loss of the middles alone.
"""

import csv
import math
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fimble_train.figures.svg import LINE, Scale, picture, text
from fimble_train.settings import Config, add_config

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 150, 20, 50  # margins, with room for the labels at the ends of the curves
CURVES = {"held_out": ("held-out text", "#1f6fb4"), "middle": ("its middles", "#c2571a")}


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("picture", type=Path, metavar="SVG", help="the file to write")


def main(options: Namespace) -> None:
    with (Config.load(options.config).folder / "curve.tsv").open() as table:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(table, delimiter="\t")]
    options.picture.write_text(drawn(rows))


def drawn(rows: list[dict[str, float]]) -> str:
    # A killed slice is repeated from its checkpoint, so the latest row of a step counts.
    rows = sorted({row["step"]: row for row in rows}.values(), key=lambda row: row["step"])
    seen = [row["tokens"] for row in rows]
    losses = [row[name] for row in rows for name in CURVES]
    across = Scale(math.log10(seen[0]), math.log10(max(seen[-1], 1.1 * seen[0])), LEFT, WIDTH - RIGHT)
    up = Scale(math.floor(min(losses)), math.floor(max(losses)) + 1, HEIGHT - BOTTOM, TOP)
    parts = [*grid(across, up)]
    labels: list[float] = []
    # The upper label comes first: where two curves end close to each other, the lower label moves down.
    for name in sorted(CURVES, key=lambda name: -rows[-1][name]):
        title, colour = CURVES[name]
        points = " ".join(f"{across.place(math.log10(row['tokens'])):.1f},{up.place(row[name]):.1f}" for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        labels.append(max(up.place(rows[-1][name]), labels[-1] + LINE if labels else 0))
        parts.append(text(WIDTH - RIGHT + 8, labels[-1] + 5, f"{title} {rows[-1][name]:.2f}", f'fill="{colour}"'))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "tokens seen", 'text-anchor="middle"'))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(text(18, middle, "loss, nats a token", f'text-anchor="middle" transform="rotate(-90 18 {middle})"'))
    return picture(WIDTH, HEIGHT, parts)


def grid(across: Scale, up: Scale) -> list[str]:
    lines = []
    for power in range(math.floor(across.low), math.ceil(across.high)):
        for digit in (1, 2, 5):
            value = math.log10(digit) + power
            if across.low <= value <= across.high:
                x = across.place(value)
                lines.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
                lines.append(text(x, HEIGHT - BOTTOM + LINE, amount(digit * 10**power), 'text-anchor="middle"'))
    for value in range(int(up.low), int(up.high) + 1):
        y = up.place(value)
        lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        lines.append(text(LEFT - 8, y + 5, str(value), 'text-anchor="end"'))
    return lines


def amount(tokens: float) -> str:
    """The number with a suffix for thousands, millions or billions."""
    unit = next(unit for unit in (1e9, 1e6, 1e3, 1) if tokens >= unit)
    return f"{tokens / unit:g}{ {1e9: 'B', 1e6: 'M', 1e3: 'k', 1: ''}[unit] }"
