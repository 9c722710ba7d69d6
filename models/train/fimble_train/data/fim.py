"""Turns files into training rows, in the prompt that the server sends (DESIGN section 5).

    python fim.py configs/cpu.toml

All files of a split are one tape of tokens. A block is `context + 1` tokens and holds one or more rows, each a piece of
one file with a span moved behind the middle token:

    [<|repo_name|>name⏎<|file_sep|>path⏎snippet⏎<|file_sep|>path⏎] <|fim_prefix|> file up to the pin <|fim_suffix|> file after
    the cursor <|fim_middle|> typed since the pin, then the middle <|endoftext|>

Rows are cut to fit, so there is no padding; what is too short for a row is plain text. Block n depends on n and the seed
alone: training resumes anywhere, and loaders need no common state.
"""

import random
import sys
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

import data
import spans
import tokenizer
from settings import Config, Rows
from tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX

# What a token is to the loss: given and never written by the model, text around the cursor, or text after the middle token.
GIVEN, AROUND, WRITTEN = range(3)
SHORTEST = 48  # tokens under which a row has no room for a prefix, a suffix and a middle
WITH_REPOSITORY = 256  # tokens under which a row has no room for a snippet of another file
SNIPPETS = 4  # snippets of other files among which the likeliest to help is taken
ATTEMPTS = 8  # lines tried before a piece of a file is given up as having nothing to complete


# Tokens with one role.
Segment = tuple[list[int], int]


@dataclass(frozen=True)
class Tape:
    tokens: NDArray[np.uint16]
    starts: NDArray[np.int64]  # where each file starts, and the end of the last
    packages: NDArray[np.int32]  # of each file, an index into names
    paths: list[str]
    names: list[str]

    def file_at(self, position: int) -> int:
        return int(np.searchsorted(self.starts, position, "right")) - 1


def main() -> None:
    config = Config.load(sys.argv[1])
    for split in ["train", "validation"]:
        tape = build(config, split)
        characters = sum(len(file.text) for file in data.read(config.sources, split))
        print(f"{split}: {len(tape.tokens) / 1e6:.1f}M tokens, {characters / len(tape.tokens):.2f} characters a token")


def build(config: Config, split: str) -> Tape:
    files = data.read(config.sources, split)
    random.Random(config.training.seed).shuffle(files)
    tape = tape_of(files, tokenizer.load(tokenizer.path(config)))
    np.savez(config.folder / f"{split}.npz", **vars(tape))
    return tape


def tape_of(files: list[data.Source], encoder: Tokenizer) -> Tape:
    dtype = np.uint16 if encoder.get_vocab_size() <= 2**16 else np.uint32
    encoded = []
    for start in range(0, len(files), 256):
        batch = encoder.encode_batch_fast([file.text for file in files[start : start + 256]], add_special_tokens=False)
        encoded += [np.array(encoding.ids, dtype) for encoding in batch]
    names = sorted({file.package for file in files})
    index = {name: number for number, name in enumerate(names)}
    return Tape(
        tokens=np.concatenate(encoded),
        starts=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        packages=np.array([index[file.package] for file in files], np.int32),
        paths=[file.path for file in files],
        names=names,
    )


def load(config: Config, split: str) -> Tape:
    with np.load(config.folder / f"{split}.npz") as fields:
        return Tape(**{name: fields[name] if fields[name].dtype.kind != "U" else fields[name].tolist() for name in fields})


class Blocks(torch.utils.data.Dataset):
    """Blocks of training rows: `context + 1` tokens, and what each is to the loss."""

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
        return Blocks(config.rows, config.training.seed, load(config, split), tokenizer.load(tokenizer.path(config)))

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
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
        """Each epoch takes every stretch of the tape once, in another order and cut in other places."""
        epoch, place = divmod(number, self.per_epoch)
        chance = np.random.default_rng((self.seed, epoch))
        if self.order[0] != epoch:
            self.order = (epoch, chance.permutation(self.per_epoch))
        shift = random.Random(self.seed + epoch).randrange(self.size)
        return int(self.order[1][place]) * self.size + shift

    def row(self, chance: random.Random, position: int, room: int) -> tuple[list[Segment], int]:
        """One row that fits into `room` tokens, of the file at `position` of the tape, and the position after it."""
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
            # Cut at a line's end, as the server does, so that the next row starts with a line.
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

    def split(self, chance: random.Random, piece: NDArray[np.uint16], position: int) -> tuple[list[int], ...] | None:
        """Prefix, suffix and middle of a piece of a file, or None if nothing in it is worth completing."""
        starts = np.flatnonzero(self.ends_line[piece]) + 1
        at_start = position == self.tape.starts[self.tape.file_at(position)]
        if at_start or self.ends_line[self.tape.tokens[position - 1]]:
            starts = np.concatenate([[0], starts])
        lines = [self.text(piece[start:end]) for start, end in pairwise(starts)]
        if len(lines) < 3:
            return None
        # Where the file goes on before the piece, most of a prompt is prefix.
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
        """The span as it is after several typed lines, or as it is where the editor has closed the brackets."""
        first, end, typed = span.first, span.end, span.typed
        if chance.random() < self.rows.typed_lines:
            first = max(0, first - chance.randint(1, 8))
            typed += sum(map(len, lines[first : span.first]))
        closers = spans.CLOSERS.search(lines[span.last][:end])
        inside = span.first == span.last and closers and closers.start() > span.typed
        if inside and chance.random() < self.rows.closers:
            end = closers.start()
        return spans.Span(first, span.last, end, typed)

    def repository(self, chance: random.Random, file: int, position: int, room: int) -> list[Segment]:
        """A snippet of another file of the package, the one of several that shares most tokens with this file."""
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
        return [([REPOSITORY, *package_name, FILE, *path], GIVEN), (snippet.tolist(), AROUND), ([FILE, *own_path], GIVEN)]

    def whole_lines(self, tokens: NDArray[np.uint16]) -> NDArray[np.uint16]:
        starts = np.flatnonzero(self.ends_line[tokens]) + 1
        return tokens[starts[0] : starts[-1]] if len(starts) else tokens[:0]

    def encode(self, text: str) -> list[int]:
        return self.encoder.encode(text, add_special_tokens=False).ids

    def text(self, tokens: NDArray[np.uint16]) -> str:
        return b"".join(map(self.bytes.__getitem__, tokens.tolist())).decode(errors="replace")


def length(segments: list[Segment]) -> int:
    return sum(len(tokens) for tokens, _ in segments)


if __name__ == "__main__":
    main()
