"""Chooses what to complete in a text. Training rows and held-out cases use the same three kinds of span.

A text is a list of lines. Each line includes the line feeds that end it, so blank lines belong to the line before them.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

LINES = re.compile(r"[^\n]*\n+|[^\n]+")
WORDS = re.compile(r"[^\W\d]\w{2,}")
PIECES = re.compile(r"\w+|[^\w\s]")
CLOSERS = re.compile(r"[)\]}>\"';,]+$")
COMMENT = re.compile(r"\s*(//|/\*|\*[ /\n]|#(?!\[|!\[)|\"\"\"|''')")
BLOCK_LINES = 10  # the longest block, without its header


@dataclass(frozen=True)
class Span:
    """The text after the middle token: from the start of line `first` to character `end` of line `last`."""

    first: int
    last: int
    end: int
    typed: int  # characters at its start that the user has typed already

    def middle(self, lines: list[str]) -> str:
        return "".join(lines[self.first : self.last]) + lines[self.last][: self.end]


def line(lines: list[str], at: int, chance: random.Random) -> Span | None:
    """The whole line after its indentation in half of the cases, otherwise the rest of it after a few words or signs."""
    body = lines[at].rstrip("\n")
    starts = [piece.start() for piece in PIECES.finditer(body)]
    if len(starts) < 2:
        return None
    typed = starts[0] if chance.random() < 0.5 else chance.choice(starts[1:])
    return Span(at, at, len(body), typed)


def block(lines: list[str], at: int, chance: random.Random) -> Span | None:
    """The body of a block whose header is the line before: several lines that are indented deeper than the header."""
    if at == 0 or not lines[at - 1].rstrip().endswith(("{", ":", "(", "[")):
        return None
    outer = indentation(lines[at - 1])
    stop = at
    while stop < len(lines) and indentation(lines[stop]) > outer:
        stop += 1
    if not 2 <= stop - at <= BLOCK_LINES or stop == len(lines):
        return None
    return Span(at, stop - 1, len(lines[stop - 1].rstrip("\n")), indentation(lines[at]))


def word(lines: list[str], at: int, chance: random.Random) -> Span | None:
    """The rest of a line from inside one of its words."""
    body = lines[at].rstrip("\n")
    words = list(WORDS.finditer(body))
    if not words:
        return None
    chosen = chance.choice(words)
    return Span(at, at, len(body), chance.randint(chosen.start() + 1, chosen.end() - 1))


# A kind of span takes the lines, the number of one of them and a source of chance; it finds None where it has no place.
KINDS: dict[str, Callable[[list[str], int, random.Random], Span | None]] = {"line": line, "block": block, "word": word}


def is_comment(line: str) -> bool:
    return COMMENT.match(line) is not None


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
