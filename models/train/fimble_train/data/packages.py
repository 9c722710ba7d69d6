"""Collects permissively licensed source, filters it, drops near-copies and splits it by crate and package.

    python data.py configs/cpu.toml

Writes `train`, `validation` and `test.jsonl.xz` (one file of source a line) and `sources.tsv` (name, version, licence,
split, files, bytes of every crate and package) into the data folder.
"""

import fnmatch
import itertools
import json
import lzma
import os
import platform
import random
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from settings import HOME, RECIPE, Config, Sources

PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0", "NCSA",
    "PSF-2.0", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "Zlib",
}  # fmt: skip
SPLITS = ["test", "validation", "train"]
# Copies of other projects, under licences of their own.
VENDORED = re.compile(r"(^|/)(_?vendor(ed)?|_?extern(al|s)?|third_party|site-packages)/")
GENERATED = re.compile(
    r"@generated|do not (edit|modify)|auto(matically|-)? ?generated|generated (by|from|with)|bindgen", re.IGNORECASE
)


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str
    language: str
    split: str


@dataclass(frozen=True)
class Source:
    package: str
    language: str
    path: str
    text: str


def main() -> None:
    sources = Config.load(sys.argv[1]).sources
    sources.folder.mkdir(parents=True, exist_ok=True)
    packages = sorted(
        [*crates(sources), *python_packages(sources)],
        # Held-out files come first, so that a near-copy is dropped from the training set and not from the test set; of
        # several versions, the newest.
        key=lambda item: (SPLITS.index(item[0].split), item[0].name, [-int(n) for n in re.findall(r"\d+", item[0].version)]),
    )
    copies = NearCopies()
    dropped = Counter()
    kept: dict[str, list[Source]] = {split: [] for split in SPLITS}
    table = ["name\tversion\tlicence\tlanguage\tsplit\tfiles\tcharacters"]
    for package, files in packages:
        room = sources.package_limit_mb * 1e6
        used = Counter()
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
    check_disjoint(kept)
    for split, files in kept.items():
        with lzma.open(sources.folder / f"{split}.jsonl.xz", "wt", preset=6) as out:
            out.writelines(json.dumps(asdict(file)) + "\n" for file in files)
        sizes = Counter()
        for file in files:
            sizes[file.language] += len(file.text)
        print(f"{split}: {len(files)} files,", ", ".join(f"{size / 1e6:.1f} MB {name}" for name, size in sizes.items()))
    (sources.folder / "sources.tsv").write_text("\n".join(table) + "\n")
    print("dropped:", dict(dropped))


def read(sources: Sources, split: str) -> list[Source]:
    with lzma.open(sources.folder / f"{split}.jsonl.xz", "rt") as lines:
        return [Source(**json.loads(line)) for line in lines]


def crates(sources: Sources) -> Iterator[tuple[Package, list[tuple[str, bytes]]]]:
    """The crates of the lock file, which `cargo fetch` puts into cargo's home, and those of rust.txt."""
    registry = Path(os.environ.get("CARGO_HOME", "~/.cargo")).expanduser() / "registry" / "src"
    locked = [crate for crate in tomllib.loads(sources.lockfile.read_text())["package"] if "source" in crate]
    names = [(crate["name"], crate["version"]) for crate in locked if wanted(crate["name"], sources.crates, sources)]
    more = [(name, version) for name, version, _ in pinned("rust.txt") if wanted(name, sources.crates, sources)]
    fetch([crate for crate in more if not any(registry.glob("*/{}-{}".format(*crate)))])
    for name, version in [*names, *more]:
        folder = next(registry.glob(f"*/{name}-{version}"), None)
        if folder is None:
            raise SystemExit(f"{name} {version} is not on disk: run `cargo fetch` first")
        manifest = tomllib.loads((folder / "Cargo.toml").read_text())["package"]
        licence = manifest.get("license", "")
        if permissive(licence):
            files = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(folder.rglob("*.rs"))]
            yield package(sources, name, version, licence, "rust"), files


def fetch(names: list[tuple[str, str]]) -> None:
    """Has cargo put crates on disk by asking it about each, since to fetch them as dependencies they would have to agree on theirs."""
    for name, version in names:
        print("fetching", name, version, flush=True)
        # Away from the workspace, whose lock file has a say otherwise.
        subprocess.run(["cargo", "info", "--quiet", f"{name}@{version}"], cwd=HOME, stdout=subprocess.DEVNULL, check=True)


