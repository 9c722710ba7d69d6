"""A program in a terminal of its own: a private tmux server, which can be typed into, read and photographed."""

import os
import shlex
import subprocess
import time
import uuid

import picture
from ansi import html
from waiting import wait_until


class Terminal:
    """`with Terminal(["hx", "a.rs"], environment, folder) as terminal: …`"""

    def __init__(self, command, environment, folder, columns=100, rows=30):
        self._socket = f"fimble-{uuid.uuid4().hex[:12]}"
        self._environment = {**environment, "COLORTERM": "truecolor", "TERM": "tmux-256color"}
        # A program that ends leaves its last screen behind, for whoever wants to know why.
        options = ["set", "-g", "remain-on-exit", "on", ";", "set", "-g", "status", "off", ";"]
        options += ["set", "-s", "escape-time", "0", ";", "set", "-g", "default-terminal", "tmux-256color", ";"]
        size = ["-x", str(columns), "-y", str(rows)]
        self._start = ["start-server", ";", *options, "new-session", "-d", *size, "-c", str(folder)]
        self._start.append(shlex.join(map(str, command)))

    def __enter__(self):
        self._tmux(*self._start)
        return self

    def __exit__(self, *_):
        self._tmux("kill-server")

    def keys(self, *names):
        """Presses keys by tmux's names for them, such as "Escape", "Enter", "C-x" or "i"."""
        for name in names:
            self._tmux("send-keys", name.replace(";", "\\;"))

    def type(self, text, pause=0.05):
        """Types a text key by key, with a pause after each."""
        for character in text:
            if character == "\n":
                self.keys("Enter")
            else:
                self._tmux("send-keys", "-l", "--", character.replace(";", "\\;"))
            time.sleep(pause)

    def screen(self):
        """What can be read, without the spaces at the ends of lines."""
        return self._tmux("capture-pane", "-p")

    def cursor(self):
        """The cursor's row and column, from 0."""
        column, row = self._tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(row), int(column)

    def wait_for(self, wanted, seconds=60):
        """Waits for a text, or for what a function of the screen says, and returns the screen."""
        found = wanted if callable(wanted) else lambda screen: wanted in screen
        seen = []

        def condition():
            seen[:] = [self.screen()]
            return found(seen[0])

        what = wanted.__doc__ or wanted.__name__ if callable(wanted) else repr(wanted)
        wait_until(condition, seconds, otherwise=lambda: f"waiting for {what}; the screen is\n{seen[0]}")
        return seen[0]

    def screenshot(self, path):
        """A PNG of the terminal in its colours, with its cursor."""
        picture.take(html(self._tmux("capture-pane", "-p", "-e", "-N"), self.cursor()), path)

    def _tmux(self, *arguments):
        command = ["tmux", "-u", "-L", self._socket, "-f", os.devnull, *arguments]
        return subprocess.run(command, env=self._environment, check=True, capture_output=True, text=True).stdout
