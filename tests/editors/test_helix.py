"""The configuration in editors/helix, in the real Helix with the real server.

The suggestions follow a script, except in the last test.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from completions import Completions
from conftest import Environment, Statistics
from editors import HELIX
from terminal import Terminal
from waiting import wait_until

LANGUAGES = Path(__file__).resolve().parents[2] / "editors/helix/languages.toml"
SETTINGS = "[language-server.fimble.config]\n"
FILE = "locking.py"
# What is typed, and the suggestion for the rest of it.
START, REST = "from collections import def", "aultdict"
# Here pylsp has several items too.
ERROR, REST_OF_ERROR = "raise T", "imeoutError(self)"
SCRIPT = {START: REST, ERROR: REST_OF_ERROR}
# Lines that a model may continue at a place where pylsp has several items.
STARTS = ("raise T", "for line in en", "if is", "text = st", "import r")

# The menu shows the kind of each item.
OF_FIMBLE = re.compile(r" text *(?:▐.*)?$", re.MULTILINE)
OF_PYLSP = re.compile(r" (?:function|class|module|variable|param|keyword|instance) *(?:▐.*)?$", re.MULTILINE)


class Helix(Terminal):
    """Helix with a file open. Its log holds the messages between Helix and fimble."""

    def __init__(self, home: Environment, folder: Path, columns: int = 100, rows: int = 30) -> None:
        self.home = home
        self.log = Path(home["XDG_CACHE_HOME"]) / "helix/helix.log"
        self.file = folder / FILE
        self.original = self.file.read_text()
        self.asked = 0
        super().__init__([HELIX, "-v", FILE], home, folder, columns, rows)

    def __enter__(self) -> Self:
        super().__enter__()
        self.wait_until_ready(starts=1)
        self.keys("g", "e")
        return self

    def wait_until_ready(self, starts: int) -> None:
        """Waits until fimble has started this many times and has loaded its model since the last start."""

        def is_ready(_: str) -> bool:
            sessions = self.log_text().split('fimble -> {"jsonrpc":"2.0","method":"initialize",')[1:]
            return len(sessions) >= starts and '"message":"ready"' in sessions[-1]

        self.wait_for(is_ready)

    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def questions(self) -> list[list[Any]]:
        """Returns all requests for completion: line, column, and the items of the answer (None before the answer)."""
        questions: list[list[Any]] = []
        waiting = {}
        for direction, line in re.findall(r"fimble (->|<-) (\{.*\})$", self.log_text(), re.MULTILINE):
            message = json.loads(line)
            if message.get("method") == "textDocument/completion":
                position = message["params"]["position"]
                questions.append([position["line"], position["character"], None])
                # A restarted server gets requests with the same numbers again.
                waiting[message["id"]] = questions[-1]
            elif direction == "<-" and message.get("id") in waiting:
                result = message.get("result") or {"items": []}
                waiting.pop(message["id"])[2] = result["items"]
        return questions

    def type(self, text: str, pause: float = 0.05) -> None:
        self.asked = len(self.questions())
        super().type(text, pause)

    def normal(self) -> None:
        """Leaves the menu and insert mode. Waits, because Helix takes a key right after Escape for one with Alt."""
        self.keys("Escape")
        self.wait_for(" NOR ")

    def offer(self) -> str | None:
        """Waits until fimble has answered for the cursor's place and the menu shows its item.

        Returns the text that the item would insert, or None if fimble has no item.
        """

        def answer() -> list[list[Any]] | None:
            questions = self.questions()[self.asked :]
            screen = self.screen()
            cursor = re.search(r"\d+ sel +(\d+):(\d+)", screen)
            if not questions or not cursor:
                return None
            line, character, items = questions[-1]
            is_here = [line + 1, character + 1] == [int(number) for number in cursor.groups()]
            is_shown = items and re.search(re.escape(items[0]["label"][:20]) + r".*? text\b", screen)
            return [items] if items is not None and is_here and (is_shown or not items) else None

        try:
            [items] = wait_until(answer, seconds=5)
        except TimeoutError:
            # Helix filters an open menu that only another server has filled, and does not ask again.
            self.normal()
            self.keys("A", "C-x")
            [items] = wait_until(answer, otherwise=lambda: f"{self.questions()[-3:]}\n{self.screen()}")
        if not items:
            return None
        edit = items[0]["textEdit"]
        first, last = (edit["range"][end]["character"] for end in ("start", "end"))
        # The edit replaces the word before the cursor with a word that begins with it.
        text: str = edit["newText"][last - first :]
        return text

    def begin(self, start: str = START, rest: str = REST) -> None:
        """Types `start` on a new line below the cursor's, and waits until fimble's item offers `rest`."""
        self.keys("o")
        self.type(start)
        assert self.offer() == rest

    def is_beside_pylsp(self, screen: str) -> bool:
        return len(OF_PYLSP.findall(screen)) > 2 and len(OF_FIMBLE.findall(screen)) == 1

    def save(self) -> str:
        """Saves and returns the file, in which the old text must be whole."""
        self.normal()
        self.type(":write\n")
        self.wait_for("written")
        text = self.file.read_text()
        assert text.startswith(self.original)
        return text.rstrip("\n")

    def server(self) -> int | None:
        """Returns the id of this home folder's fimble process, if there is one."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_server = (folder / "comm").read_text() == "fimble\n" and (folder / "cmdline").read_bytes()
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if is_server and f"HOME={self.home['HOME']}".encode() in environment:
                return int(folder.name)
        return None


