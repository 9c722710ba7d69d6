"""The packaged extension in the real workbench, with the real server."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import editors
from waiting import wait_until
from workbench import Workbench, install_extension

EXTENSION = Path(__file__).resolve().parents[2] / "editors/vscode"
# Suggestions of several lines, each time to their end, however slow the machine is.
LONG = {"fimble.deadlineMs": 0, "fimble.multiline": "always"}
FILE = "fim.py"
START = "\n\ndef total_length(values):\ntotal = 0\n"
# Somewhere in here the model knows how to go on.
TEXT = """for value in values:
if value is not None:
total += len(value)
return total
"""


def words(text):
    return len(text.split()) > 1


def lines(text):
    return len(text.strip("\n").splitlines()) > 1


@pytest.fixture(scope="session")
def extensions(fimble, tmp_path_factory):
    """A folder of extensions with ours in it, built, packaged and installed from its .vsix."""
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
def start(extensions, home, project):
    """Starts a workbench, with settings of the user and of the machine."""
    running = []

    def start(user=LONG, machine=None, status="ready"):
        workbench = Workbench(home, project, extensions, user, machine or {})
        running.append(workbench)
        workbench.start()
        workbench.wait_for_status(status)
        return workbench

    yield start
    for workbench in running:
        workbench.stop()


def test_a_suggestion_is_shown_accepted_and_counted(start, statistics, screenshots):
    workbench = start()
    workbench.open(FILE)
    workbench.type(START)
    suggestion = workbench.type_until(lines, TEXT)
    workbench.screenshot(screenshots / "vscode.png")
    before = workbench.text(FILE)
    workbench.keys("Tab")
    assert workbench.text(FILE).removeprefix(before) == suggestion
    workbench.keys("Control+z")
    assert workbench.text(FILE) == before, "undo takes back what was accepted, and nothing else"
    wait_until(lambda: statistics()["accepted"] == 1)
    assert statistics()["shown"] >= 1


def test_a_suggestion_is_accepted_word_by_word_and_line_by_line(start, statistics):
    workbench = start()
    workbench.open(FILE)
    workbench.type(START)
    suggestion = workbench.type_until(lambda text: lines(text) and words(text.splitlines()[0]), TEXT)
    before = workbench.text(FILE)

    workbench.keys("Control+ArrowRight")
    word = wait_until(lambda: workbench.text(FILE).removeprefix(before))
    assert suggestion.startswith(word) and "\n" not in word.strip()
    wait_until(lambda: workbench.ghost() == suggestion.removeprefix(word), otherwise=workbench.ghost)

    workbench.keys("Control+Alt+l")
    line = suggestion.splitlines()[0]
    wait_until(lambda: workbench.text(FILE).removeprefix(before).rstrip() == line, otherwise=workbench.explain)
    workbench.keys("Escape", "Control+Home")
    workbench.type("#")
    wait_until(lambda: statistics()["partly_accepted"] == 1, otherwise=lambda: str(statistics()))
    assert statistics()["accepted"] == 0


def test_a_suggestion_stays_for_those_who_type_it(start):
    workbench = start()
    workbench.open(FILE)
    workbench.type(START)
    suggestion = workbench.type_until(words, TEXT)
    for typed in range(1, 3):
        workbench.type(suggestion[typed - 1])
        wait_until(lambda: workbench.ghost() == suggestion[typed:], otherwise=workbench.ghost)


def test_a_suggestion_that_is_dismissed_goes(start, statistics):
    workbench = start()
    workbench.open(FILE)
    workbench.type(START)
    workbench.type_until(words, TEXT)
    before = workbench.text(FILE)
    # The first one closes the list of words, where the editor has opened it.
    wait_until(lambda: workbench.keys("Escape") or not workbench.ghost(), otherwise=workbench.explain)
    assert workbench.text(FILE) == before
    wait_until(lambda: statistics()["shown"] >= 1)
    assert statistics()["accepted"] == 0


def test_it_is_turned_off_for_a_language_and_everywhere_and_on_again(start, statistics):
    workbench = start()
    workbench.open(FILE)
    assert len(workbench.servers()) == 1

    workbench.menu("Turn off for python")
    workbench.wait_for_status("off for python")
    workbench.focus()
    workbench.type(START + TEXT)

    workbench.menu("Turn off everywhere")
    workbench.wait_for_status("off")
    wait_until(lambda: not workbench.servers())
    # The server has ended, so that all it counted is kept.
    assert statistics()["shown"] == 0
    assert not workbench.ghost()

    workbench.menu("Turn on everywhere")
    workbench.wait_for_status("off for python")
    workbench.menu("Turn on for python")
    workbench.wait_for_status("ready")
    workbench.focus()
    assert workbench.type_until(words, TEXT)


def test_it_is_turned_off_and_on_in_a_workspace(start, project):
    workbench = start()
    workbench.menu("Turn off in this workspace")
    wait_until(lambda: not workbench.servers())
    settings = project / ".vscode/settings.json"
    assert json.loads(settings.read_text()) == {"fimble.enabled": False}
    workbench.menu("Turn on in this workspace")
    workbench.wait_for_status("ready")
    assert json.loads(settings.read_text()) == {}


def test_no_process_runs_where_it_is_off_from_the_start(start):
    workbench = start(user={"fimble.enabled": False}, status="off")
    assert not workbench.servers()


def test_a_model_that_cannot_be_loaded_is_named_until_the_setting_is_changed(start, project):
    missing = project / "no-such-model.gguf"
    workbench = start(machine={"fimble.model": str(missing)}, status="")
    wait_until(lambda: str(missing) in workbench.status(), otherwise=workbench.explain)
    workbench.configure_machine({})
    workbench.wait_for_status("ready")


def test_models_are_listed_with_the_folders_of_those_that_are_missing(start):
    workbench = start()
    workbench.menu("Choose a model")
    workbench.listed("embedded")
    workbench.listed("not installed")
    workbench.choose("not installed")
    workbench.notified("Put the files of")


def test_statistics_and_log_can_be_read(start):
    workbench = start()
    workbench.menu("Show statistics")
    workbench.reads("Nothing is counted yet")
    workbench.menu("Open log")
    # The view stands at the end of the log, and wraps its lines.
    workbench.reads("fimble::workspace::reader")


def test_a_server_that_is_killed_comes_back_and_the_text_is_whole(start, project):
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
    workbench.keys("Enter", "Backspace", "Backspace")
    suggestion = workbench.type_until(words, TEXT)
    before = workbench.text(FILE)
    workbench.keys("Tab")
    assert workbench.text(FILE) == before + suggestion


def test_a_server_that_keeps_ending_is_given_up_with_a_reason(start):
    workbench = start(machine={"fimble.server.path": shutil.which("false")}, status="")
    workbench.notified("is not started again")
    workbench.wait_for_status("The server ended 5 times")
    workbench.configure_machine({})
    workbench.wait_for_status("ready")


def test_a_server_that_is_not_there_is_named(start, project):
    workbench = start(machine={"fimble.server.path": str(project / "missing")}, status=str(project / "missing"))
    assert "fimble.server.path" in workbench.status()
