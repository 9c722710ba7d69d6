"""The configuration in editors/helix, in the real Helix with the real server."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from editors import HELIX
from terminal import Terminal
from waiting import wait_until

LANGUAGES = Path(__file__).resolve().parents[2] / "editors/helix/languages.toml"
# No suggestion is cut short, however slow the machine is.
SETTINGS = "[language-server.fimble.config]\ndeadline_ms = 0\n"
# Where a suggestion is likely. Each model has its own idea which of them it is sure about.
STARTS = (
    "from collections import default",
    "import random\nchance = random.Ran",
    "for number in numb",
    "def main():\npar",
    "words = list(WORDS.finditer(bo",
    "return indentation(lin",
    "with open(path) as fi",
    "class Point:\ndef __init__(se",
    "if indentation(line) == inden",
    'if __name__ == "__ma',
)
# And where pylsp knows several words as well: what has been typed of one begins many.
SHORT_STARTS = ("raise T", "for line in en", "if is", "text = st", "import r")

# What the menu says of the kind of an item.
OF_FIMBLE = re.compile(r" text *(?:▐.*)?$", re.MULTILINE)
OF_PYLSP = re.compile(r" (?:function|class|module|variable|param|keyword|instance) *(?:▐.*)?$", re.MULTILINE)


class Helix(Terminal):
    """Helix with a file open, and what it and fimble said to each other, from its log."""

    def __init__(self, home, folder, file="spans.py", **size):
        self.home = home
        self.log = Path(home["XDG_CACHE_HOME"]) / "helix/helix.log"
        self.file = folder / file
        self.original = self.file.read_text()
        super().__init__([HELIX, "-v", file], home, folder, **size)

    def __enter__(self):
        super().__enter__()
        self.wait_for(lambda _: "initialized" in self.log_text())
        self.keys("g", "e")
        return self

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def questions(self):
        """The questions for completion in their order: the position in the file, and the items once they are there."""
        questions, waiting = [], {}
        for direction, message in re.findall(r"fimble (->|<-) (\{.*\})$", self.log_text(), re.MULTILINE):
            message = json.loads(message)
            if message.get("method") == "textDocument/completion":
                position = message["params"]["position"]
                questions.append([position["line"], position["character"], None])
                # A server that was started again is asked with the same numbers again.
                waiting[message["id"]] = questions[-1]
            elif direction == "<-" and message.get("id") in waiting:
                result = message.get("result") or {"items": []}
                waiting.pop(message["id"])[2] = result["items"]
        return questions

    def type(self, text, pause=0.05):
        self.asked = len(self.questions())
        super().type(text, pause)

    def normal(self):
        """Leaves the menu and insert mode. A key right after Escape would be taken for one pressed with Alt."""
        self.keys("Escape")
        self.wait_for(" NOR ")

    def offer(self):
        """What fimble's item would insert, when it can be seen in the menu; None if fimble has none."""

        def answer():
            questions = self.questions()[self.asked :]
            screen = self.screen()
            cursor = re.search(r"\d+ sel +(\d+):(\d+)", screen)
            if not questions or not cursor:
                return None
            line, character, items = questions[-1]
            is_here = [line + 1, character + 1] == [int(number) for number in cursor.groups()]
            is_shown = items and re.search(re.escape(items[0]["label"][:20]) + r".*? text\b", screen)
            return items is not None and is_here and (is_shown or not items) and [items]

        try:
            items = wait_until(answer, seconds=5)
        except TimeoutError:
            # An open menu that only another server filled is filtered without asking again.
            self.normal()
            self.keys("A", "C-x")
            items = wait_until(answer, otherwise=lambda: f"{self.questions()[-3:]}\n{self.screen()}")
        for item in items[0]:
            edit = item["textEdit"]
            first, last = (edit["range"][end]["character"] for end in ("start", "end"))
            # The edit replaces the word before the cursor by one that begins like it.
            return edit["newText"][last - first :]
        return None

    def type_for_offer(self, suits=lambda text: True, starts=STARTS):
        """Types until fimble has an item that suits; returns the cursor's line before it and what the item inserts."""
        for start in starts:
            self.keys("o")
            self.type(start)
            text = self.offer()
            if text and suits(text):
                return start.split("\n")[-1], text
            self.normal()
        pytest.fail(f"no suggestion after any of {starts}; the screen is\n{self.screen()}")

    def save(self):
        """Saves and returns the file, whose old text must all be there still."""
        self.normal()
        self.type(":write\n")
        self.wait_for("written")
        text = self.file.read_text()
        assert text.startswith(self.original)
        return text.rstrip("\n")

    def server(self):
        """The process of fimble in this home folder, if there is one."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_server = (folder / "comm").read_text() == "fimble\n" and (folder / "cmdline").read_bytes()
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if is_server and f"HOME={self.home['HOME']}".encode() in environment:
                return int(folder.name)
        return None


@pytest.fixture
def configured(home):
    """The languages.toml of a user who copied ours and added a setting."""
    languages = Path(home["XDG_CONFIG_HOME"]) / "helix/languages.toml"
    languages.parent.mkdir(parents=True)
    languages.write_text(f"{LANGUAGES.read_text()}\n{SETTINGS}")
    # Without this file `:config-reload` fails.
    languages.with_name("config.toml").write_text('theme = "dark_plus"\n')
    return languages


def test_accept(home, project, configured, statistics):
    with Helix(home, project) as helix:
        before, text = helix.type_for_offer()
        helix.keys("Tab", "Enter")
        assert helix.save().endswith(before + text.rstrip())
        wait_until(lambda: statistics()["accepted"] == 1, otherwise=statistics)
        assert statistics()["shown"] >= 1


def test_type_through(home, project, configured, statistics):
    with Helix(home, project) as helix:
        before, text = helix.type_for_offer(re.compile(r"\w{3}").match)
        for typed in (1, 2):
            helix.type(text[typed - 1])
            assert helix.offer() == text[typed:]
        assert helix.save().endswith(before + text[:2])
    assert statistics()["accepted"] == 0


def test_dismiss(home, project, configured, statistics):
    with Helix(home, project) as helix:
        before, _ = helix.type_for_offer()
        helix.keys("Escape")
        helix.wait_for(lambda screen: not OF_FIMBLE.search(screen))
        assert helix.save().endswith(before)
    assert statistics()["accepted"] == 0


def test_off_and_on(home, project, configured):
    with Helix(home, project) as helix:
        before, _ = helix.type_for_offer()
        helix.normal()
        for enabled in ("false", "true"):
            configured.write_text(f"{LANGUAGES.read_text()}\n{SETTINGS}enabled = {enabled}\n")
            helix.type(":config-reload\n")
            helix.wait_for("Config refreshed")
            helix.type(":lsp-restart\n")
            if enabled == "false":
                helix.keys("o")
                helix.type(before)
                assert helix.offer() is None
                helix.normal()
            else:
                helix.type_for_offer()


def test_killed_server(home, project, configured):
    with Helix(home, project) as helix:
        before, _ = helix.type_for_offer()
        helix.normal()
        helix.keys("o")
        killed = helix.server()
        helix.type(before[:3])
        os.kill(killed, signal.SIGKILL)
        helix.type(before[3:])
        wait_until(lambda: helix.server() != killed)
        assert helix.save().splitlines()[-1].strip() == before
        helix.type(":lsp-restart\n")
        wait_until(helix.server)
        helix.keys("A")
        helix.type(" # more\n")
        helix.type_for_offer()


def test_beside_pylsp(home, project, configured, screenshots):
    home["PATH"] = f"{Path(sys.executable).parent}:{home['PATH']}"
    with Helix(home, project, columns=90, rows=20) as helix:
        helix.wait_for(lambda _: "pylsp <-" in helix.log_text())

        def beside_others(_):
            try:
                helix.wait_for(lambda screen: len(OF_PYLSP.findall(screen)) > 2, seconds=20)
            except TimeoutError:
                return False
            return len(OF_FIMBLE.findall(helix.screen())) == 1

        helix.type_for_offer(beside_others, SHORT_STARTS)
        helix.keys("Tab")
        helix.wait_for("fimble (")
        helix.screenshot(screenshots / "helix.png")
