"""Collects permissively licensed source files, filters them, drops near-copies and splits them by package.

Writes train.jsonl.xz, validation.jsonl.xz and test.jsonl.xz (one source file a line) and sources.tsv (name, version,
licence, split, files and characters of every crate and package) into the data folder. Run `cargo fetch` first.
"""

import random
import re
from argparse import ArgumentParser, Namespace
from collections import Counter
from dataclasses import asdict

from fimble_train.data import splits
from fimble_train.data.filters import NearCopies, normalised, refusal
from fimble_train.data.packages import Files, Package, crates, python_packages
from fimble_train.data.splits import SPLITS, Source
from fimble_train.settings import Config, add_config


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)


def main(options: Namespace) -> None:
    sources = Config.load(options.config).sources
    sources.folder.mkdir(parents=True, exist_ok=True)
    copies = NearCopies()
    dropped = Counter[str]()
    kept: dict[str, list[Source]] = {split: [] for split in SPLITS}
    table = ["name\tversion\tlicence\tlanguage\tsplit\tfiles\tcharacters"]
    for package, files in sorted([*crates(sources), *python_packages(sources)], key=priority):
        room = sources.package_limit_mb * 1e6
        used = Counter[str]()
        for path, raw in shuffled(files):
            if room <= 0:
                break
            text = normalised(raw)
            reason = refusal(path, text) or ("near-copy" if copies.seen(text) else None)
            if reason:
                dropped[reason] += 1
                continue
            room -= len(text)
            used.update(files=1, characters=len(text))
            kept[package.split].append(Source(package.name, package.language, path, text))
        table.append("\t".join(map(str, [*asdict(package).values(), used["files"], used["characters"]])))
    splits.check_disjoint(kept)
    for split, sources_of_split in kept.items():
        splits.write(sources, split, sources_of_split)
        sizes = Counter[str]()
        for file in sources_of_split:
            sizes[file.language] += len(file.text)
        listed = ", ".join(f"{size / 1e6:.1f} MB {name}" for name, size in sizes.items())
        print(f"{split}: {len(sources_of_split)} files,", listed)
    (sources.folder / "sources.tsv").write_text("\n".join(table) + "\n")
    print("dropped:", dict(dropped))


def priority(item: tuple[Package, Files]) -> tuple[int, str, list[int]]:
    """Sorts held-out packages first, so that the training set loses a near-copy; the newest of several versions first."""
    package, _ = item
    return SPLITS.index(package.split), package.name, [-int(number) for number in re.findall(r"\d+", package.version)]


def shuffled(files: Files) -> Files:
    """A fixed random order, so that the package limit does not always cut the end of the alphabet."""
    return random.Random(0).sample(files, len(files))
