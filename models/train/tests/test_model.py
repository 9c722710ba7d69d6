"""The network and its GGUF file compute what Llama computes."""

import pytest
import torch
from samples import SHAPE

from fimble_train.model import gguf_file
from fimble_train.model.llama import Cache, Model, causal_attention


def test_cached_evaluation_gives_the_same_logits() -> None:
    torch.manual_seed(0)
    model = Model(SHAPE).eval()
    tokens = torch.randint(0, SHAPE.vocabulary, (1, 12))
    cache: Cache = []
    steps = [model.next_logits(part, cache) for part in tokens.split([8, 1, 1, 1, 1], 1)]
    torch.testing.assert_close(torch.stack(steps, 1), model(tokens)[:, 7:])


@pytest.mark.parametrize("length", [1, 128, 300])
def test_attention_in_pieces_reads_what_attention_reads(length: int) -> None:
    query, key, value = torch.randn(2, 6, length, 64), *torch.randn(2, 2, 2, length, 64)
    whole = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(causal_attention(query, key, value), whole)


def test_ggufs_order_of_rows_gives_the_same_attention() -> None:
    query, key = torch.randn(2, 5, 64)
    angles = torch.outer(torch.arange(5.0), 10000.0 ** -(torch.arange(0, 64, 2) / 64))

    def halves(x: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(torch.complex(*x.chunk(2, -1)) * torch.polar(torch.ones(5, 32), angles)).flatten(-2)

    def pairs(x: torch.Tensor) -> torch.Tensor:
        rotated = torch.view_as_complex(x.unflatten(-1, (32, 2)).contiguous()) * torch.polar(torch.ones(5, 32), angles)
        return torch.view_as_real(rotated).flatten(-2)

    def reordered(x: torch.Tensor) -> torch.Tensor:
        return gguf_file.interleaved(x.mT).mT

    torch.testing.assert_close(pairs(reordered(query)) @ pairs(reordered(key)).mT, halves(query) @ halves(key).mT)
