"""Baselines: the most recent line with the same start, and an n-gram model of the training set."""

import numpy as np
from numpy.typing import NDArray

from fimble_train.data import tape, tokenizer
from fimble_train.data.tokenizer import END
from fimble_train.evaluation.cases import Case, typed
from fimble_train.evaluation.completer import Completer, NextToken
from fimble_train.settings import Config

ORDERS = range(6, 1, -1)  # of the n-grams, longest first
NGRAM_TOKENS = 20_000_000  # tokens of the training tape in which n-grams are counted

# Sorted hashes of contexts, and the most frequent follower of each.
Table = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def most_recent_line(case: Case) -> str:
    """The rest of the last line above that starts with the typed text; for a block, its first line."""
    start = typed(case["prompt"])
    for line in reversed(case["prompt"].split("\n")[:-1]):
        if line.startswith(start) and line[len(start) :].strip():
            return line[len(start) :]
    return ""


class Ngrams(Completer):
    """The most frequent follower of the longest known context, in the prompt first and then in the training set."""

    def __init__(self, config: Config, context: int) -> None:
        super().__init__(tokenizer.load(config.tokenizer), context)
        tokens = tape.load(config, "train").tokens[:NGRAM_TOKENS].astype(np.uint64)
        self.tables = {order: followers(tokens, order) for order in ORDERS}

    def start(self, prefix: str, written: str, suffix: str, room: int) -> NextToken:
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
            # No context is known: take the longest token that agrees with the typed text, or the end.
            token = END if allowed is None else max(allowed, key=lambda token: len(self.bytes[token]))
            history.append(token)
            return token

        return following


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
    """The hashes of contexts with one more token each."""
    return (hashes ^ (tokens + np.uint64(1))) * np.uint64(0x9E3779B97F4A7C15) ^ (hashes >> np.uint64(29))
