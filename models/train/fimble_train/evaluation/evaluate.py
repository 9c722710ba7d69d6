"""Exact match on held-out cases, of baselines and of exported models, in the server's prompt.

    python evaluate.py configs/cpu.toml CASES... [--model FOLDER]... [--limit N] [--context TOKENS] [--examples N]

An answer is right if it equals the solution but for blanks at its end. Half-typed words are healed: the last piece of the
typed text is taken off the prompt, and the first tokens are constrained to begin with it.
"""

import argparse
import json
import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

import export
import fim
import ngrams
import tokenizer
from settings import Config
from tokenizer import END, MIDDLE, PREFIX, SUFFIX

Case = dict[str, str]

LINE_TOKENS = 48
BLOCK_TOKENS = 192
ORDERS = range(6, 1, -1)  # of the n-gram model, longest first
NGRAM_TOKENS = 20_000_000  # of the training tape that n-grams are counted in


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("config")
    arguments.add_argument("cases", nargs="+", type=Path)
    arguments.add_argument("--model", action="append", default=[], type=Path, help="folders in the Hugging Face layout")
    arguments.add_argument("--limit", type=int, help="cases of each file")
    arguments.add_argument("--context", type=int, help="tokens of a prompt with its answer; the configuration's unless told")
    arguments.add_argument("--examples", type=int, default=0, help="print so many answers of each file and model")
    arguments.add_argument("--no-baselines", action="store_true")
    options = arguments.parse_args()
    # A model this small decodes no faster on two threads, and a busy machine makes them wait for each other.
    torch.set_num_threads(1)
    config = Config.load(options.config)
    context = options.context or config.rows.context
    predictors: dict[str, Callable[[Case], str]] = {}
    if not options.no_baselines:
        predictors["most recent line"] = most_recent_line
        predictors["n-gram"] = Ngrams(config, context).answer
    models = {folder.name: LanguageModel(folder, context) for folder in options.model}
    predictors |= {name: model.answer for name, model in models.items()}
    for file in options.cases:
        cases = list(islice(read(file), options.limit))
        for name, answer in predictors.items():
            score(f"{file.stem}, {name}", cases, answer, options.examples)
        for name, model in models.items():
            print(f"{file.stem}, {name}: {sum(map(model.bits, cases)) / len(cases):.3f} bits a character", flush=True)


def read(file: Path) -> Iterator[Case]:
    """Cases with their text; what `cross_file.py` wrote names a place in a repository beside the cases' folder."""
    with file.open() as lines:
        for case in map(json.loads, lines):
            if "repository" in case:
                text = (file.resolve().parent.parent / "repositories" / case["repository"] / case["path"]).read_bytes()
                case |= {"prompt": text[: case["start"]].decode(), "suffix": text[case["end"] :].decode()}
            yield case


def score(title: str, cases: list[Case], answer: Callable[[Case], str], examples: int) -> None:
    right: dict[str, list[bool]] = defaultdict(list)
    for number, case in enumerate(cases):
        given = answer(case)
        match = given.rstrip() == case["canonical_solution"].rstrip()
        right["all"].append(match)
        if case["kind"] == "single-line":
            right["inside the line" if typed(case["prompt"]).strip() else "whole line"].append(match)
        if number < examples:
            print(f"{'right' if match else 'wrong'}: {typed(case['prompt'])!r} {given!r}, not {case['canonical_solution']!r}")
    shares = ", ".join(f"{name} {100 * sum(found) / len(found):.1f} %" for name, found in right.items())
    print(f"{title}: {shares} of {len(cases)}", flush=True)


def typed(prompt: str) -> str:
    """What stands before the cursor in its line: the prompt is pinned at the line's start."""
    return prompt[prompt.rfind("\n") + 1 :]


def most_recent_line(case: Case) -> str:
    """The rest of the last line above that starts with what is typed; of a block, its first line."""
    start = typed(case["prompt"])
    for line in reversed(case["prompt"].split("\n")[:-1]):
        if line.startswith(start) and line[len(start) :].strip():
            return line[len(start) :]
    return ""


