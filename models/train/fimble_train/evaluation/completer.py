"""Completes cases token by token, as the server does: prompt, healing, and the end of an answer.

Healing deals with half-typed words: the last piece of the typed text is removed from the prompt, and the first tokens of
the answer have to begin with it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from tokenizers import Tokenizer

from fimble_train.data import tokenizer
from fimble_train.data.tokenizer import END
from fimble_train.evaluation.cases import Case, typed

LINE_TOKENS = 48
BLOCK_TOKENS = 192

# Takes the tokens allowed next, None for all, and returns the next token.
NextToken = Callable[[list[int] | None], int]


class Completer(ABC):
    """The common part of the n-gram baseline and the language model."""

    def __init__(self, encoder: Tokenizer, context: int) -> None:
        self.encoder = encoder
        self.context = context
        self.bytes = tokenizer.token_bytes(encoder)
        self.ends_line = [piece.endswith(b"\n") for piece in self.bytes]

    @abstractmethod
    def start(self, prefix: str, written: str, suffix: str, room: int) -> NextToken:
        """Starts an answer of at most `room` tokens after the typed text `written`."""

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
        pre_tokenizer = self.encoder.pre_tokenizer
        pieces = pre_tokenizer.pre_tokenize_str(start) if pre_tokenizer else []
        cut = pieces[-1][1][0] if pieces else 0
        return case["prompt"][: len(case["prompt"]) - len(start)], start[:cut], start[cut:].encode()

    def allowed(self, held: bytes) -> list[int]:
        """The tokens that agree with a text that has to come next: they begin it or begin with it, at the same indentation."""

        def agrees(piece: bytes) -> bool:
            deeper = held.isspace() and piece[len(held) : len(held) + 1].isspace()
            return held.startswith(piece) or (piece.startswith(held) and not deeper)

        return [token for token, piece in enumerate(self.bytes) if piece and agrees(piece)]

    def encode(self, text: str) -> list[int]:
        return self.encoder.encode(text, add_special_tokens=False).ids
