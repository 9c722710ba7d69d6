"""Texts and shapes that several tests use."""

import json
from pathlib import Path

from safetensors.torch import save_file
from tokenizers import Tokenizer

from fimble_train.model import export
from fimble_train.model.llama import Model
from fimble_train.settings import Shape

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


def exported(folder: Path, encoder: Tokenizer) -> Path:
    """A model of random weights."""
    folder.mkdir()
    encoder.save(str(folder / "tokenizer.json"))
    save_file({name: weight.half() for name, weight in Model(SHAPE).state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(export.llama_config(SHAPE)))
    return folder