def python_packages(sources: Sources) -> Iterator[tuple[Package, list[tuple[str, bytes]]]]:
    """The wheels of the pinned requirements, read without installing them, and the standard library."""
    chosen = [pin for pin in pinned("python.txt") if wanted(pin[0], sources.packages, sources) and permissive(pin[2])]
    wheels = HOME / "wheels"
    names = [f"{name}=={version}" for name, version, _ in chosen if not find_wheel(wheels, name, version)]
    if names:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", wheels, *names],
            check=True,
        )
    for name, version, licence in chosen:
        with zipfile.ZipFile(find_wheel(wheels, name, version)) as archive:
            files = [(path, archive.read(path)) for path in sorted(archive.namelist()) if path.endswith(".py")]
        yield package(sources, name, version, licence, "python"), files
    if sources.standard_library:
        folder = Path(sysconfig.get_path("stdlib"))
        paths = [path for path in sorted(folder.rglob("*.py")) if "lib2to3/tests/data" not in path.as_posix()]
        files = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths]
        yield package(sources, "cpython", platform.python_version(), "PSF-2.0", "python"), files


def find_wheel(wheels: Path, name: str, version: str) -> Path | None:
    return next(wheels.glob(f"{name.replace('-', '_')}-{version}-*.whl"), None)


def pinned(listed: str) -> list[tuple[str, str, str]]:
    """Name, version and licence of each line of a list in `sources`."""
    return re.findall(r"^(\S+)==(\S+)  # (.+)$", (RECIPE / "sources" / listed).read_text(), re.MULTILINE)


def wanted(name: str, patterns: list[str], sources: Sources) -> bool:
    return matches(name, patterns) and not matches(name, sources.exclude)


def matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def package(sources: Sources, name: str, version: str, licence: str, language: str) -> Package:
    split = next((split for split, patterns in sources.held_out.items() if matches(name, patterns)), "train")
    return Package(name, version, licence, language, split)


def permissive(expression: str) -> bool:
    """Whether an SPDX expression can be satisfied with permissive licences only; old crates write `/` for `OR`."""
    expression = re.sub(r" WITH [\w.-]+", "", expression).replace("/", " OR ").replace("(", " ( ").replace(")", " ) ")
    words = {"OR": "or", "AND": "and", "(": "(", ")": ")"}
    python = " ".join(words.get(word, str(word in PERMISSIVE)) for word in expression.split())
    return bool(python) and eval(python, {"__builtins__": {}})  # only or, and, brackets and booleans are left


def shuffled(files: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """In an order that the package limit cuts at random, not at the end of the alphabet."""
    return random.Random(0).sample(files, len(files))


def normalised(raw: bytes) -> str:
    """Line feeds only and no trailing blanks, as formatters leave a file; empty if it is not UTF-8."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return ""
    return "".join(line.rstrip() + "\n" for line in text.lstrip("\ufeff").splitlines())


def refusal(path: str, text: str) -> str | None:
    """Why a file teaches nothing, if it does not."""
    if VENDORED.search(path):
        return "vendored"
    if not 200 <= len(text) <= 200_000:
        return "size"
    if GENERATED.search(text[:1000]):
        return "generated"
    lines = text.split("\n")
    if max(map(len, lines)) > 1000 or len(text) / len(lines) > 80:
        return "long lines"
    letters = sum(map(str.isalpha, text))
    if letters < 0.4 * len(text.replace(" ", "")) or sum(map(str.isdigit, text)) > 0.2 * letters:
        return "table"
    if len(zlib.compress(text.encode(), 1)) < 0.1 * len(text):
        return "repetitive"
    return None


class NearCopies:
    """Remembers the lines of the files kept so far; a file is a near-copy if most of its lines are known."""

    def __init__(self) -> None:
        self.lines: set[int] = set()

    def seen(self, text: str) -> bool:
        """Short lines do not count: brackets and common statements are everybody's."""
        lines = {hash(line) for line in map(str.strip, text.split("\n")) if len(line) >= 20}
        if len(lines & self.lines) > 0.5 * len(lines):
            return True
        self.lines |= lines
        return False


def check_disjoint(kept: dict[str, list[Source]]) -> None:
    """No text is in two splits, and no package."""
    for first, second in itertools.combinations(kept.values(), 2):
        for field in ["text", "package"]:
            common = {getattr(file, field) for file in first} & {getattr(file, field) for file in second}
            if common:
                raise SystemExit(f"two splits share a {field}: {min(common)[:80]}")


if __name__ == "__main__":
    main()
