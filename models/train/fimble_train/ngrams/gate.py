"""The gate: how much the model, the table and the prompt count at a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fimble_train.ngrams.table import LENGTHS, Guess


@dataclass(frozen=True)
class Gate:
    """The weights are the softmax of the sum of three rows. Each source chooses its row by how sure it is.

    A row has an entry for the model, the table and the prompt, in this order. The model's probabilities differ a little
    from run to run, so its row is interpolated between two rows: without this, a small difference could become a jump.
    """

    model: list[list[float]]
    table: list[list[float]]
    prompt: list[list[float]]

    MODEL: ClassVar[tuple[float, ...]] = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)  # probability of the likeliest token
    TABLE: ClassVar[tuple[float, ...]] = (0.3, 0.6, 0.9)  # the same, for each length of context
    MATCHES: ClassVar[tuple[int, ...]] = (2, 3, 4, 5, 7, 10, 16)  # tokens of the longest match in the prompt
    SHARES: ClassVar[tuple[float, ...]] = (0.5, 0.95)  # share of the likeliest token among those that followed

    @classmethod
    def model_row(cls, likeliest: float) -> tuple[int, float]:
        """The row below, and the distance to it as a share of the distance between the two rows."""
        below = min(place(cls.MODEL, likeliest), len(cls.MODEL) - 1) - 1
        return below, (likeliest - cls.MODEL[below]) / (cls.MODEL[below + 1] - cls.MODEL[below])

    @classmethod
    def table_row(cls, guess: Guess, length: int) -> int:
        """The first row is for a table that does not know the context."""
        if not guess:
            return 0
        return 1 + (length - LENGTHS[0]) * (len(cls.TABLE) + 1) + place(cls.TABLE, max(guess.values()))

    @classmethod
    def prompt_row(cls, guess: Guess, length: int) -> int:
        """The first row is for a prompt that does not repeat itself."""
        if not guess:
            return 0
        return 1 + place(cls.MATCHES, length) * (len(cls.SHARES) + 1) + place(cls.SHARES, max(guess.values()))

    @classmethod
    def sizes(cls) -> tuple[int, int, int]:
        """The number of rows of the model, the table and the prompt."""
        return (
            len(cls.MODEL),
            1 + len(LENGTHS) * (len(cls.TABLE) + 1),
            1 + (len(cls.MATCHES) + 1) * (len(cls.SHARES) + 1),
        )

    @classmethod
    def zero(cls) -> "Gate":
        """A gate with which all three count the same."""
        model, table, prompt = ([[0.0] * 3 for _ in range(size)] for size in cls.sizes())
        return cls(model, table, prompt)


def place(limits: Sequence[float], value: float) -> int:
    """How many of the limits the value reaches."""
    return sum(value >= limit for limit in limits)
