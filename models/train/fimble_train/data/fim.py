"""Turns files into training rows in the format of the server's prompt.

All files of a split are one tape of tokens. A block is `context + 1` tokens and holds one or more rows. A row is a piece
of one file whose span has moved behind the middle token:

    [<|repo_name|>name⏎<|file_sep|>path⏎snippet⏎<|file_sep|>path⏎] <|fim_prefix|> file up to the pin <|fim_suffix|> file
    after the cursor <|fim_middle|> text typed since the pin, then the middle <|endoftext|>

Rows are cut to fit, so there is no padding. A piece that is too short for a row is plain text. Block n depends only on n
and the seed: training can resume at any block, and loader processes share no state.
"""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from fimble_train.data import spans, tape, tokenizer
from fimble_train.data.tape import Tape
from fimble_train.data.tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX
from fimble_train.settings import Config, Rows

# The role of a token in the loss: given, so the model never writes it; text around the cursor; text after the middle token.
GIVEN, AROUND, WRITTEN = range(3)
SHORTEST = 48  # tokens; a shorter row has no room for a prefix, a suffix and a middle
WITH_REPOSITORY = 256  # tokens; a shorter row has no room for a snippet of another file
SNIPPETS = 4  # snippets of other files from which the most similar one is chosen
ATTEMPTS = 8  # lines tried before a piece counts as having nothing to complete

# Tokens with one role.
Segment = tuple[list[int], int]


