"""Completion with a language model, and its n-gram table if it has one."""

import math
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from fimble_train.data.tokenizer import END, MIDDLE, PREFIX, SUFFIX
from fimble_train.evaluation.cases import Case
from fimble_train.evaluation.completer import LINE_TOKENS, Completer, NextToken
from fimble_train.model import export
from fimble_train.model.llama import CausalModel
from fimble_train.ngrams import file as ngrams_file
from fimble_train.ngrams.mixture import Mixture


class LanguageModel(Completer):
    def __init__(self, model: CausalModel, encoder: Tokenizer, context: int, mixture: Mixture | None = None) -> None:
        super().__init__(encoder, context)
        self.model = model
        self.mixture = mixture

    @staticmethod
    def load(folder: Path, context: int) -> "LanguageModel":
        """An exported model. A model in training has no table yet."""
        model, encoder = export.load(folder)
        table = folder / "model.ngrams"
        mixture = Mixture(*ngrams_file.read(table), encoder) if table.exists() else None
        return LanguageModel(model, encoder, context, mixture)

    def start(self, prefix: str, written: str, suffix: str, room: int) -> NextToken:
        cache: list[Any] = []
        pending = self.prompt(prefix, written, suffix, room)
        seen: list[int] = []

        def following(allowed: list[int] | None) -> int:
            nonlocal pending
            seen.extend(pending)
            probabilities = self.model.next_logits(torch.tensor([pending]), cache)[0].softmax(-1).numpy()
            if self.mixture:
                probabilities = self.mixture.probabilities(seen, probabilities)
            token = int(probabilities.argmax()) if allowed is None else allowed[int(probabilities[allowed].argmax())]
            pending = [token]
            return token

        return following

    def prompt(self, prefix: str, written: str, suffix: str, room: int) -> list[int]:
        """The tokens of a prompt that leaves `room` tokens of the context. At most a quarter of it is suffix."""
        room = self.context - room
        tail = [MIDDLE, *self.encode(written)]
        after = self.whole_lines(self.encode(suffix), room // 4, first=True)
        before = self.whole_lines(self.encode(prefix), room - len(tail) - len(after) - 2, first=False)
        return [PREFIX, *before, SUFFIX, *after, *tail]

    @torch.inference_mode()
    def bits(self, case: Case) -> float:
        """The bits of the solution and its end, for each character. They tell apart models that are seldom right."""
        before, start, held = self.parts(case)
        given = self.prompt(before, start, case["suffix"], LINE_TOKENS)
        text = held.decode() + case["canonical_solution"]
        tokens = torch.tensor([[*given, *self.encode(text), END]])
        losses = self.model.losses(tokens[:, :-1], tokens[:, 1:])[0, len(given) - 1 :]
        return losses.sum().item() / math.log(2) / len(text)

    def whole_lines(self, tokens: list[int], room: int, first: bool) -> list[int]:
        """The first or last lines of a text that fit into `room` tokens."""
        if len(tokens) <= room:
            return tokens
        ends = [number + 1 for number, token in enumerate(tokens) if self.ends_line[token]]
        if first:
            return tokens[: max((end for end in ends if end <= room), default=room)]
        return tokens[min((end for end in ends if len(tokens) - end <= room), default=len(tokens)) :]