class Completer(ABC):
    """What the n-gram model and the language model share: the prompt, healing, and where an answer ends."""

    def __init__(self, encoder: Tokenizer, context: int) -> None:
        self.encoder = encoder
        self.context = context
        self.bytes = tokenizer.token_bytes(encoder)
        self.ends_line = [piece.endswith(b"\n") for piece in self.bytes]

    def encode(self, text: str) -> list[int]:
        return self.encoder.encode(text, add_special_tokens=False).ids

    def answer(self, case: Case) -> str:
        before, start, held = self.parts(case)
        lines = case["kind"] == "multi-line"
        limit = BLOCK_TOKENS if lines else LINE_TOKENS
        following = self.start(before, start, case["suffix"], limit)
        written = b""
        for _ in range(limit):
            token = following(self.allowed(held[len(written) :]) if len(written) < len(held) else None)
            if token == END:
                break
            written += self.bytes[token]
            if not lines and b"\n" in written[len(held) :]:
                break
        text = written[len(held) :].decode(errors="replace")
        return text if lines else text.partition("\n")[0]

    def parts(self, case: Case) -> tuple[str, str, bytes]:
        """The prompt up to the pin, the typed text that is sent, and the piece at its end that is held back."""
        start = typed(case["prompt"])
        pieces = self.encoder.pre_tokenizer.pre_tokenize_str(start)
        cut = pieces[-1][1][0] if pieces else 0
        return case["prompt"][: len(case["prompt"]) - len(start)], start[:cut], start[cut:].encode()

    def allowed(self, held: bytes) -> list[int]:
        """The tokens that go on with a text that has to come next, whole or its beginning; indentation stays as typed."""

        def agrees(piece: bytes) -> bool:
            deeper = held.isspace() and piece[len(held) : len(held) + 1].isspace()
            return held.startswith(piece) or piece.startswith(held) and not deeper

        return [token for token, piece in enumerate(self.bytes) if piece and agrees(piece)]

    @abstractmethod
    def start(self, prefix: str, written: str, suffix: str, room: int) -> Callable[[list[int] | None], int]:
        """A function that takes the tokens allowed next (None for all) and gives the one that follows."""


