"""Estimates how often each candidate shape is right in time."""

import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from fimble_train.data import tokenizer
from fimble_train.evaluation.cases import Case, read
from fimble_train.evaluation.completer import LINE_TOKENS
from fimble_train.evaluation.language_model import LanguageModel
from fimble_train.model import export
from fimble_train.model.llama import Model
from fimble_train.settings import Config
from fimble_train.shapes.candidates import (
    CONTEXTS,
    NUMBERS,
    STRONG,
    TIME,
    Candidate,
    Figures,
    Results,
    export_folder,
    load,
    parameters,
    title,
)
from fimble_train.shapes.measure import Sample, log


def estimate(config: Config, trained: Config, files: list[Path], machine: str) -> Results:
    """The results from the log of `measure`, with a trained model's bits for each case."""
    measured: dict[tuple[str, str, int], list[Sample]] = defaultdict(list)
    for line in log().read_text().splitlines():
        name, numbers, length, *rest = line.split("\t")
        measured[name, numbers, int(length)].append(Sample(name, numbers, int(length), *map(float, rest)))
    cases = [case for file in files for case in read(file)]
    torch.set_num_threads(1)
    model, encoder = export.load(trained.folder / "export")
    completer = LanguageModel(model, encoder, trained.rows.context)
    # What has to be written: the piece of the typed text that is held back, and the solution.
    texts = [completer.parts(case)[2].decode() + case["canonical_solution"] for case in cases]
    bits, right = zip(*(spelled(model, completer, case) for case in cases), strict=True)
    share = sum(right) / len(cases)
    print(f"{trained.name}: {100 * share:.1f} % of {len(cases)} lines right", file=sys.stderr)
    seen = int((trained.folder / "curve.tsv").read_text().split()[-3])
    trained_loss = loss(parameters(trained.shape), seen)
    shapes = [candidate.shape for candidate in load().candidates]
    losses = {shape: loss(parameters(shape), config.training.tokens) for shape in shapes}
    # The share that a shape gets right given all the time: scaled from the trained model, and if the best had STRONG.
    strengths = [share_exponent(bits, share) / trained_loss, share_exponent(bits, STRONG) / min(losses.values())]
    candidates = []
    for shape in shapes:
        own = tokenizer.load(export_folder(shape) / "tokenizer.json")
        # The end of the text is a token too.
        lengths = [len(own.encode(text).ids) + 1 for text in texts]
        found = {}
        for numbers, (names, _) in NUMBERS.items():
            columns: list[list[Any]] = []
            for context in CONTEXTS:
                taken = measured[title(shape), numbers, context]
                decode = median(sample.decode for sample in taken)
                room = tokens_in_time(median(sample.first for sample in taken), decode)
                fits = [length <= room for length in lengths]
                rights = [
                    sum(2 ** (-strength * losses[shape] * needed) for needed, fit in zip(bits, fits, strict=True) if fit)
                    for strength in strengths
                ]
                columns.append(
                    [
                        round(median(sample.prefill for sample in taken)),
                        round(decode, 1),
                        room,
                        round(100 * sum(fits) / len(cases)),
                        *(round(100 * right / len(cases), 1) for right in rights),
                    ]
                )
            size = (export_folder(shape) / names[-1]).stat().st_size / 2**20
            found[numbers] = Figures(round(size), *zip(*columns, strict=True))
        candidates.append(Candidate(shape, found))
    return Results(date.today(), machine, candidates)


@torch.inference_mode()
def spelled(model: Model, completer: LanguageModel, case: Case) -> tuple[float, bool]:
    """The bits of the solution and its end, and whether each of its tokens is the model's likeliest."""
    before, start, held = completer.parts(case)
    given = completer.prompt(before, start, case["suffix"], LINE_TOKENS)
    written = [*completer.encode(held.decode() + case["canonical_solution"]), tokenizer.END]
    logits = model(torch.tensor([[*given, *written[:-1]]]))[0, len(given) - 1 :]
    bits = cross_entropy(logits, torch.tensor(written), reduction="sum").item() / math.log(2)
    for token, scores in zip(written, logits, strict=True):
        allowed = completer.allowed(held) if held else slice(None)
        if scores[allowed].max() > scores[token]:
            return bits, False
        held = held[len(completer.bytes[token]) :]
    return bits, True


def share_exponent(bits: Sequence[float], share: float) -> float:
    """The factor for the bits with which the probabilities, two to the minus bits, add up to the share that is right.

    It is below one: a line's likeliest tokens are right more often than sampled ones.
    """
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        expected = sum(2 ** (-middle * needed) for needed in bits) / len(bits)
        low, high = (middle, high) if expected > share else (low, middle)
    return low


def tokens_in_time(first: float, decode: float) -> int:
    """How many tokens are there in TIME, if the first and each that follows take so many milliseconds."""
    return 1 + int((TIME - first) / decode) if first <= TIME else 0


def loss(size: int, seen: int) -> float:
    """The loss that Hoffmann et al. 2022 (arXiv 2203.15556, equation 10) expect of `size` parameters after `seen` tokens.

    The constants belong to their text and vocabulary, so only ratios of losses are used here.
    """
    return 1.69 + 406.4 / size**0.34 + 410.7 / seen**0.28
