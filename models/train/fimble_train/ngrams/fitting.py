"""Fits the gate to a model on the middles of held-out rows."""

from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fimble_train.data.fim import Blocks
from fimble_train.data.tokenizer import END, MIDDLE, PREFIX
from fimble_train.model import export
from fimble_train.model.llama import Model
from fimble_train.ngrams.gate import Gate
from fimble_train.ngrams.mixture import Mixture
from fimble_train.ngrams.table import Table
from fimble_train.settings import Config

POSITIONS = 24_000  # tokens of held-out middles


def fit(config: Config, folder: Path, table: Table) -> Gate:
    model, encoder = export.load(folder)
    mixture = Mixture(table, Gate.zero(), encoder)
    rows, probabilities = [], []
    for prompt, of_next, token in islice(middles(config, model), POSITIONS):
        guesses, row = mixture.guesses(prompt, of_next)
        rows.append(row)
        probabilities.append([of_next[token], *(guess.get(token, 0.0) if guess else -1.0 for guess in guesses)])
    further = torch.tensor([row.further for row in rows])[:, None]
    below, known, same = torch.tensor([[row.below, row.table, row.prompt] for row in rows]).T
    shares = torch.tensor(np.array(probabilities, np.float32))
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


def middles(config: Config, model: Model) -> Iterator[tuple[list[int], NDArray[np.float32], int]]:
    """For each token of the middles of held-out rows: the tokens before it, the model's probabilities, and the token."""
    blocks = Blocks.of(config, "validation")
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
                probabilities = model(torch.tensor([row]))[0].softmax(-1).numpy()
            for at in range(first, len(row)):
                yield row[:at], probabilities[at - 1], row[at]
