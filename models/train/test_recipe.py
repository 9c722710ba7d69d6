"""What has to hold for the parts of the recipe to agree with each other and with the server."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models

import data
import door
import evaluate
import export
import fim
import muon
import spans
import tokenizer
from model import Model
from settings import Rows, Shape
from tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX

LIBRARY = """use std::fmt;

/// A point.
pub struct Point {
    pub x: i32,
    pub y: i32,
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Point { x, y } = self;
        write!(out, "({x}, {y})")?;
        Ok(())
    }
}

"""
PROGRAM = """use shapes::Point;

fn main() {
    let points = [Point { x: 1, y: 2 }, Point { x: 3, y: 4 }];
    for point in &points {
        println!("{point}");
    }

    println!("<|fim_middle|> is text here");
}
"""
SHAPE = Shape(vocabulary=263, layers=2, width=64, heads=2, kv_heads=1, feed_forward=96, rope_base=10000.0)
ROWS = Rows(256, line=1, block=1, word=1, typed_lines=0.5, closers=0.5, fragments=0.5, repository=0.5, middle_weight=1)


@pytest.fixture
def encoder() -> Tokenizer:
    """A token for every byte: what is tested does not depend on merges."""
    vocabulary = [*tokenizer.SPECIAL, *sorted(tokenizer.byte_alphabet())]
    encoder = tokenizer.byte_level(models.BPE({text: number for number, text in enumerate(vocabulary)}, []))
    encoder.add_special_tokens(tokenizer.SPECIAL)
    encoder.encode_special_tokens = True
    return encoder


@pytest.fixture
def blocks(encoder: Tokenizer) -> fim.Blocks:
    encoded = [encoder.encode(text).ids for text in (LIBRARY * 3, PROGRAM * 3)]
    starts = np.cumsum([0, *map(len, encoded)])
    tape = fim.Tape(np.concatenate(encoded).astype(np.uint16), starts, np.zeros(2, np.int32), ["lib.rs", "main.rs"], ["shapes"])
    return fim.Blocks(ROWS, 1, tape, encoder)


def test_rows_are_the_servers_prompt(encoder: Tokenizer, blocks: fim.Blocks) -> None:
    """Prefix, middle and suffix are a stretch of a file again, and the prompt is pinned at a line's start."""

    def text(tokens: list[int]) -> str:
        return encoder.decode(tokens, skip_special_tokens=False)

    rows = 0
    for number in range(400):
        tokens, roles = (part.tolist() for part in blocks[number])
        assert len(tokens) == len(roles) == ROWS.context + 1
        while PREFIX in tokens and END in tokens[tokens.index(PREFIX) :]:
            start = tokens.index(PREFIX)
            suffix, middle, end = (tokens.index(token, start) for token in (SUFFIX, MIDDLE, END))
            before, after, written = tokens[start + 1 : suffix], tokens[suffix + 1 : middle], tokens[middle + 1 : end]
            assert text(before + written + after) in LIBRARY * 3 + PROGRAM * 3
            assert not before or text(before).endswith("\n")
            assert set(roles[middle + 1 : end + 1]) == {fim.WRITTEN}
            if REPOSITORY in tokens[:start]:
                others = text(tokens[tokens.index(REPOSITORY) : start])
                assert others.startswith("<|repo_name|>shapes\n<|file_sep|>")
                assert others.endswith(("\n<|file_sep|>lib.rs\n", "\n<|file_sep|>main.rs\n"))
                assert tokens[:start].count(FILE) == 2
            tokens, roles = tokens[end + 1 :], roles[end + 1 :]
            rows += 1
    assert rows > 400


def test_blocks_depend_on_their_number_alone(blocks: fim.Blocks) -> None:
    first, _ = blocks[3]
    blocks[blocks.per_epoch + 3]
    assert torch.equal(blocks[3][0], first)


