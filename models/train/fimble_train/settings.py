"""Prints where the data and the run of a configuration are.

The output is two shell assignments, `data=...` and `run=...`, for a script to evaluate.
"""

import os
import shlex
import tomllib
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

# The folder of the recipe, with `configs` and `sources`.
RECIPE = Path(__file__).resolve().parents[1]
HOME = Path(os.environ.get("FIMBLE_TRAIN_HOME", "~/.cache/fimble-train")).expanduser()


@dataclass(frozen=True)
class Sources:
    """Which crates and packages to learn from; names may contain shell wildcards."""

    name: str
    lockfile: Path
    crates: list[str]
    packages: list[str]
    standard_library: bool
    exclude: list[str]
    package_limit_mb: float  # million characters of one package, at most
    held_out: dict[str, list[str]]  # patterns of the packages in the splits `validation` and `test`

    @staticmethod
    def load(path: Path) -> "Sources":
        fields = tomllib.loads(path.read_text())
        fields["lockfile"] = path.parent / fields["lockfile"]
        return Sources(**fields)

    @property
    def folder(self) -> Path:
        return HOME / "data" / self.name


@dataclass(frozen=True)
class Rows:
    """How files become training rows; shares are between 0 and 1."""

    context: int  # tokens in a block, which is also the longest prompt plus completion in training
    line: float  # relative frequency of each kind of span (spans.py)
    block: float
    word: float
    typed_lines: float  # share of spans pinned one to eight lines before the cursor's line
    closers: float  # share of spans that end before the closing brackets of their line
    fragments: float  # share of word spans whose two halves are tokenized separately
    repository: float  # share of rows that start with a snippet of another file
    middle_weight: float  # weight of a middle token in the loss; other tokens have weight 1


@dataclass(frozen=True)
class Shape:
    """A Llama model with tied embeddings and heads of 64 elements."""

    vocabulary: int
    layers: int
    width: int
    heads: int
    kv_heads: int
    feed_forward: int
    rope_base: float


@dataclass(frozen=True)
class Training:
    tokens: int  # in total, over all slices
    batch: int  # blocks in an optimizer step
    micro_batch: int  # blocks in a forward pass
    muon_rate: float
    adamw_rate: float
    weight_decay: float
    warm_up: int  # steps
    decay: float  # share of the steps in which the rate falls to zero
    checkpoint_minutes: float
    validation_blocks: int
    compile: bool
    loaders: int  # processes that build rows; with 0, the trainer builds them itself
    seed: int


@dataclass(frozen=True)
class Config:
    name: str
    sources: Sources
    rows: Rows
    shape: Shape
    training: Training

    @staticmethod
    def load(path: str | Path) -> "Config":
        fields = tomllib.loads(Path(path).read_text())
        return Config(
            name=Path(path).stem,
            sources=Sources.load(RECIPE / "sources" / f"{fields['sources']}.toml"),
            rows=Rows(**fields["rows"]),
            shape=Shape(**fields["shape"]),
            training=Training(**fields["training"]),
        )

    @property
    def folder(self) -> Path:
        """The tokenizer, tapes, checkpoints and exports of this configuration."""
        folder = HOME / "runs" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def tokenizer(self) -> Path:
        return self.folder / "tokenizer.json"


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)


def main(options: Namespace) -> None:
    config = Config.load(options.config)
    print(f"data={shlex.quote(str(config.sources.folder))} run={shlex.quote(str(config.folder))}")


def add_config(parser: ArgumentParser) -> None:
    """Adds the argument that most commands start with."""
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a configuration file, such as configs/cpu.toml")