Configure = Callable[[str], None]


@pytest.fixture
def configure(home: Environment) -> Configure:
    """A function that writes the languages.toml of a user who copied ours and added settings."""
    languages = Path(home["XDG_CONFIG_HOME"]) / "helix/languages.toml"
    languages.parent.mkdir(parents=True)
    # Without this file `:config-reload` fails.
    languages.with_name("config.toml").write_text('theme = "dark_plus"\n')

    def configure(settings: str) -> None:
        languages.write_text(f"{LANGUAGES.read_text()}\n{SETTINGS}{settings}\n")

    configure("")
    return configure


@pytest.fixture
def scripted(completions: Completions, configure: Configure) -> None:
    """Suggestions follow SCRIPT."""
    completions.script = SCRIPT


@pytest.fixture
def pylsp(home: Environment) -> None:
    """The user has pylsp on the PATH."""
    home["PATH"] = f"{Path(sys.executable).parent}:{home['PATH']}"


@pytest.mark.usefixtures("scripted")
def test_accept(home: Environment, project: Path, statistics: Statistics) -> None:
    with Helix(home, project) as helix:
        helix.begin()
        helix.keys("Tab", "Enter")
        assert helix.save().endswith(START + REST)
        wait_until(lambda: statistics()["accepted"] == 1, otherwise=statistics)
        assert statistics()["shown"] >= 1


@pytest.mark.usefixtures("scripted")
def test_type_through(home: Environment, project: Path, statistics: Statistics) -> None:
    with Helix(home, project) as helix:
        helix.begin()
        for typed in (1, 2):
            helix.type(REST[typed - 1])
            assert helix.offer() == REST[typed:]
        assert helix.save().endswith(START + REST[:2])
    assert statistics()["accepted"] == 0


@pytest.mark.usefixtures("scripted")
def test_dismiss(home: Environment, project: Path, statistics: Statistics) -> None:
    with Helix(home, project) as helix:
        helix.begin()
        helix.keys("Escape")
        helix.wait_for(lambda screen: not OF_FIMBLE.search(screen))
        assert helix.save().endswith(START)
    assert statistics()["accepted"] == 0


@pytest.mark.usefixtures("scripted")
def test_off_and_on(home: Environment, project: Path, configure: Configure) -> None:
    with Helix(home, project) as helix:
        helix.begin()
        helix.normal()
        for enabled in ("false", "true"):
            configure(f"enabled = {enabled}")
            helix.type(":config-reload\n")
            helix.wait_for("Config refreshed")
            helix.type(":lsp-restart\n")
            if enabled == "false":
                helix.keys("o")
                helix.type(START)
                assert helix.offer() is None
                helix.normal()
            else:
                helix.wait_until_ready(starts=3)
                helix.begin()


@pytest.mark.usefixtures("scripted")
def test_killed_server(home: Environment, project: Path) -> None:
    with Helix(home, project) as helix:
        helix.begin()
        helix.normal()
        helix.keys("o")
        killed = helix.server()
        assert killed
        helix.type(START[:3])
        os.kill(killed, signal.SIGKILL)
        helix.type(START[3:])
        wait_until(lambda: helix.server() != killed)
        assert helix.save().splitlines()[-1].strip() == START
        helix.type(":lsp-restart\n")
        helix.wait_until_ready(starts=2)
        helix.keys("A")
        helix.type(" # more\n")
        helix.begin()


@pytest.mark.usefixtures("scripted", "pylsp")
def test_beside_pylsp(home: Environment, project: Path) -> None:
    with Helix(home, project) as helix:
        helix.wait_for(lambda _: "pylsp <-" in helix.log_text())
        helix.begin(ERROR, REST_OF_ERROR)
        helix.wait_for(helix.is_beside_pylsp)
        helix.keys("Tab")
        helix.wait_for("fimble (")


@pytest.mark.usefixtures("pylsp")
def test_the_embedded_model_makes_a_suggestion_that_can_be_accepted(
    home: Environment, project: Path, configure: Configure, screenshots: Path
) -> None:
    # Every suggestion is shown, however unsure the model is and however slow the machine.
    configure("min_confidence = 0\ndeadline_ms = 0")
    with Helix(home, project, columns=90, rows=20) as helix:
        helix.wait_for(lambda _: "pylsp <-" in helix.log_text())
        for start in STARTS:
            helix.keys("o")
            helix.type(start)
            text = helix.offer()
            if text and text.strip():
                break
            helix.normal()
        assert text, helix.screen()
        helix.wait_for(helix.is_beside_pylsp)
        helix.keys("Tab")
        helix.wait_for("fimble (embedded)")
        helix.screenshot(screenshots / "helix.png")
        helix.keys("Enter")
        assert helix.save().endswith(start + text.rstrip())
