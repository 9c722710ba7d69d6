"""Counts n-grams in the training set and keeps the most useful ones.

Only n-grams that occur in several packages are kept: the habits of one project are of no use elsewhere. A context is
worth its place by how often it occurs, times how much likelier it makes its follower than the next shorter context does
(a simple form of Stolcke's pruning by relative entropy, 1998).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fimble_train.data.tape import Tape
from fimble_train.ngrams.table import LENGTHS, MULTIPLIER, Table

FOLLOWERS = 3  # of a context, at most
LEAST = 0.1  # probability; a less likely follower is not worth an entry
RARE = 0.01  # probability of a follower that the shorter context does not know


@dataclass(frozen=True)
class Counted:
    """N-grams of one length in the order of their contexts; for one context, the likeliest follower first."""

    contexts: NDArray[np.uint64]  # the first 32 bits of the hash
    followers: NDArray[np.uint16]
    counts: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    first: NDArray[np.int64]  # where each n-gram was first seen: the position of its follower
    top: NDArray[np.int64]  # index of each context's likeliest follower

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of followers of each context."""
        return np.diff(np.concatenate([self.top, [len(self.contexts)]]))


def count(tape: Tape, entries: int) -> Table:
    """The table with at most so many entries."""
    tokens = tape.tokens.astype(np.uint64)
    file = np.zeros(len(tokens), np.int32)
    file[tape.starts[1:-1]] = 1
    file = np.cumsum(file)
    package, since = tape.packages[file], np.arange(len(tokens)) - tape.starts[file]
    states = np.zeros(len(tokens), np.uint64)
    kept: list[tuple[NDArray[Any], ...]] = []
    shorter: Counted | None = None
    short_states = states
    for length in range(1, LENGTHS[-1] + 1):
        # The same hash as `table.hashed`, of the `length` tokens before each position.
        states[length:] = (states[length:] ^ (tokens[:-length] + np.uint64(1))) * np.uint64(MULTIPLIER)
        states[length:] ^= states[length:] >> np.uint64(29)
        if length not in LENGTHS:
            continue
        total, counted = count_length(states, tokens, package, np.flatnonzero(since >= length))
        if len(counted.contexts) == 0:
            # A longer n-gram that starts with these is not in several packages either.
            break
        chosen = np.arange(len(counted.contexts)) - np.repeat(counted.top, counted.sizes) < FOLLOWERS
        worths = np.repeat(worth(counted, shorter, short_states), counted.sizes)
        kept.append((counted.contexts[chosen], counted.followers[chosen], counted.probabilities[chosen], worths[chosen]))
        print(f"{length} tokens: {total:,} n-grams, {int(chosen.sum()):,} in several packages", flush=True)
        shorter, short_states = counted, states.copy()
    contexts, followers, probabilities, worths = (np.concatenate(part) for part in zip(*kept, strict=True))
    if len(contexts) > entries:
        chosen = worths > np.partition(worths, -entries)[-entries]
        contexts, followers, probabilities = contexts[chosen], followers[chosen], probabilities[chosen]
    order = np.lexsort((-probabilities, contexts))
    shares = np.maximum(1, np.round(255 * probabilities[order])).astype(np.uint8)
    return Table(contexts[order] << np.uint64(32), followers[order], shares)


def count_length(
    states: NDArray[np.uint64], tokens: NDArray[np.uint64], package: NDArray[np.int32], positions: NDArray[np.int64]
) -> tuple[int, Counted]:
    """The number of different n-grams that end at these positions, and those in several packages."""
    # The context in 32 bits, as in the file, and then the follower.
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
    totals = np.add.reduceat(counts, np.flatnonzero(borders))
    probabilities = (counts - 0.75) / totals[np.cumsum(borders) - 1]
    good = several & (probabilities >= LEAST)
    keys, contexts, first, counts, probabilities = (array[good] for array in (keys, contexts, first, counts, probabilities))
    order = np.lexsort((-probabilities, contexts))
    keys, contexts, first, counts, probabilities = (array[order] for array in (keys, contexts, first, counts, probabilities))
    changes = contexts[1:] != contexts[:-1]
    top = np.flatnonzero(np.concatenate([np.ones(min(1, len(contexts)), bool), changes]))
    followers = (keys & np.uint64(0xFFFF)).astype(np.uint16)
    return len(starts), Counted(contexts, followers, counts, probabilities, first, top)


def worth(counted: Counted, shorter: Counted | None, short_states: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The worth of each context, from the probability that the shorter context gives to its likeliest follower."""
    expected = np.full(len(counted.top), RARE)
    if shorter is not None:
        # The shorter context at the place where this context was first seen.
        before = short_states[counted.first[counted.top]] >> np.uint64(32)
        contexts = shorter.contexts[shorter.top]
        at = np.minimum(np.searchsorted(contexts, before), len(contexts) - 1)
        known = contexts[at] == before
        same = shorter.followers[shorter.top][at] == counted.followers[counted.top]
        likeliest = shorter.probabilities[shorter.top][at]
        expected[known] = np.where(same, likeliest, np.clip(1 - likeliest, RARE, likeliest))[known]
    frequency = np.maximum.reduceat(counted.counts, counted.top)
    return frequency * np.abs(np.log(counted.probabilities[counted.top] / expected))
