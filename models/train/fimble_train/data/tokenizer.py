"""Byte-level BPE with the special tokens of Qwen2.5-Coder and its pre-tokenizer, less the English contractions.

    python tokenizer.py configs/cpu.toml

Digits stand alone and an indentation is one token. Without the contractions, Rust's `'static` is one piece.
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import data
from settings import Config

SPECIAL = [
    "<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
]  # fmt: skip
END, PREFIX, MIDDLE, SUFFIX, PAD, REPOSITORY, FILE = range(len(SPECIAL))
PIECES = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SAMPLE = 40_000_000  # characters of each language that merges are counted in


def main() -> None:
    config = Config.load(sys.argv[1])
    tokenizer = byte_level(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=config.shape.vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=10,
        show_progress=False,
    )
    tokenizer.train_from_iterator(sample(config), trainer)
    tokenizer.save(str(path(config)))
    size = tokenizer.get_vocab_size()
    if size != config.shape.vocabulary:
        raise SystemExit(f"the data gives only {size} tokens: lower the vocabulary")
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
    """The same amount of every language, from all over the training set."""
    room = {"rust": SAMPLE, "python": SAMPLE}
    texts = []
    files = data.read(config.sources, "train")
    random.Random(0).shuffle(files)
    for file in files:
        if room[file.language] > 0:
            room[file.language] -= len(file.text)
            texts.append(file.text)
    return texts


def path(config: Config) -> Path:
    return config.folder / "tokenizer.json"


def load(file: Path) -> Tokenizer:
    """Special tokens in a source file are text: `encode` must be called on text without them being recognised."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.encode_special_tokens = True
    return tokenizer


def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """What each token stands for; special tokens stand for nothing."""
    alphabet = byte_alphabet()
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    table = [b""] * (max(vocabulary.values()) + 1)
    for text, token in vocabulary.items():
        if text not in SPECIAL:
            table[token] = bytes(alphabet[character] for character in text)
    return table


def byte_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins: printable Latin-1 bytes are themselves, the others follow from U+0100 on."""
    itself = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in itself]
    return {chr(byte): byte for byte in itself} | {chr(0x100 + n): byte for n, byte in enumerate(others)}


if __name__ == "__main__":
    main()
