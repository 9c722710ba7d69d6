"""Trains the tokenizer: byte-level BPE with Qwen2.5-Coder's special tokens and pre-tokenizer, without contractions.

Every digit is a token of its own, and an indentation is one token. Without the English contractions, Rust's `'static`
is one piece. Writes tokenizer.json into the folder of the run.
"""

import json
import random
from argparse import ArgumentParser, Namespace
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from fimble_train.data import splits
from fimble_train.settings import Config, add_config

SPECIAL = [
    "<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
]  # fmt: skip
END, PREFIX, MIDDLE, SUFFIX, PAD, REPOSITORY, FILE = range(len(SPECIAL))
PIECES = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SAMPLE = 40_000_000  # characters of each language in which merges are counted


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)


def main(options: Namespace) -> None:
    config = Config.load(options.config)
    tokenizer = byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=config.shape.vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=10,
        show_progress=False,
    )
    tokenizer.train_from_iterator(sample(config), trainer)
    tokenizer.save(str(config.tokenizer))
    size = tokenizer.get_vocab_size()
    if size != config.shape.vocabulary:
        raise SystemExit(f"the data yields only {size} tokens: lower the vocabulary in {options.config}")
    for language, text in {
        "rust": "    pub fn name(&'static self) -> Option<&str> {\n",
        "python": "        return self.name\n",
    }.items():
        print(language, [tokenizer.decode([token]) for token in tokenizer.encode(text).ids])


def byte_level(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    split = pre_tokenizers.Split(Regex(PIECES), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def sample(config: Config) -> list[str]:
    """The same amount of every language, from the whole training set."""
    room = {"rust": SAMPLE, "python": SAMPLE}
    texts = []
    files = splits.read(config.sources, "train")
    random.Random(0).shuffle(files)
    for file in files:
        if room[file.language] > 0:
            room[file.language] -= len(file.text)
            texts.append(file.text)
    return texts


def load(file: Path) -> Tokenizer:
    """A tokenizer for source code. The name of a special token in a source file is plain text to it."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.encode_special_tokens = True
    return tokenizer


def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes of each token; special tokens have none."""
    alphabet = byte_alphabet()
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    table = [b""] * (max(vocabulary.values()) + 1)
    for text, token in vocabulary.items():
        if text not in SPECIAL:
            table[token] = bytes(alphabet[character] for character in text)
    return table


def byte_alphabet() -> dict[str, int]:
    """GPT-2's printable characters for bytes: printable Latin-1 bytes stay, the others follow from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + n): byte for n, byte in enumerate(others)}
