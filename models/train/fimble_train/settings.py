"""What a configuration file says, and where the data, the runs and their files lie.

    python settings.py configs/cpu.toml

prints the folders of the data and of the run, for a shell to evaluate.
"""

import os
import shlex
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

RECIPE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("FIMBLE_TRAIN_HOME", "~/.cache/fimble-train")).expanduser()


@dataclass(frozen=True)
class Sources:
    """Which crates and packages to learn from; names may hold shell wildcards."""

    name: str
    lockfile: Path
    crates: list[str]
    packages: list[str]
    standard_library: bool
    exclude: list[str]
    package_limit_mb: float
    held_out: dict[str, list[str]]

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

    context: int  # tokens of a block, and the longest prompt plus completion that is trained
    line: float  # weights of the kinds of span, see spans.py
    block: float
    word: float
    typed_lines: float  # share of spans pinned one to eight lines before the cursor's
    closers: float  # share of spans that end before the closing brackets of their line
    fragments: float  # share of word spans whose two halves are tokenized apart
    repository: float  # share of rows preceded by a snippet of another file
    middle_weight: float  # loss of a token of the middle, where any other token counts 1


@dataclass(frozen=True)
class Shape:
    """A Llama model with tied embeddings and heads of 64."""

    vocabulary: int
    layers: int
    width: int
    heads: int
    kv_heads: int
    feed_forward: int
    rope_base: float


@dataclass(frozen=True)
class Training:
    tokens: int  # in all, over all slices
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
    loaders: int  # processes that build rows; 0 builds them in the trainer
    seed: int


@dataclass(frozen=True)
class Config:
    name: str
    sources: Sources
    rows: Rows
    shape: Shape
    training: Training

    @staticmethod
    def load(path: str) -> "Config":
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
        """Where this configuration's tokenizer, tokens, checkpoints and exports lie."""
        folder = HOME / "runs" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


if __name__ == "__main__":
    chosen = Config.load(sys.argv[1])
    print(f"data={shlex.quote(str(chosen.sources.folder))} run={shlex.quote(str(chosen.folder))}")
