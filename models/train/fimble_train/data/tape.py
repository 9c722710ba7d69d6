"""Tokenizes the training and validation splits: all files of a split become one tape of tokens.

Writes train.npz and validation.npz into the folder of the run.
"""

import random
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from fimble_train.data import splits, tokenizer
from fimble_train.data.splits import Source
from fimble_train.settings import Config, add_config


@dataclass(frozen=True)
class Tape:
    tokens: NDArray[Any]  # u16, or u32 for a vocabulary of more than 65,536 tokens
    starts: NDArray[np.int64]  # the start of each file, and the end of the last
    packages: NDArray[np.int32]  # the package of each file, as an index into `names`
    paths: list[str]
    names: list[str]

    def file_at(self, position: int) -> int:
        return int(np.searchsorted(self.starts, position, "right")) - 1


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)


def main(options: Namespace) -> None:
    config = Config.load(options.config)
    for split in ["train", "validation"]:
        tape = build(config, split)
        characters = sum(len(file.text) for file in splits.read(config.sources, split))
        print(f"{split}: {len(tape.tokens) / 1e6:.1f}M tokens, {characters / len(tape.tokens):.2f} characters a token")


def build(config: Config, split: str) -> Tape:
    files = splits.read(config.sources, split)
    random.Random(config.training.seed).shuffle(files)
    tape = tape_of(files, tokenizer.load(config.tokenizer))
    np.savez(config.folder / f"{split}.npz", **vars(tape))
    return tape


def tape_of(files: list[Source], encoder: Tokenizer) -> Tape:
    dtype = np.uint16 if encoder.get_vocab_size() <= 2**16 else np.uint32
    encoded: list[NDArray[Any]] = []
    for start in range(0, len(files), 256):
        batch = encoder.encode_batch_fast([file.text for file in files[start : start + 256]], add_special_tokens=False)
        encoded += [np.array(encoding.ids, dtype) for encoding in batch]
    names = sorted({file.package for file in files})
    index = {name: number for number, name in enumerate(names)}
    return Tape(
        tokens=np.concatenate(encoded),
        starts=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        packages=np.array([index[file.package] for file in files], np.int32),
        paths=[file.path for file in files],
        names=names,
    )


def load(config: Config, split: str) -> Tape:
    with np.load(config.folder / f"{split}.npz") as fields:
        return Tape(**{name: fields[name] if fields[name].dtype.kind != "U" else fields[name].tolist() for name in fields})
