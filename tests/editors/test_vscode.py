"""The packaged extension in the real workbench, with the real server.

The suggestions follow a script, except in the last test.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import editors
from completions import Completions
from conftest import Environment, Statistics
from waiting import wait_until
from workbench import Workbench, install_extension

EXTENSION = Path(__file__).resolve().parents[2] / "editors/vscode"
FILE = "locking.py"
# The keys that begin a function, and the suggestion for the rest of it.
START = "\n\ndef total_length(values):\n"
REST = "total = 0\n    for value in values:\n        total += len(value)\n    return total"
SCRIPT = {"def total_length(values):\n    ": REST}

Start = Callable[..., Workbench]


@pytest.fixture(scope="session")
def extensions(fimble: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our extension, which was built, packaged and installed from its .vsix."""
    folder = tmp_path_factory.mktemp("vscode")
    vsix = folder / "fimble.vsix"
    environment = {
        **os.environ,
        "FIMBLE": str(fimble),
        "PATH": f"{editors.HOME}/vscode/node/node_modules/.bin:{os.environ['PATH']}",
    }
    for command in ["npm ci", f"npm run package -- --target linux-x64 --out {vsix}"]:
        subprocess.run(command.split(), cwd=EXTENSION, env=environment, check=True)
    install_extension(vsix, folder / "extensions", {**os.environ, "HOME": str(folder)})
    return folder / "extensions"


@pytest.fixture
def start_workbench(extensions: Path, home: Environment, project: Path) -> Iterator[Start]:
    """A function that starts a workbench, with user settings and machine settings."""
    running: list[Workbench] = []

    def start(
        user: Mapping[str, Any] | None = None, machine: Mapping[str, Any] | None = None, status: str = "ready"
    ) -> Workbench:
        workbench = Workbench(home, project, extensions, user or {}, machine or {})
        running.append(workbench)
        workbench.start()
        workbench.wait_for_status(status)
        return workbench

    yield start
    for workbench in running:
        workbench.stop()


@pytest.fixture
def start(start_workbench: Start, completions: Completions) -> Start:
    """The same, with suggestions that follow SCRIPT."""
    completions.script = SCRIPT
    return start_workbench


def begin(workbench: Workbench) -> None:
    """Begins a function at the end of the file and waits for the suggestion REST."""
    workbench.type(START)
    workbench.shows(REST)


def test_a_suggestion_is_shown_accepted_and_counted(start: Start, statistics: Statistics) -> None:
    workbench = start()
    workbench.open(FILE)
    begin(workbench)
    before = workbench.text(FILE)
    workbench.keys("Tab")
    assert workbench.text(FILE) == before + REST
    workbench.keys("Control+z")
    assert workbench.text(FILE) == before, "undo takes back the accepted suggestion and nothing else"
    wait_until(lambda: statistics()["accepted"] == 1)
    assert statistics()["shown"] >= 1


def test_a_suggestion_is_accepted_word_by_word_and_line_by_line(start: Start, statistics: Statistics) -> None:
    workbench = start()
    workbench.open(FILE)
    begin(workbench)
    before = workbench.text(FILE)

    workbench.keys("Control+ArrowRight")
    word = wait_until(lambda: workbench.text(FILE).removeprefix(before))
    assert word.strip() == "total"
    workbench.shows(REST.removeprefix(word))

    workbench.keys("Control+Alt+l")
    line = REST.splitlines()[0]
    wait_until(lambda: workbench.text(FILE).removeprefix(before).rstrip() == line, otherwise=workbench.explain)
    workbench.keys("Escape", "Control+Home")
    workbench.type("#")
    wait_until(lambda: statistics()["partly_accepted"] == 1, otherwise=lambda: str(statistics()))
    assert statistics()["accepted"] == 0


def test_a_suggestion_stays_while_it_is_typed(start: Start) -> None:
    workbench = start()
    workbench.open(FILE)
    begin(workbench)
    for typed in range(1, 3):
        workbench.type(REST[typed - 1])
        workbench.shows(REST[typed:])


def test_a_suggestion_that_is_dismissed_goes(start: Start, statistics: Statistics) -> None:
    workbench = start()
    workbench.open(FILE)
    begin(workbench)
    before = workbench.text(FILE)

    def is_dismissed() -> bool:
        # If VS Code has opened its list of words, the first key closes the list.
        workbench.keys("Escape")
        return not workbench.ghost()

    wait_until(is_dismissed, otherwise=workbench.explain)
    assert workbench.text(FILE) == before
    wait_until(lambda: statistics()["shown"] >= 1)
    assert statistics()["accepted"] == 0


