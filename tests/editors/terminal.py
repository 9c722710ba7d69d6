"""A program in a terminal of its own: a private tmux server that a test can type into, read and photograph."""

import os
import shlex
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import picture
from ansi import html
from waiting import wait_until


class Terminal:
    """`with Terminal(["hx", "a.rs"], environment, folder) as terminal: …`"""

    def __init__(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        folder: Path,
        columns: int = 100,
        rows: int = 30,
    ) -> None:
        self._socket = f"fimble-{uuid.uuid4().hex[:12]}"
        self._environment = {**environment, "COLORTERM": "truecolor", "TERM": "tmux-256color"}
        # The last screen of a program that ends stays readable, because it may say why the program ended.
        options = ["set", "-g", "remain-on-exit", "on", ";", "set", "-g", "status", "off", ";"]
        options += ["set", "-s", "escape-time", "0", ";", "set", "-g", "default-terminal", "tmux-256color", ";"]
        size = ["-x", str(columns), "-y", str(rows)]
        self._start = ["start-server", ";", *options, "new-session", "-d", *size, "-c", str(folder)]
        self._start.append(shlex.join(map(str, command)))

    def __enter__(self) -> Self:
        self._tmux(*self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._tmux("kill-server")

    def keys(self, *names: str) -> None:
        """Presses keys by tmux's names for them, such as "Escape", "Enter", "C-x" or "i"."""
        for name in names:
            self._tmux("send-keys", name.replace(";", "\\;"))

    def type(self, text: str, pause: float = 0.05) -> None:
        """Types a text key by key, with a pause in seconds after each key."""
        for character in text:
            if character == "\n":
                self.keys("Enter")
            else:
                self._tmux("send-keys", "-l", "--", character.replace(";", "\\;"))
            time.sleep(pause)

    def screen(self) -> str:
        """The screen's text, without the spaces at the ends of lines."""
        return self._tmux("capture-pane", "-p")

    def cursor(self) -> tuple[int, int]:
        """The cursor's row and column, from 0."""
        column, row = self._tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(row), int(column)

    def wait_for(self, wanted: str | Callable[[str], object], seconds: float = 60) -> None:
        """Waits until the screen shows a text, or until a function of the screen returns something true."""
        screen = ""

        def is_there() -> object:
            nonlocal screen
            screen = self.screen()
            return wanted(screen) if callable(wanted) else wanted in screen

        what = "a condition" if callable(wanted) else repr(wanted)
        wait_until(is_there, seconds, otherwise=lambda: f"waiting for {what}; the screen is\n{screen}")

    def screenshot(self, path: Path) -> None:
        """Writes a PNG of the terminal in its colours, with its cursor."""
        picture.take(html(self._tmux("capture-pane", "-p", "-e", "-N"), self.cursor()), path)

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-u", "-L", self._socket, "-f", os.devnull, *arguments]
        return subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True).stdout
