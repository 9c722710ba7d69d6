"""VS Code's workbench in a browser: code-server with the packaged extension, for one user and one project."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Playwright, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

import editors
import picture
from waiting import wait_until

# These settings hide the views that otherwise cover a new user's window.
SETTINGS: dict[str, Any] = {
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "extensions.ignoreRecommendations": True,
    # As on a desktop. In the browser VS Code would save by itself, and not only when a test asks for it.
    "files.autoSave": "off",
}

# The key binding that the extension's README proposes.
KEYS = [
    {
        "key": "ctrl+alt+l",
        "command": "editor.action.inlineSuggest.acceptNextLine",
        "when": "inlineSuggestionVisible",
    }
]

# VS Code draws the first line of ghost text in the cursor's line, maybe in pieces, and further lines in a zone below.
GHOST = """() => {
  const text = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent);
  const first = text(".ghost-text-decoration, .ghost-text-decoration-preview").join("");
  return [first, ...text(".suggest-preview-text .view-line")].join("\\n");
}"""


def install_extension(vsix: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Installs a .vsix, as `code --install-extension` does."""
    command = [str(editors.CODE_SERVER), "--extensions-dir", str(folder), "--install-extension", str(vsix)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


class Workbench:
    """A workbench for one user and one project, with user settings and machine settings."""

    page: Page
    _process: subprocess.Popen[bytes]
    _playwright: Playwright
    _browser: Browser

    def __init__(
        self,
        environment: Mapping[str, str],
        project: Path,
        extensions: Path,
        user: Mapping[str, Any],
        machine: Mapping[str, Any],
    ) -> None:
        self._environment = environment
        self._project = project
        self._extensions = extensions
        self._user = Path(environment["HOME"]) / "code"
        self._log = Path(environment["HOME"]) / "code-server.log"
        for place in ("User", "Machine"):
            (self._user / place).mkdir(parents=True)
        (self._user / "User" / "settings.json").write_text(json.dumps({**SETTINGS, **user}))
        self.configure_machine(machine)
        (self._user / "User" / "keybindings.json").write_text(json.dumps(KEYS))

    def start(self) -> None:
        command: list[str | Path] = [editors.CODE_SERVER, "--auth", "none", "--bind-addr", "127.0.0.1:0"]
        command += ["--user-data-dir", self._user, "--extensions-dir", self._extensions]
        command += ["--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"]
        command += ["--disable-getting-started-override", self._project]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        self._playwright = sync_playwright().start()
        self._browser = picture.browser(self._playwright)
        address = wait_until(self._address, otherwise=self._log.read_text)
        self.page = self._browser.new_page(viewport={"width": 1000, "height": 640})
        self.page.set_default_timeout(60_000)
        self.page.goto(f"{address}/?folder={self._project}")
        # The first start opens the walkthrough, which would hide a file that was opened before it.
        self.page.get_by_text("Get started with fimble").first.wait_for()
        self.status_item.wait_for()

    def stop(self) -> None:
        self._browser.close()
        self._playwright.stop()
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
        wait_until(lambda: not self.servers())

    def configure_machine(self, settings: Mapping[str, Any]) -> None:
        """Changes the settings that only a machine may have, such as the model."""
        (self._user / "Machine" / "settings.json").write_text(json.dumps(settings))

    def _address(self) -> str | None:
        found = re.search(r"listening on (http://\S+?)/?$", self._log.read_text(), re.MULTILINE)
        return found and found[1]

    def open(self, name: str) -> None:
        """Opens a file of the project in the whole width of the window, and puts the cursor at the end of the file."""
        wait_until(lambda: self._quickly_open(name), otherwise=self.explain)
        self.page.locator(f".tab.active[data-resource-name='{name}']").wait_for()
        self.page.locator(".monaco-editor.focused").wait_for()
        self.keys("Control+b", "Control+End")

    def _quickly_open(self, name: str) -> bool:
        # While the window starts, other views may take the focus, and then the list closes.
        self.keys("Control+p")
        try:
            self.page.locator(".quick-input-widget input[type=text]").fill(name, timeout=5000)
            self.choose(name, timeout=5000)
        except PlaywrightTimeout:
            return False
        return True

    def keys(self, *names: str) -> None:
        """Presses keys by the browser's names for them."""
        for name in names:
            self.page.keyboard.press(name)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=50)

    def ghost(self) -> str:
        """Returns the ghost text, or an empty text if there is none."""
        ghost: str = self.page.evaluate(GHOST)
        return ghost.replace("\xa0", " ")

    def shows(self, suggestion: str) -> None:
        """Waits until the ghost text is this suggestion."""
        wait_until(lambda: self.ghost() == suggestion, otherwise=lambda: f"{self.ghost()!r}\n{self.explain()}")

    def type_until_suggestion(self, text: str) -> str:
        """Types a text and waits a while after each key, until there is ghost text. Returns the ghost text.

        VS Code draws the lines of a suggestion one after the other, so the text counts once it stays the same.
        """

        def settled() -> str:
            ghost = self.ghost()
            time.sleep(0.3)
            return ghost if ghost.strip() and ghost == self.ghost() else ""

        for character in text:
            self.type(character)
            try:
                return wait_until(settled, seconds=5)
            except TimeoutError:
                continue
        raise AssertionError(f"nothing was suggested anywhere in {text!r}\n{self.explain()}")

    def text(self, name: str) -> str:
        """Saves the open file, which must not be empty, and returns its text."""
        file = self._project / name
        before = file.stat().st_mtime_ns
        self.keys("Control+s")
        # VS Code writes the file even if nothing has changed. It empties the file first.
        wait_until(lambda: file.stat().st_mtime_ns != before, otherwise=self.explain)
        return wait_until(file.read_text, otherwise=self.explain)

    @property
    def status_item(self) -> Locator:
        return self.page.locator("[id='fimble.fimble.fimble.status']")

    def status(self) -> str:
        """Returns the status item's label for screen readers."""
        return (self.status_item.get_attribute("aria-label") or "").removeprefix("fimble: ")

    def wait_for_status(self, start: str) -> None:
        wait_until(lambda: self.status().startswith(start), otherwise=self.explain)

    def menu(self, label: str) -> None:
        """Chooses an entry of the status item's menu."""
        self.status_item.click()
        self.choose(label)

    def choose(self, label: str, timeout: float | None = None) -> None:
        """Chooses an entry of the open list."""
        self._entry(label).click(timeout=timeout)

    def listed(self, label: str) -> None:
        """Waits for an entry of the open list."""
        self._entry(label).wait_for()

    def _entry(self, label: str) -> Locator:
        return self.page.locator(f".quick-input-list .monaco-list-row[aria-label*='{label}']").first

    def servers(self) -> list[int]:
        """Returns the process ids of the servers that run for this user."""
        user = f"\0HOME={self._environment['HOME']}\0".encode()
        return [pid for pid in processes("fimble") if user in b"\0" + environment(pid)]

    def notified(self, text: str) -> None:
        """Waits for a notification."""
        self.page.locator(".notification-list-item-message", has_text=text).first.wait_for()

    def reads(self, text: str) -> None:
        """Waits for a text in any open document."""
        lines = self.page.locator(".view-line", has_text=text.replace(" ", "\xa0"))
        lines.or_(self.page.locator(".view-line", has_text=text)).first.wait_for()

    def focus(self) -> None:
        """Goes back to the editor."""
        self.keys("Control+1")
        self.page.locator(".monaco-editor.focused").wait_for()

    def screenshot(self, path: Path) -> None:
        picture.save(self.page.screenshot(), path)

    def explain(self) -> str:
        """Returns what helps to understand a failure."""
        logs = [path.read_text() for path in self._user.rglob("fimble.log")]
        return f"status: {self.status()}\n{logs[-1][-3000:] if logs else 'no log'}"


def processes(name: str) -> Iterator[int]:
    """Yields the ids of the processes that run a program of this name."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text().strip() == name:
                yield int(entry.name)
        except OSError:
            pass  # It has ended.


def environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