class Blocks(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Blocks of training rows. Each is a pair of `context + 1` tokens and their roles."""

    def __init__(self, rows: Rows, seed: int, tape: Tape, encoder: Tokenizer) -> None:
        self.rows = rows
        self.seed = seed
        self.size = rows.context + 1
        self.tape = tape
        self.encoder = encoder
        self.bytes = tokenizer.token_bytes(self.encoder)
        self.ends_line = np.array([piece.endswith(b"\n") for piece in self.bytes])
        self.siblings = [np.flatnonzero(self.tape.packages == package) for package in range(len(self.tape.names))]
        self.per_epoch = (len(self.tape.tokens) - 2 * self.size) // self.size
        self.order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    @staticmethod
    def of(config: Config, split: str) -> "Blocks":
        encoder = tokenizer.load(config.tokenizer)
        return Blocks(config.rows, config.training.seed, tape.load(config, split), encoder)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        chance = random.Random(self.seed * 1_000_003 + number)
        position = self.position(number)
        segments: list[Segment] = []
        while (room := self.size - length(segments)) > 0:
            row, position = self.row(chance, position, room)
            segments += row
        tokens = [token for part, _ in segments for token in part]
        roles = [role for part, role in segments for _ in part]
        return torch.tensor(tokens[: self.size]), torch.tensor(roles[: self.size])

    def position(self, number: int) -> int:
        """Where a block starts on the tape. Every epoch visits each stretch once, in a new order and with new cuts."""
        epoch, place = divmod(number, self.per_epoch)
        chance = np.random.default_rng((self.seed, epoch))
        if self.order[0] != epoch:
            self.order = (epoch, chance.permutation(self.per_epoch))
        shift = random.Random(self.seed + epoch).randrange(self.size)
        return int(self.order[1][place]) * self.size + shift

    def row(self, chance: random.Random, position: int, room: int) -> tuple[list[Segment], int]:
        """A row of at most `room` tokens from the file at `position` on the tape, and the position after it."""
        file = self.tape.file_at(position)
        stop = int(self.tape.starts[file + 1])
        budget = room if room < 3 * SHORTEST or chance.random() < 0.5 else chance.randint(room // 3, room)
        others: list[Segment] = []
        if budget >= WITH_REPOSITORY and chance.random() < self.rows.repository:
            others = self.repository(chance, file, position, budget // 3)
        size = budget - length(others) - len([PREFIX, SUFFIX, MIDDLE, END])
        piece = self.tape.tokens[position : min(stop, position + size)]
        ends = np.flatnonzero(self.ends_line[piece])
        if position + len(piece) < stop and len(ends):
            # The server cuts at a line's end too, and the next row then starts with a line.
            piece = piece[: ends[-1] + 1]
        split = self.split(chance, piece, position) if budget >= SHORTEST else None
        if split is None:
            piece = self.tape.tokens[position : min(stop, position + room)]
            plain = piece.tolist() + [END] * (position + len(piece) == stop)
            return [(plain, AROUND)], position + len(piece)
        before, after, written = split
        excess = length(others) + len(before) + len(after) + len(written) + len([PREFIX, SUFFIX, MIDDLE, END]) - room
        after = after[: len(after) - max(0, excess)]
        segments = [
            *others,
            ([PREFIX], GIVEN),
            (before, AROUND),
            ([SUFFIX], GIVEN),
            (after, AROUND),
            ([MIDDLE], GIVEN),
            ([*written, END], WRITTEN),
        ]
        return segments, position + len(piece)

    def split(self, chance: random.Random, piece: NDArray[Any], position: int) -> tuple[list[int], list[int], list[int]] | None:
        """Prefix, suffix and middle of a piece of a file, or None if it has nothing worth completing."""
        starts = np.flatnonzero(self.ends_line[piece]) + 1
        at_start = position == self.tape.starts[self.tape.file_at(position)]
        if at_start or self.ends_line[self.tape.tokens[position - 1]]:
            starts = np.concatenate([[0], starts])
        lines = [self.text(piece[start:end]) for start, end in pairwise(starts)]
        if len(lines) < 3:
            return None
        # Away from the start of a file, the server gives most of a prompt to the prefix.
        earliest = 0.05 if at_start else 0.5
        for _ in range(ATTEMPTS):
            at = chance.randrange(int(len(lines) * earliest), len(lines))
            if spans.is_comment(lines[at]) and chance.random() < 0.7:
                continue
            kind = chance.choices(["line", "block", "word"], [self.rows.line, self.rows.block, self.rows.word])[0]
            span = spans.KINDS[kind](lines, at, chance)
            if span is None:
                continue
            span = self.varied(chance, lines, span)
            middle, end = span.middle(lines), lines[span.last][span.end :]
            if kind == "word" and chance.random() < self.rows.fragments:
                written = self.encode(middle[: span.typed]) + self.encode(middle[span.typed :])
            else:
                written = self.encode(middle)
            before = piece[starts[0] : starts[span.first]].tolist()
            after = self.encode(end) + piece[starts[span.last + 1] :].tolist()
            return before, after, written
        return None

    def varied(self, chance: random.Random, lines: list[str], span: spans.Span) -> spans.Span:
        """The span with several typed lines before it, or without the brackets that an editor closes."""
        first, end, typed = span.first, span.end, span.typed
        if chance.random() < self.rows.typed_lines:
            first = max(0, first - chance.randint(1, 8))
            typed += sum(map(len, lines[first : span.first]))
        closers = spans.CLOSERS.search(lines[span.last][:end])
        if closers and span.first == span.last and closers.start() > span.typed and chance.random() < self.rows.closers:
            end = closers.start()
        return spans.Span(first, span.last, end, typed)

    def repository(self, chance: random.Random, file: int, position: int, room: int) -> list[Segment]:
        """A snippet of another file of the package: of several, the one that shares the most tokens with this file."""
        package = self.tape.packages[file]
        others = self.siblings[package][self.siblings[package] != file]
        if len(others) == 0:
            return []
        wanted = self.tape.tokens[position : position + self.size]
        best = None
        for _ in range(SNIPPETS):
            other = int(chance.choice(others))
            start, stop = int(self.tape.starts[other]), int(self.tape.starts[other + 1])
            start = chance.randrange(start, max(start + 1, stop - room))
            snippet = self.whole_lines(self.tape.tokens[start : min(stop, start + chance.randint(room // 3, room))])
            common = len(np.intersect1d(snippet, wanted))
            if len(snippet) and (best is None or common > best[0]):
                best = (common, other, snippet)
        if best is None:
            return []
        _, other, snippet = best
        package_name, path, own_path = (
            self.encode(text + "\n") for text in (self.tape.names[package], self.tape.paths[other], self.tape.paths[file])
        )
        return [
            ([REPOSITORY, *package_name, FILE, *path], GIVEN),
            (snippet.tolist(), AROUND),
            ([FILE, *own_path], GIVEN),
        ]

    def whole_lines(self, tokens: NDArray[Any]) -> NDArray[Any]:
        starts = np.flatnonzero(self.ends_line[tokens]) + 1
        return tokens[starts[0] : starts[-1]] if len(starts) else tokens[:0]

    def encode(self, text: str) -> list[int]:
        return self.encoder.encode(text, add_special_tokens=False).ids

    def text(self, tokens: NDArray[Any]) -> str:
        return b"".join(map(self.bytes.__getitem__, tokens.tolist())).decode(errors="replace")


def length(segments: list[Segment]) -> int:
    return sum(len(tokens) for tokens, _ in segments)
