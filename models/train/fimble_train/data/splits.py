"""Source files, and the three splits of them on disk."""

import itertools
import json
import lzma
from dataclasses import asdict, dataclass

from fimble_train.settings import Sources

SPLITS = ["test", "validation", "train"]


@dataclass(frozen=True)
class Source:
    """One file of a crate, of a Python package or of a repository."""

    package: str
    language: str  # "rust" or "python"
    path: str  # relative to the package
    text: str


def write(sources: Sources, split: str, files: list[Source]) -> None:
    with lzma.open(sources.folder / f"{split}.jsonl.xz", "wt", preset=6) as out:
        out.writelines(json.dumps(asdict(file)) + "\n" for file in files)


def read(sources: Sources, split: str) -> list[Source]:
    with lzma.open(sources.folder / f"{split}.jsonl.xz", "rt") as lines:
        return [Source(**json.loads(line)) for line in lines]


def check_disjoint(splits: dict[str, list[Source]]) -> None:
    """Exits if two splits have a text or a package in common."""
    for first, second in itertools.combinations(splits.values(), 2):
        for field in ["text", "package"]:
            common = {getattr(file, field) for file in first} & {getattr(file, field) for file in second}
            if common:
                raise SystemExit(f"two splits share a {field}: {min(common)[:80]}")
