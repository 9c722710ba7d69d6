"""The mixture of model, table and prompt. server/inference/src/ngrams computes the same."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from fimble_train.data import tokenizer
from fimble_train.data.tokenizer import END, MIDDLE, PREFIX, SUFFIX
from fimble_train.ngrams.gate import Gate
from fimble_train.ngrams.table import Guess, Table

LONGEST_MATCH = 16  # tokens


@dataclass(frozen=True)
class Rows:
    """The rows of the gate at one token."""

    below: int  # the model's lower row
    further: float  # the distance to it, between 0 and 1
    table: int
    prompt: int


class Mixture:
    def __init__(self, table: Table, gate: Gate, encoder: Tokenizer) -> None:
        self.table = table
        self.gate = gate
        self.shorter = line_ends(tokenizer.token_bytes(encoder))

    def probabilities(self, prompt: list[int], model: NDArray[np.float32]) -> NDArray[np.float32]:
        guesses, rows = self.guesses(prompt, model)
        low, high = np.array(self.gate.model[rows.below]), np.array(self.gate.model[rows.below + 1])
        model_row = (1 - rows.further) * low + rows.further * high
        sums = model_row + self.gate.table[rows.table] + self.gate.prompt[rows.prompt]
        weights = np.exp(sums - max(sums)) * [True, bool(guesses[0]), bool(guesses[1])]
        weights /= weights.sum()
        mixed = model * weights[0]
        for guess, weight in zip(guesses, weights[1:], strict=True):
            for token, probability in guess.items():
                mixed[token] += weight * probability
        return mixed

    def guesses(self, prompt: list[int], model: NDArray[np.float32]) -> tuple[tuple[Guess, Guess], Rows]:
        """The guesses of the table and of the prompt, and the rows of the gate."""
        sources, history = segments(prompt)
        known, context = self.table.guess(history)
        same, length = repeated(sources, history)
        below, further = Gate.model_row(float(model.max()))
        rows = Rows(below, further, Gate.table_row(known, context), Gate.prompt_row(same, length))
        return (self.shared(normalised(known), model), self.shared(same, model)), rows

    def shared(self, guess: Guess, model: NDArray[np.float32]) -> Guess:
        """The guess with each line end shared between its two tokens.

        Table and prompt do not know whether the answer ends with the line, so the model decides.
        """
        shared: Guess = defaultdict(float)
        for token, probability in guess.items():
            other = self.shorter[token]
            goes_on = float(model[token]) / max(float(model[token] + model[other]), 1e-30) if other != token else 1.0
            shared[token] += probability * goes_on
            shared[other] += probability * (1 - goes_on)
        return shared


def repeated(sources: list[list[int]], history: list[int]) -> tuple[Guess, int]:
    """The tokens that followed the last tokens elsewhere in the prompt, and the longest match. Longer matches count more."""
    votes: Guess = defaultdict(float)
    longest = 0
    for source in sources:
        if len(source) < 2 or not history:
            continue
        for end in (np.flatnonzero(np.array(source)[:-1] == history[-1]) + 1).tolist():
            length = match_length(source, end, history)
            votes[source[end]] += 4.0**length
            longest = max(longest, length)
    total = sum(votes.values())
    return {token: vote / total for token, vote in votes.items()}, longest


def match_length(source: list[int], end: int, history: list[int]) -> int:
    """How many tokens before `end` equal the last tokens of the history; the last one does."""
    limit = min(LONGEST_MATCH, end, len(history))
    length = 1
    while length < limit and source[end - 1 - length] == history[-1 - length]:
        length += 1
    return length


def normalised(guess: Guess) -> Guess:
    total = sum(guess.values())
    return {token: probability / total for token, probability in guess.items()}


def line_ends(pieces: list[bytes]) -> list[int]:
    """For each token that ends a line, the token without the line end, or the end of text if nothing else is left.

    All other tokens map to themselves.
    """
    tokens = {piece: token for token, piece in enumerate(pieces) if piece}
    shorter = list(range(len(pieces)))
    for token, piece in enumerate(pieces):
        if piece.endswith(b"\n"):
            rest = piece.rstrip()
            shorter[token] = tokens.get(rest, token) if rest else END
    return shorter


def segments(prompt: list[int]) -> tuple[list[list[int]], list[int]]:
    """The texts of a prompt, and the history before the next token: the file up to the pin, then the text typed since."""
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
