"""The crates and Python packages to learn from, as cargo and pip bring them onto the disk."""

import fnmatch
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fimble_train.data.licences import permissive
from fimble_train.settings import HOME, RECIPE, Sources

# The path and the content of each file of a package.
Files = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str  # an SPDX expression
    language: str
    split: str


def crates(sources: Sources) -> Iterator[tuple[Package, Files]]:
    """The crates of the lock file, which `cargo fetch` has downloaded, and those of rust.txt."""
    registry = Path(os.environ.get("CARGO_HOME", "~/.cargo")).expanduser() / "registry" / "src"
    locked = [crate for crate in tomllib.loads(sources.lockfile.read_text())["package"] if "source" in crate]
    names = [(crate["name"], crate["version"]) for crate in locked if wanted(crate["name"], sources.crates, sources)]
    more = [(name, version) for name, version, _ in pinned("rust.txt") if wanted(name, sources.crates, sources)]
    download_crates([(name, version) for name, version in more if not any(registry.glob(f"*/{name}-{version}"))])
    for name, version in [*names, *more]:
        folder = next(registry.glob(f"*/{name}-{version}"), None)
        if folder is None:
            raise SystemExit(f"{name} {version} is not on disk: run `cargo fetch` first")
        manifest = tomllib.loads((folder / "Cargo.toml").read_text())["package"]
        licence = manifest.get("license", "")
        if permissive(licence):
            files = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(folder.rglob("*.rs"))]
            yield package(sources, name, version, licence, "rust"), files


def download_crates(names: list[tuple[str, str]]) -> None:
    """Downloads crates with `cargo info`.

    Cargo could also fetch them as dependencies of one crate, but then their own dependencies would have to agree.
    """
    for name, version in names:
        print("fetching", name, version, flush=True)
        # Inside the workspace, cargo would apply the workspace's lock file.
        command = ["cargo", "info", "--quiet", f"{name}@{version}"]
        subprocess.run(command, cwd=HOME, stdout=subprocess.DEVNULL, check=True)


def python_packages(sources: Sources) -> Iterator[tuple[Package, Files]]:
    """The wheels that python.txt pins, read without installing them, and the standard library."""
    chosen = [pin for pin in pinned("python.txt") if wanted(pin[0], sources.packages, sources) and permissive(pin[2])]
    wheels = HOME / "wheels"
    names = [f"{name}=={version}" for name, version, _ in chosen if not any(wheels.glob(wheel(name, version)))]
    if names:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--dest", wheels, *names], check=True)
    for name, version, licence in chosen:
        with zipfile.ZipFile(next(wheels.glob(wheel(name, version)))) as archive:
            files = [(path, archive.read(path)) for path in sorted(archive.namelist()) if path.endswith(".py")]
        yield package(sources, name, version, licence, "python"), files
    if sources.standard_library:
        folder = Path(sysconfig.get_path("stdlib"))
        paths = [path for path in sorted(folder.rglob("*.py")) if "lib2to3/tests/data" not in path.as_posix()]
        files = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths]
        yield package(sources, "cpython", platform.python_version(), "PSF-2.0", "python"), files


def wheel(name: str, version: str) -> str:
    """A pattern that the file name of a package's wheel matches."""
    return f"{name.replace('-', '_')}-{version}-*.whl"


def pinned(listed: str) -> list[tuple[str, str, str]]:
    """Name, version and licence from each line of a list in `sources`."""
    return re.findall(r"^(\S+)==(\S+)  # (.+)$", (RECIPE / "sources" / listed).read_text(), re.MULTILINE)


def wanted(name: str, patterns: list[str], sources: Sources) -> bool:
    return matches(name, patterns) and not matches(name, sources.exclude)


def matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def package(sources: Sources, name: str, version: str, licence: str, language: str) -> Package:
    split = next((split for split, patterns in sources.held_out.items() if matches(name, patterns)), "train")
    return Package(name, version, licence, language, split)
