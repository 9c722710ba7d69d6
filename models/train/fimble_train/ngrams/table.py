"""Counts what follows what in the training set, and fits how far to trust that beside an exported model.

    python ngrams.py configs/cpu.toml FOLDER [--entries 4200000 | --table FILE]

Writes `model.ngrams` into the model's folder. A model that two cores train has seen a fraction of the training set; counting
reads all of it in minutes. At each token three are asked: the model; the table, for what followed the last tokens in more than
one package; and the prompt itself, for what followed where its text was the same. How much each counts depends on how sure it
is (`Gate`), and that is fitted on held-out packages. The server does the same (server/inference/src/ngrams).

The file: `fimble-ngrams-1` and a line feed, a line of JSON (`Header`), then little-endian arrays: where each of 65,536 buckets
begins and the last ends (u32), and of each entry its context's check (u16), its follower (u16) and that one's probability in
255ths (u8). The first 16 bits of a context's hash are its bucket, the next 16 its check; entries are in the order of the hash.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

import export
import fim
import tokenizer
from settings import Config
from tokenizer import END, MIDDLE, PREFIX, SUFFIX

MAGIC = b"fimble-ngrams-1\n"
LENGTHS = range(2, 7)  # tokens of a context
FOLLOWERS = 3  # of a context, at most
LEAST = 0.1  # probability under which a follower is not worth an entry
RARE = 0.01  # probability of a follower of which a shorter context says nothing
LONGEST_MATCH = 16  # tokens
MULTIPLIER = 0x9E3779B97F4A7C15
MASK = 2**64 - 1
POSITIONS = 24_000  # tokens of held-out middles that the gate is fitted on

# What a source says comes next: probabilities of some tokens.
Guess = dict[int, float]


@dataclass(frozen=True)
class Gate:
    """How much model, table and prompt count: the softmax of the sums of three rows, each for how sure one of them is.

    Rows have an entry for the model, the table and the prompt, in this order. What the model says differs a little from one
    run to another, so its row is interpolated between two: a border would be a jump.
    """

    model: list[list[float]]
    table: list[list[float]]
    prompt: list[list[float]]

    MODEL = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)  # probability of the likeliest token that a row is for
    TABLE = (0.3, 0.6, 0.9)  # the same, for each length of context
    MATCHES = (2, 3, 4, 5, 7, 10, 16)  # tokens that are the same, and
    SHARES = (0.5, 0.95)  # how much of what followed is the likeliest token

    @classmethod
    def model_row(cls, likeliest: float) -> tuple[int, float]:
        """The row below, and how far it is to the next, between 0 and 1."""
        below = min(place(cls.MODEL, likeliest), len(cls.MODEL) - 1) - 1
        return below, (likeliest - cls.MODEL[below]) / (cls.MODEL[below + 1] - cls.MODEL[below])

    @classmethod
    def table_row(cls, guess: Guess, length: int) -> int:
        """The first row is for a table that says nothing."""
        if not guess:
            return 0
        return 1 + (length - LENGTHS[0]) * (len(cls.TABLE) + 1) + place(cls.TABLE, max(guess.values()))

    @classmethod
    def prompt_row(cls, guess: Guess, length: int) -> int:
        if not guess:
            return 0
        return 1 + place(cls.MATCHES, length) * (len(cls.SHARES) + 1) + place(cls.SHARES, max(guess.values()))

    @classmethod
    def sizes(cls) -> tuple[int, int, int]:
        return (
            len(cls.MODEL),
            1 + len(LENGTHS) * (len(cls.TABLE) + 1),
            1 + (len(cls.MATCHES) + 1) * (len(cls.SHARES) + 1),
        )


def place(limits: Sequence[float], value: float) -> int:
    """How many of the limits the value reaches."""
    return sum(value >= limit for limit in limits)


@dataclass(frozen=True)
class Header:
    vocabulary: int
    shortest: int
    longest: int
    gate: dict[str, list[list[float]]]


@dataclass(frozen=True)
class Table:
    """Entries in the order of their hashes; of one context, likeliest first."""

    hashes: NDArray[np.uint64]
    followers: NDArray[np.uint16]
    probabilities: NDArray[np.uint8]

    def guess(self, history: list[int]) -> tuple[Guess, int]:
        """What followed the longest context that is known, and its length; what it leaves open is the shorter ones' to say."""
        found: tuple[Guess, int] = ({}, 0)
        state = 0
        for length in range(1, LENGTHS[-1] + 1):
            if length > len(history):
                break
            state = hashed(state, history[-length])
            if length in LENGTHS:
                key = np.uint64(state >> 32 << 32)
                first, last = np.searchsorted(self.hashes, key), np.searchsorted(self.hashes, key, "right")
                if first < last:
                    tokens, shares = self.followers[first:last].tolist(), self.probabilities[first:last].tolist()
                    said = {token: share / 255 for token, share in zip(tokens, shares, strict=True)}
                    left = max(0.0, 1 - sum(said.values()))
                    shorter = {token: left * probability for token, probability in found[0].items() if token not in said}
                    found = (said | shorter, length)
        return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("config")
    arguments.add_argument("folder", type=Path, help="a model in the Hugging Face layout, with this configuration's tokenizer")
    arguments.add_argument("--entries", type=int, default=4_200_000, help="so many are kept, of the contexts that tell most")
    arguments.add_argument(
        "--table", type=Path, metavar="FILE", help="take the entries of this model.ngrams, and count nothing"
    )
    options = arguments.parse_args()
    config = Config.load(options.config)
    if (options.folder / "tokenizer.json").read_bytes() != tokenizer.path(config).read_bytes():
        raise SystemExit(f"{options.folder} has another tokenizer than {tokenizer.path(config)}")
    table = read(options.table)[0] if options.table else count(fim.load(config, "train"), options.entries)
    print(f"{len(table.hashes):,} entries")
    gate = fit(config, options.folder, table)
    size = write(options.folder / "model.ngrams", table, gate, config.shape.vocabulary)
    print(f"{size / 2**20:.2f} MiB")