def test_it_is_turned_off_for_a_language_and_everywhere_and_on_again(start: Start, statistics: Statistics) -> None:
    workbench = start()
    workbench.open(FILE)
    assert len(workbench.servers()) == 1

    workbench.menu("Turn off for python")
    workbench.wait_for_status("off for python")
    workbench.focus()
    workbench.type(START)

    workbench.menu("Turn off everywhere")
    workbench.wait_for_status("off")
    wait_until(lambda: not workbench.servers())
    # The server has ended, so it has saved everything that it counted.
    assert statistics()["shown"] == 0
    assert not workbench.ghost()

    workbench.menu("Turn on everywhere")
    workbench.wait_for_status("off for python")
    workbench.menu("Turn on for python")
    workbench.wait_for_status("ready")
    workbench.focus()
    workbench.keys("Control+a", "Delete")
    begin(workbench)


def test_it_is_turned_off_and_on_in_a_workspace(start: Start, project: Path) -> None:
    workbench = start()
    workbench.menu("Turn off in this workspace")
    wait_until(lambda: not workbench.servers())
    settings = project / ".vscode/settings.json"
    assert json.loads(settings.read_text()) == {"fimble.enabled": False}
    workbench.menu("Turn on in this workspace")
    workbench.wait_for_status("ready")
    assert json.loads(settings.read_text()) == {}


def test_no_process_runs_where_it_is_off_from_the_start(start: Start) -> None:
    workbench = start(user={"fimble.enabled": False}, status="off")
    assert not workbench.servers()


def test_a_model_that_cannot_be_loaded_is_named_until_the_setting_is_changed(start: Start, project: Path) -> None:
    missing = project / "no-such-model.gguf"
    workbench = start(machine={"fimble.model": str(missing)}, status="")
    wait_until(lambda: str(missing) in workbench.status(), otherwise=workbench.explain)
    workbench.configure_machine({})
    workbench.wait_for_status("ready")


def test_models_are_listed_with_the_folders_of_those_that_are_missing(start: Start) -> None:
    workbench = start()
    workbench.menu("Choose a model")
    workbench.listed("embedded")
    workbench.listed("not installed")
    workbench.choose("not installed")
    workbench.notified("Put the files of")


def test_statistics_and_log_can_be_read(start: Start) -> None:
    workbench = start()
    workbench.menu("Show statistics")
    workbench.reads("Nothing is counted yet")
    workbench.menu("Open log")
    # The view shows the end of the log and wraps its lines.
    workbench.reads("fimble::workspace::reader")


def test_a_killed_server_is_restarted_and_loses_no_text(start: Start) -> None:
    workbench = start()
    workbench.open(FILE)
    before = workbench.text(FILE)
    [server] = workbench.servers()
    workbench.type("\n\n# one two ")
    os.kill(server, signal.SIGKILL)
    workbench.type("three four")
    workbench.wait_for_status("ready")
    wait_until(lambda: workbench.servers() not in ([], [server]))
    assert workbench.text(FILE) == before + "\n\n# one two three four"
    begin(workbench)
    before = workbench.text(FILE)
    workbench.keys("Tab")
    assert workbench.text(FILE) == before + REST


def test_a_server_that_keeps_ending_is_given_up_with_a_reason(start: Start) -> None:
    workbench = start(machine={"fimble.server.path": shutil.which("false")}, status="")
    workbench.notified("is not started again")
    workbench.wait_for_status("The server ended 5 times")
    workbench.configure_machine({})
    workbench.wait_for_status("ready")


def test_a_missing_server_is_named(start: Start, project: Path) -> None:
    workbench = start(machine={"fimble.server.path": str(project / "missing")}, status=str(project / "missing"))
    assert "fimble.server.path" in workbench.status()


def test_the_embedded_model_makes_a_suggestion_that_can_be_accepted(start_workbench: Start, screenshots: Path) -> None:
    # Every suggestion is shown, however unsure the model is and however slow the machine.
    workbench = start_workbench({"fimble.minConfidence": 0, "fimble.deadlineMs": 0, "fimble.multiline": "always"})
    workbench.open(FILE)
    workbench.type("\n\ndef total_length(values):\ntotal = 0")
    suggestion = workbench.type_until_suggestion("\nfor value in values")
    workbench.screenshot(screenshots / "vscode.png")
    before = workbench.text(FILE)
    workbench.keys("Tab")
    assert workbench.text(FILE).removeprefix(before) == suggestion
