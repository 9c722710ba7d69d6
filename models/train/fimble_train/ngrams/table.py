"""The table: contexts of 2 to 6 tokens, and the likeliest tokens after each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LENGTHS = range(2, 7)  # tokens of a context
MULTIPLIER = 0x9E3779B97F4A7C15
MASK = 2**64 - 1

# The probabilities of some next tokens, according to one source.
Guess = dict[int, float]


@dataclass(frozen=True)
class Table:
    """Entries in the order of their contexts' hashes; for one context, the likeliest follower first."""

    hashes: NDArray[np.uint64]  # of the context; the lower 32 bits are 0
    followers: NDArray[np.uint16]
    probabilities: NDArray[np.uint8]  # in 255ths

    def guess(self, history: list[int]) -> tuple[Guess, int]:
        """The followers of the longest known context, and its length.

        Shorter contexts share the probability that the longest one leaves open.
        """
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
                    shorter = {token: left * share for token, share in found[0].items() if token not in said}
                    found = (said | shorter, length)
        return found


def hashed(state: int, token: int) -> int:
    """The hash of a context with one more token. Tokens come last to first, so a longer context continues a shorter hash."""
    state = (state ^ (token + 1)) * MULTIPLIER & MASK
    return state ^ state >> 29
