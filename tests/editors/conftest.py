"""What every editor's tests start from: the server, an empty home folder, a real project."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption(
        "--update-screenshots", action="store_true", help="write the screenshots into editors/screenshots"
    )


@pytest.fixture(scope="session")
def fimble():
    """The server's binary."""
    path = Path(os.environ.get("FIMBLE", REPOSITORY / "target/release/fimble")).resolve()
    if not path.is_file():
        pytest.exit(f"there is no {path}; start the tests with tests/run editors, which builds it", returncode=1)
    return path


@pytest.fixture
def home(fimble, tmp_path):
    """The environment of a user whose home folder is empty and who has `fimble` on the PATH."""
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
def project(tmp_path):
    """A Rust crate and some Python modules, under git."""
    folder = tmp_path / "project"
    shutil.copytree(REPOSITORY / "server/completion", folder)
    for module in (REPOSITORY / "models/train").glob("*.py"):
        shutil.copy(module, folder)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


@pytest.fixture
def statistics(fimble, home):
    """A function that says what the server counted in this home folder, all rows together."""

    def read():
        command = [fimble, "stats", "--json"]
        output = subprocess.run(command, env=home, check=True, capture_output=True, text=True).stdout
        rows = json.loads(output)["rows"]
        counts = ("shown", "accepted", "partly_accepted", "typed_over", "characters")
        return {count: sum(row[count] for row in rows) for count in counts}

    return read


@pytest.fixture
def screenshots(request, tmp_path):
    """The folder for screenshots."""
    updating = request.config.getoption("--update-screenshots")
    folder = REPOSITORY / "editors/screenshots" if updating else tmp_path / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