class LanguageModel(Completer):
    # A model in training has no table yet.
    mixture: ngrams.Mixture | None = None

    def __init__(self, folder: Path, context: int) -> None:
        self.model, encoder = export.load(folder)
        super().__init__(encoder, context)
        table = folder / "model.ngrams"
        if table.exists():
            self.mixture = ngrams.Mixture(*ngrams.read(table), encoder)

    def start(self, prefix: str, written: str, suffix: str, room: int) -> Callable[[list[int] | None], int]:
        cache = []
        pending = self.prompt(prefix, written, suffix, room)
        seen: list[int] = []

        def following(allowed: list[int] | None) -> int:
            nonlocal pending
            seen.extend(pending)
            says = self.model.next_logits(torch.tensor([pending]), cache)[0].softmax(-1).numpy()
            if self.mixture:
                says = self.mixture.probabilities(seen, says)
            token = int(says.argmax()) if allowed is None else allowed[int(says[allowed].argmax())]
            pending = [token]
            return token

        return following

    def prompt(self, prefix: str, written: str, suffix: str, room: int) -> list[int]:
        """The tokens of a prompt that leaves some room in the context; a quarter of it is suffix at most."""
        room = self.context - room
        tail = [MIDDLE, *self.encode(written)]
        after = self.whole_lines(self.encode(suffix), room // 4, first=True)
        before = self.whole_lines(self.encode(prefix), room - len(tail) - len(after) - 2, first=False)
        return [PREFIX, *before, SUFFIX, *after, *tail]

    @torch.inference_mode()
    def bits(self, case: Case) -> float:
        """How many bits the solution and its end take, a character: tells models apart that are seldom right."""
        before, start, held = self.parts(case)
        given = self.prompt(before, start, case["suffix"], LINE_TOKENS)
        text = held.decode() + case["canonical_solution"]
        tokens = torch.tensor([[*given, *self.encode(text), END]])
        losses = self.model.losses(tokens[:, :-1], tokens[:, 1:])[0, len(given) - 1 :]
        return losses.sum().item() / math.log(2) / len(text)

    def whole_lines(self, tokens: list[int], room: int, first: bool) -> list[int]:
        """The first or last lines of a text that fit into a number of tokens."""
        if len(tokens) <= room:
            return tokens
        ends = [number + 1 for number, token in enumerate(tokens) if self.ends_line[token]]
        if first:
            return tokens[: max((end for end in ends if end <= room), default=room)]
        return tokens[min((end for end in ends if len(tokens) - end <= room), default=len(tokens)) :]


class Ngrams(Completer):
    """The most frequent follower of the longest known context, in the prompt first and then in the training set."""

    def __init__(self, config: Config, context: int) -> None:
        super().__init__(tokenizer.load(tokenizer.path(config)), context)
        tokens = fim.load(config, "train").tokens[:NGRAM_TOKENS].astype(np.uint64)
        self.tables = {order: followers(tokens, order) for order in ORDERS}

    def start(self, prefix: str, written: str, suffix: str, room: int) -> Callable[[list[int] | None], int]:
        history = self.encode(prefix) + self.encode(written)
        seen: dict[tuple[int, ...], int] = {}
        learned = 0

        def following(allowed: list[int] | None) -> int:
            nonlocal learned
            for place in range(max(learned, 1), len(history)):
                for order in ORDERS:
                    if place >= order - 1:
                        seen[tuple(history[place - order + 1 : place])] = history[place]
            learned = len(history)
            for order in ORDERS:
                known = tuple(history[len(history) - order + 1 :])
                for token in (seen.get(known), look_up(self.tables[order], known)):
                    if token is not None and (allowed is None or token in allowed):
                        history.append(token)
                        return token
            # Nothing is known: the longest token that agrees with what is typed, or the end.
            token = END if allowed is None else max(allowed, key=lambda token: len(self.bytes[token]))
            history.append(token)
            return token

        return following


# Sorted hashes of contexts, and the most frequent follower of each.
Table = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def followers(tokens: NDArray[np.uint64], order: int) -> Table:
    """Contexts of `order - 1` tokens that occur with one follower at least twice."""
    contexts = np.zeros(len(tokens) - order + 1, np.uint64)
    for place in range(order - 1):
        contexts = mixed(contexts, tokens[place : len(tokens) - order + 1 + place])
    following = tokens[order - 1 :]
    rank = np.lexsort((following, contexts))
    contexts, following = contexts[rank], following[rank]
    changes = np.flatnonzero((contexts[1:] != contexts[:-1]) | (following[1:] != following[:-1])) + 1
    starts = np.concatenate([[0], changes])
    counts = np.diff(np.concatenate([starts, [len(contexts)]]))
    starts, counts = starts[counts > 1], counts[counts > 1]
    contexts, following = contexts[starts], following[starts]
    rank = np.lexsort((counts, contexts))
    last = np.flatnonzero(np.concatenate([contexts[rank][1:] != contexts[rank][:-1], [True]]))
    return contexts[rank][last], following[rank][last]


def look_up(table: Table, context: tuple[int, ...]) -> int | None:
    key = np.zeros(1, np.uint64)
    for token in context:
        key = mixed(key, np.array([token], np.uint64))
    place = int(np.searchsorted(table[0], key[0]))
    return int(table[1][place]) if place < len(table[0]) and table[0][place] == key[0] else None


def mixed(hashes: NDArray[np.uint64], tokens: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (hashes ^ (tokens + np.uint64(1))) * np.uint64(0x9E3779B97F4A7C15) ^ (hashes >> np.uint64(29))


def each(lines: Iterable[str]) -> Iterator[dict]:
    """The cases that `fimble eval --each` prints, before its figures."""
    return (json.loads(line) for line in lines if line.startswith("{"))


if __name__ == "__main__":
    main()