def hashed(state: int, token: int) -> int:
    """One more token, from the last to the first: a context's hash goes on from that of the shorter one."""
    state = (state ^ (token + 1)) * MULTIPLIER & MASK
    return state ^ state >> 29


def count(tape: fim.Tape, entries: int) -> Table:
    tokens = tape.tokens.astype(np.uint64)
    file = np.zeros(len(tokens), np.int32)
    file[tape.starts[1:-1]] = 1
    file = np.cumsum(file)
    package, since = tape.packages[file], np.arange(len(tokens)) - tape.starts[file]
    states = np.zeros(len(tokens), np.uint64)
    kept: list[tuple[NDArray, ...]] = []
    shorter: dict[str, NDArray] | None = None
    short_states = states
    for length in range(1, LENGTHS[-1] + 1):
        states[length:] = (states[length:] ^ (tokens[:-length] + np.uint64(1))) * np.uint64(MULTIPLIER)
        states[length:] ^= states[length:] >> np.uint64(29)
        if length not in LENGTHS:
            continue
        positions = np.flatnonzero(since >= length)
        # A context in 32 bits, as in the file, and its follower.
        keys = (states[positions] >> np.uint64(32) << np.uint64(16)) | tokens[positions]
        order = np.argsort(keys)
        keys, positions = keys[order], positions[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        counts = np.diff(np.concatenate([starts, [len(keys)]]))
        packages = package[positions]
        several = np.minimum.reduceat(packages, starts) != np.maximum.reduceat(packages, starts)
        keys, first = keys[starts], positions[starts]
        contexts = keys >> np.uint64(16)
        borders = np.concatenate([[True], contexts[1:] != contexts[:-1]])
        group = np.cumsum(borders) - 1
        totals = np.add.reduceat(counts, np.flatnonzero(borders))
        probabilities = (counts - 0.75) / totals[group]
        good = several & (probabilities >= LEAST)
        keys, contexts, first, counts = keys[good], contexts[good], first[good], counts[good]
        probabilities = probabilities[good]
        if len(keys) == 0:
            # What goes on from these is not in several packages either.
            break
        order = np.lexsort((-probabilities, contexts))
        keys, contexts, first, counts = keys[order], contexts[order], first[order], counts[order]
        probabilities = probabilities[order]
        is_best = np.concatenate([[True], contexts[1:] != contexts[:-1]])
        rank = np.arange(len(keys)) - np.flatnonzero(is_best)[np.cumsum(is_best) - 1]
        top = np.flatnonzero(is_best)
        followers = (keys & np.uint64(0xFFFF)).astype(np.uint16)
        best = {"contexts": contexts[top], "followers": followers[top], "probabilities": probabilities[top]}
        # What the shorter context of the place where this one was first seen says of the likeliest follower.
        expected = np.full(len(top), RARE)
        if shorter is not None:
            before = short_states[first[top]] >> np.uint64(32)
            at = np.minimum(np.searchsorted(shorter["contexts"], before), len(shorter["contexts"]) - 1)
            known = shorter["contexts"][at] == before
            same = shorter["followers"][at] == best["followers"]
            likeliest = shorter["probabilities"][at]
            expected[known] = np.where(same, likeliest, np.clip(1 - likeliest, RARE, likeliest))[known]
        frequency = np.maximum.reduceat(counts, top)
        worth = frequency * np.abs(np.log(best["probabilities"] / expected))
        chosen = rank < FOLLOWERS
        of_context = np.repeat(worth, np.diff(np.concatenate([top, [len(keys)]])))
        kept.append((contexts[chosen], followers[chosen], probabilities[chosen], of_context[chosen]))
        print(f"{length} tokens: {len(starts):,} n-grams, {int(chosen.sum()):,} in several packages", flush=True)
        shorter, short_states = best, states.copy()
    contexts, followers, probabilities, worth = (np.concatenate(part) for part in zip(*kept, strict=True))
    if len(contexts) > entries:
        # Of a longer context only what is news to the shorter is worth its place, and the more so the more often it comes.
        chosen = worth > np.partition(worth, -entries)[-entries]
        contexts, followers, probabilities = contexts[chosen], followers[chosen], probabilities[chosen]
    order = np.lexsort((-probabilities, contexts))
    shares = np.maximum(1, np.round(255 * probabilities[order])).astype(np.uint8)
    return Table(contexts[order] << np.uint64(32), followers[order], shares)


def repeated(sources: list[list[int]], history: list[int]) -> tuple[Guess, int]:
    """What followed where a text of the prompt was the same as the last tokens; the longer the same, the more it counts."""
    votes: Guess = defaultdict(float)
    longest = 0
    for source in sources:
        tokens = np.array(source)
        ends = np.flatnonzero(tokens[:-1] == history[-1]) + 1 if len(source) > 1 and history else []
        for end in ends:
            length = 1
            while (
                length < LONGEST_MATCH and length < min(end, len(history)) and source[end - 1 - length] == history[-1 - length]
            ):
                length += 1
            votes[source[end]] += 4.0**length
            longest = max(longest, length)
    total = sum(votes.values())
    return {token: vote / total for token, vote in votes.items()}, longest


class Mixture:
    """What model, table and prompt say together."""

    def __init__(self, table: Table, gate: Gate, encoder: Tokenizer) -> None:
        self.table = table
        self.gate = gate
        self.shorter = line_ends(tokenizer.token_bytes(encoder))

    def guesses(self, prompt: list[int], model: NDArray[np.float32]) -> tuple[list[Guess], list[float]]:
        """Of the table and of the prompt; and the rows of the gate for all three, the model's with how far the next one is."""
        sources, history = segments(prompt)
        known, context = self.table.guess(history)
        same, length = repeated(sources, history)
        rows = [
            *Gate.model_row(float(model.max())),
            Gate.table_row(known, context),
            Gate.prompt_row(same, length),
        ]
        return [self.shared(normalised(known), model), self.shared(same, model)], rows

    def shared(self, guess: Guess, model: NDArray[np.float32]) -> Guess:
        """Whether the answer ends with a line is for the model to say: the others do not know of ends."""
        shared: Guess = defaultdict(float)
        for token, probability in guess.items():
            other = self.shorter[token]
            goes_on = float(model[token]) / max(float(model[token] + model[other]), 1e-30) if other != token else 1.0
            shared[token] += probability * goes_on
            shared[other] += probability * (1 - goes_on)
        return shared

    def probabilities(self, prompt: list[int], model: NDArray[np.float32]) -> NDArray[np.float32]:
        guesses, rows = self.guesses(prompt, model)
        below, further, known, same = rows
        model_row = (1 - further) * np.array(self.gate.model[below]) + further * np.array(self.gate.model[below + 1])
        sums = model_row + self.gate.table[known] + self.gate.prompt[same]
        weights = np.exp(sums - max(sums)) * [True, bool(guesses[0]), bool(guesses[1])]
        weights /= weights.sum()
        mixed = model * weights[0]
        for guess, weight in zip(guesses, weights[1:], strict=True):
            for token, probability in guess.items():
                mixed[token] += weight * probability
        return mixed


def normalised(guess: Guess) -> Guess:
    total = sum(guess.values())
    return {token: probability / total for token, probability in guess.items()}


def line_ends(pieces: list[bytes]) -> list[int]:
    """For each token that ends a line, the one without the line's end, or the end of text where nothing is left."""
    tokens = {piece: token for token, piece in enumerate(pieces) if piece}
    shorter = list(range(len(pieces)))
    for token, piece in enumerate(pieces):
        if piece.endswith(b"\n"):
            rest = piece.rstrip()
            shorter[token] = tokens.get(rest, token) if rest else END
    return shorter


def segments(prompt: list[int]) -> tuple[list[list[int]], list[int]]:
    """The texts of a prompt, and what stands before the next token: the file up to the pin and what was typed since."""
    texts: dict[int, list[int]] = {}
    current: list[int] = []
    others: list[list[int]] = []
    for token in prompt:
        if token < len(tokenizer.SPECIAL):
            current = []
            if token in (PREFIX, MIDDLE, SUFFIX):
                texts[token] = current
            else:
                others.append(current)
        else:
            current.append(token)
    history = texts.get(PREFIX, []) + texts.get(MIDDLE, [])
    return [*others, texts.get(SUFFIX, []), history], history


def fit(config: Config, folder: Path, table: Table) -> Gate:
    model, encoder = export.load(folder)
    zero = Gate(*([[0.0] * 3 for _ in range(size)] for size in Gate.sizes()))
    mixture = Mixture(table, zero, encoder)
    rows, shares = [], []
    for prompt, model_says, token in islice(middles(config, model), POSITIONS):
        guesses, row = mixture.guesses(prompt, model_says)
        rows.append(row)
        shares.append([model_says[token], *(guess.get(token, 0.0) if guess else -1.0 for guess in guesses)])
    further = torch.tensor([row[1] for row in rows])[:, None]
    below, known, same = torch.tensor([[row[0], *row[2:]] for row in rows]).T
    shares = torch.tensor(np.array(shares, np.float32))
    absent = shares < 0
    weights = [torch.zeros(size, 3, requires_grad=True) for size in Gate.sizes()]
    of_model, of_table, of_prompt = weights
    optimizer = torch.optim.Adam(weights, lr=0.05)
    for _ in range(600):
        sums = (1 - further) * of_model[below] + further * of_model[below + 1] + of_table[known] + of_prompt[same]
        likelihood = (sums.masked_fill(absent, -1e9).softmax(-1) * shares.clamp(min=0)).sum(-1).clamp(min=1e-9)
        loss = -likelihood.log().mean()
        optimizer.zero_grad()
        (loss + 1e-4 * sum(weight.square().sum() for weight in weights)).backward()
        optimizer.step()
    alone = -shares[:, 0].clamp(min=1e-9).log().mean()
    print(f"{len(rows):,} tokens of held-out middles: {alone:.3f} nats by the model alone, {loss.item():.3f} mixed")
    return Gate(*([[round(value, 3) for value in row] for row in weight.tolist()] for weight in weights))


def middles(config: Config, model: torch.nn.Module) -> Iterator[tuple[list[int], NDArray[np.float32], int]]:
    """Each token of the middles of held-out rows: what is before it, what the model says there, and the token."""
    blocks = fim.Blocks.of(config, "validation")
    for number in range(len(blocks.tape.tokens) // blocks.size):
        tokens = blocks[number][0].tolist()
        starts = [at for at, token in enumerate(tokens) if token == PREFIX]
        for start, stop in pairwise([*starts, len(tokens)]):
            row = tokens[start:stop]
            if MIDDLE not in row:
                continue
            first = row.index(MIDDLE) + 1
            if END in row[first:]:
                row = row[: row.index(END, first) + 1]
            with torch.inference_mode():
                says = model(torch.tensor([row]))[0].softmax(-1).numpy()
            for at in range(first, len(row)):
                yield row[:at], says[at - 1], row[at]


def write(path: Path, table: Table, gate: Gate, vocabulary: int) -> int:
    buckets = np.searchsorted(table.hashes >> np.uint64(48), np.arange(2**16 + 1)).astype("<u4")
    checks = (table.hashes >> np.uint64(32) & np.uint64(0xFFFF)).astype("<u2")
    header = Header(vocabulary, LENGTHS[0], LENGTHS[-1], asdict(gate))
    arrays = [buckets, checks, table.followers.astype("<u2"), table.probabilities]
    path.write_bytes(MAGIC + json.dumps(asdict(header)).encode() + b"\n" + b"".join(array.tobytes() for array in arrays))
    return path.stat().st_size


def read(path: Path) -> tuple[Table, Gate]:
    head, line, arrays = path.read_bytes().split(b"\n", 2)
    if head + b"\n" != MAGIC:
        raise SystemExit(f"{path} is no table of n-grams")
    buckets = np.frombuffer(arrays, "<u4", 2**16 + 1)
    size, start = int(buckets[-1]), buckets.nbytes
    checks = np.frombuffer(arrays, "<u2", size, start)
    followers = np.frombuffer(arrays, "<u2", size, start + 2 * size)
    probabilities = np.frombuffer(arrays, np.uint8, size, start + 4 * size)
    high = np.repeat(np.arange(2**16, dtype=np.uint64), np.diff(buckets))
    hashes = high << np.uint64(48) | checks.astype(np.uint64) << np.uint64(32)
    return Table(hashes, followers, probabilities), Gate(**json.loads(line)["gate"])


if __name__ == "__main__":
    main()
