"""Fixtures that the tests of every editor share: fimble, an empty home folder, a project."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from completions import Completions, serve

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = REPOSITORY / "tests/repositories"

Environment = dict[str, str]
Statistics = Callable[[], dict[str, int]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-screenshots", action="store_true", help="write the screenshots into editors/screenshots")


@pytest.fixture(scope="session")
def fimble() -> Path:
    """The program under test."""
    path = Path(os.environ.get("FIMBLE", REPOSITORY / "target/release/fimble")).resolve()
    if not path.is_file():
        pytest.exit(f"there is no {path}; start the tests with tests/run editors, which builds it", returncode=1)
    return path


@pytest.fixture
def home(fimble: Path, tmp_path: Path) -> Environment:
    """The environment of a user who has an empty home folder, and `fimble` on the PATH."""
    folder = tmp_path / "home"
    programs = folder / ".local/bin"
    programs.mkdir(parents=True)
    (programs / "fimble").symlink_to(fimble)
    return {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / ".config"),
        "XDG_DATA_HOME": str(folder / ".local/share"),
        "XDG_STATE_HOME": str(folder / ".local/state"),
        "XDG_CACHE_HOME": str(folder / ".cache"),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def completions(home: Environment) -> Iterator[Completions]:
    """A scripted server of completions. The user's `fimble.toml` names it, so that it makes every suggestion."""
    with serve() as server:
        server.configure(Path(home["XDG_CONFIG_HOME"]))
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A git repository with Python modules at the top and Rust modules in `src`."""
    folder = tmp_path / "project"
    shutil.copytree(SAMPLES / "cherrypy/cherrypy/lib", folder)
    (folder / "src").mkdir()
    for module in (SAMPLES / "sea-query/src").glob("*.rs"):
        shutil.copy(module, folder / "src")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


@pytest.fixture
def statistics(fimble: Path, home: Environment) -> Statistics:
    """A function that returns the counts of this home folder, summed over languages and models."""

    def read() -> dict[str, int]:
        command = [str(fimble), "stats", "--json"]
        output = subprocess.run(command, env=home, check=True, capture_output=True, text=True).stdout
        rows = json.loads(output)["rows"]
        counts = ("shown", "accepted", "partly_accepted", "typed_over", "characters")
        return {count: sum(row[count] for row in rows) for count in counts}

    return read


@pytest.fixture
def screenshots(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder for screenshots."""
    updating = request.config.getoption("--update-screenshots")
    folder = REPOSITORY / "editors/screenshots" if updating else tmp_path / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