@pytest.mark.parametrize("kind", spans.KINDS)
def test_spans_lie_in_their_lines(kind: str) -> None:
    lines = spans.LINES.findall(LIBRARY)
    assert "".join(lines) == LIBRARY
    chance = random.Random(1)
    found = [span for at in range(len(lines)) if (span := spans.KINDS[kind](lines, at, chance))]
    assert found
    for span in found:
        middle = span.middle(lines)
        assert 0 <= span.typed < len(middle)
        assert not middle.endswith("\n")


def test_cached_evaluation_gives_the_same_logits() -> None:
    torch.manual_seed(0)
    model = Model(SHAPE).eval()
    tokens = torch.randint(0, SHAPE.vocabulary, (1, 12))
    cache = []
    steps = [model.next_logits(part, cache) for part in tokens.split([8, 1, 1, 1, 1], 1)]
    torch.testing.assert_close(torch.stack(steps, 1), model(tokens)[:, 7:])


def test_ggufs_order_of_rows_gives_the_same_attention() -> None:
    query, key = torch.randn(2, 5, 64)
    angles = torch.outer(torch.arange(5.0), 10000.0 ** -(torch.arange(0, 64, 2) / 64))

    def halves(x: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(torch.complex(*x.chunk(2, -1)) * torch.polar(torch.ones(5, 32), angles)).flatten(-2)

    def pairs(x: torch.Tensor) -> torch.Tensor:
        rotated = torch.view_as_complex(x.unflatten(-1, (32, 2)).contiguous()) * torch.polar(torch.ones(5, 32), angles)
        return torch.view_as_real(rotated).flatten(-2)

    def reordered(x: torch.Tensor) -> torch.Tensor:
        return export.interleaved(x.mT).mT

    torch.testing.assert_close(pairs(reordered(query)) @ pairs(reordered(key)).mT, halves(query) @ halves(key).mT)


def test_muon_makes_updates_orthogonal() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(muon.orthogonal(torch.randn(3, 48, 32)))
    assert values.min() > 0.5
    assert values.max() < 1.3


class Silent(evaluate.Completer):
    """Ends every answer at once."""

    def start(self, prefix: str, written: str, suffix: str, room: int) -> Callable[[list[int] | None], int]:
        return lambda allowed: END


def test_healing_allows_what_goes_on_with_the_typed_text(encoder: Tokenizer) -> None:
    completer = Silent(encoder, 64)
    completer.bytes[-3:] = [b"print", b"    ", b" let"]

    def allowed(held: bytes) -> set[bytes]:
        return {completer.bytes[token] for token in completer.allowed(held)}

    assert allowed(b"pri") == {b"p", b"print"}
    assert allowed(b" ") == {b" ", b" let"}


def test_ngrams_know_the_most_frequent_follower() -> None:
    tokens = np.array([1, 2, 3, 1, 2, 3, 1, 2, 4, 5, 6], np.uint64)
    table = evaluate.followers(tokens, 3)
    assert evaluate.look_up(table, (1, 2)) == 3
    assert evaluate.look_up(table, (5, 6)) is None


def test_large_files_go_through_the_door(tmp_path) -> None:
    file = tmp_path / "train.xz"
    file.write_bytes(random.Random(0).randbytes(3 * 2**20 + 5))
    door.split(file, tmp_path / "parts", 1)
    assert len(list((tmp_path / "parts").iterdir())) == 5
    door.join(tmp_path / "parts", tmp_path / "there" / "train.xz")
    assert (tmp_path / "there" / "train.xz").read_bytes() == file.read_bytes()
    (tmp_path / "parts" / "train.xz.001").unlink()
    with pytest.raises(SystemExit):
        door.join(tmp_path / "parts", file)


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT OR Apache-2.0", True),
        ("MIT/Apache-2.0", True),
        ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", True),
        ("(MIT OR GPL-3.0) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT AND GPL-3.0", False),
        ("MPL-2.0", False),
        ("", False),
    ],
)
def test_licences(expression: str, allowed: bool) -> None:
    assert data.permissive(expression) == allowed


def test_near_copies_are_seen() -> None:
    copies = data.NearCopies()
    assert not copies.seen(LIBRARY)
    assert not copies.seen(PROGRAM)
    assert copies.seen(LIBRARY.replace("i32", "i64"))
