"""A Llama model whose parameters have the names of the Hugging Face layout, so a state dict can be saved as it is.

Shapes: B blocks, T tokens, D width, H heads, K key-value heads, 64 elements in a head.
"""

from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fimble_train.settings import Shape

HEAD = 64
EPSILON = 1e-6
QUERIES = 128  # in a piece of causal attention

# Keys and values of one layer for the tokens evaluated so far, each B×K×T×64.
LayerCache = tuple[Tensor, Tensor]
Cache = list[LayerCache]
# Cosines and sines of the rotary embedding, each T×64.
Rotation = tuple[Tensor, Tensor]


class CausalModel(Protocol):
    """A model that evaluation and fine-tuning can use: `Model`, or one of transformers' with adapters."""

    def next_logits(self, tokens: Tensor, cache: list[Any]) -> Tensor:
        """B×vocabulary logits of the token after B×T more tokens. The cache starts as an empty list."""
        ...

    def losses(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """The loss of each of B×T targets, in nats; a target is the token that follows."""
        ...


class Model(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                # Matrices that write into the residual stream start smaller in a deeper model.
                shrink = (2 * shape.layers) ** -0.5 if name.endswith(("o_proj.weight", "down_proj.weight")) else 1.0
                nn.init.normal_(parameter, std=shrink * shape.width**-0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """B×T tokens to B×T×vocabulary logits. The embedding is also the head."""
        return F.linear(self.model(tokens, None), self.model.embed_tokens.weight)

    def next_logits(self, tokens: Tensor, cache: Cache) -> Tensor:
        """B×vocabulary logits of the token after B×T more tokens, without gradients; the head runs on the last token."""
        with torch.inference_mode():
            return F.linear(self.model(tokens, cache)[:, -1], self.model.embed_tokens.weight)

    def losses(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """B×T tokens and the tokens that follow them to the loss of each, in nats."""
        return F.cross_entropy(self(tokens).flatten(0, 1).float(), targets.flatten(), reduction="none").view_as(targets)


class Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.rope_base = shape.rope_base
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, EPSILON)

    def forward(self, tokens: Tensor, cache: Cache | None) -> Tensor:
        start = cache[0][0].shape[2] if cache else 0
        rotation = self.rotation(start, tokens.shape[1], tokens.device)
        x = self.embed_tokens(tokens)
        evaluated: Cache = []
        for number, layer in enumerate(self.layers):
            x, layer_cache = layer(x, rotation, cache[number] if cache else None)
            evaluated.append(layer_cache)
        if cache is not None:
            cache[:] = evaluated
        return self.norm(x)

    def rotation(self, start: int, length: int, device: torch.device) -> Rotation:
        """The rotary embedding in Hugging Face's order: two halves, not pairs."""
        frequencies = self.rope_base ** -(torch.arange(0, HEAD, 2, device=device).float() / HEAD)
        angles = torch.outer(torch.arange(start, start + length, device=device).float(), frequencies).repeat(1, 2)
        return angles.cos(), angles.sin()


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(shape.width, EPSILON)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = nn.RMSNorm(shape.width, EPSILON)
        self.mlp = FeedForward(shape)

    def forward(self, x: Tensor, rotation: Rotation, cache: LayerCache | None) -> tuple[Tensor, LayerCache]:
        attended, evaluated = self.self_attn(self.input_layernorm(x), rotation, cache)
        x = x + attended
        return x + self.mlp(self.post_attention_layernorm(x)), evaluated


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.q_proj = nn.Linear(shape.width, shape.heads * HEAD, bias=False)
        self.k_proj = nn.Linear(shape.width, shape.kv_heads * HEAD, bias=False)
        self.v_proj = nn.Linear(shape.width, shape.kv_heads * HEAD, bias=False)
        self.o_proj = nn.Linear(shape.heads * HEAD, shape.width, bias=False)

    def forward(self, x: Tensor, rotation: Rotation, cache: LayerCache | None) -> tuple[Tensor, LayerCache]:
        query, key, value = (
            projection(x).unflatten(-1, (-1, HEAD)).transpose(1, 2) for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        query, key = rotated(query, rotation), rotated(key, rotation)
        if cache is not None:
            key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
        # With a cache, tokens come one at a time, and that token may see everything.
        attended = (
            causal_attention(query, key, value)
            if cache is None
            else F.scaled_dot_product_attention(query, key, value, enable_gqa=True)
        )
        return self.o_proj(attended.transpose(1, 2).flatten(2)), (key, value)


class FeedForward(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.down_proj = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


def rotated(x: Tensor, rotation: Rotation) -> Tensor:
    cosine, sine = rotation
    left, right = x.chunk(2, -1)
    return (x * cosine + torch.cat([-right, left], -1) * sine).type_as(x)


def causal_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention of T queries, B×H×T×64, each to the keys up to its own, B×K×T×64."""
    if query.is_cuda:
        return F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    # PyTorch's CPU kernel takes two fifths of a training step. Attention in pieces skips the keys that are masked out and
    # takes half of that time.
    query = query.unflatten(1, (key.shape[1], -1))
    attended = []
    for start in range(0, key.shape[2], QUERIES):
        piece = query[:, :, :, start : start + QUERIES]
        end = start + piece.shape[3]
        scores = piece.flatten(2, 3) @ key[:, :, :end].mT
        later = torch.full((piece.shape[3], end), -torch.inf, device=key.device).triu(1 + start)
        scores = scores.unflatten(2, piece.shape[2:4]).float() * HEAD**-0.5 + later
        read = scores.softmax(-1).type_as(value).flatten(2, 3) @ value[:, :, :end]
        attended.append(read.unflatten(2, piece.shape[2:4]))
    return torch.cat(attended, 3).flatten(1, 2)
