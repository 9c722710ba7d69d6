"""VS Code's workbench in a browser: code-server with the packaged extension, for one user and one project."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import sync_playwright

import editors
import picture
from waiting import wait_until

# What a window of a new user is otherwise covered with.
SETTINGS = {
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "extensions.ignoreRecommendations": True,
    # As on a desktop: what is saved is then what a test has asked to be saved.
    "files.autoSave": "off",
}


# The one that the extension's page proposes.
KEYS = [
    {
        "key": "ctrl+alt+l",
        "command": "editor.action.inlineSuggest.acceptNextLine",
        "when": "inlineSuggestionVisible",
    }
]

# Grey text is the rest of the cursor's line, maybe in pieces, and lines below it in a zone of their own.
GHOST = """() => {
  const text = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent);
  const first = text(".ghost-text-decoration, .ghost-text-decoration-preview").join("");
  return [first, ...text(".suggest-preview-text .view-line")].join("\\n");
}"""


def install_extension(vsix, folder, environment):
    """Installs a .vsix the way `code --install-extension` does."""
    command = [editors.CODE_SERVER, "--extensions-dir", folder, "--install-extension", vsix]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


class Workbench:
    """A workbench for one user and one project, with settings of the user and of the machine."""

    def __init__(self, environment, project, extensions, user, machine):
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

    def start(self):
        command = [editors.CODE_SERVER, "--auth", "none", "--bind-addr", "127.0.0.1:0"]
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
        # A first start shows this, whatever else is wrong; what is opened before would be hidden by it.
        self.page.get_by_text("Get started with fimble").first.wait_for()
        self.status_item.wait_for()

    def stop(self):
        self._browser.close()
        self._playwright.stop()
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()
        wait_until(lambda: not self.servers())

    def configure_machine(self, settings):
        """Changes the settings that only a machine may have, such as the model."""
        (self._user / "Machine" / "settings.json").write_text(json.dumps(settings))

    def _address(self):
        found = re.search(r"listening on (http://\S+?)/?$", self._log.read_text(), re.MULTILINE)
        return found and found[1]

    def open(self, name):
        """Opens a file of the project, with the cursor at its end and all the width to itself."""
        wait_until(lambda: self._quickly_open(name), otherwise=self.explain)
        self.page.locator(f".tab.active[data-resource-name='{name}']").wait_for()
        self.page.locator(".monaco-editor.focused").wait_for()
        self.keys("Control+b", "Control+End")

    def _quickly_open(self, name):
        # The list closes itself when something else in a window that is still starting takes the focus.
        self.keys("Control+p")
        try:
            self.page.locator(".quick-input-widget input[type=text]").fill(name, timeout=5000)
            self.choose(name, timeout=5000)
        except PlaywrightTimeout:
            return False
        return True

    def keys(self, *names):
        """Presses keys by the browser's names for them."""
        for name in names:
            self.page.keyboard.press(name)

    def type(self, text):
        self.page.keyboard.type(text, delay=50)

    def ghost(self):
        """The grey text; empty where there is none."""
        return self.page.evaluate(GHOST).replace("\xa0", " ")

    def suggestion(self):
        """The grey text, as soon as there is some."""
        return wait_until(self.ghost, otherwise=self.explain)

    def type_until(self, wanted, text):
        """Types a text, resting after each key, until a suggestion comes that is wanted; returns it."""
        for character in text:
            self.type(character)
            try:
                return wait_until(lambda: wanted(self.ghost()) and self.ghost(), seconds=1)
            except TimeoutError:
                continue
        raise AssertionError(f"nothing was suggested anywhere in {text!r}\n{self.explain()}")

    def text(self, name):
        """What the open file, which is not empty, holds, by saving it."""
        file = self._project / name
        before = file.stat().st_mtime_ns
        self.keys("Control+s")
        # It is written even where nothing has changed, and emptied first.
        wait_until(lambda: file.stat().st_mtime_ns != before, otherwise=self.explain)
        return wait_until(file.read_text, otherwise=self.explain)

    @property
    def status_item(self):
        return self.page.locator("[id='fimble.fimble.fimble.status']")

    def status(self):
        """What the status item says to who cannot see it."""
        return (self.status_item.get_attribute("aria-label") or "").removeprefix("fimble: ")

    def wait_for_status(self, start):
        wait_until(lambda: self.status().startswith(start), otherwise=self.explain)

    def menu(self, label):
        """Chooses from the status item's menu."""
        self.status_item.click()
        self.choose(label)

    def choose(self, label, timeout=None):
        """Chooses from a list that asks for it."""
        self.page.locator(f".quick-input-list .monaco-list-row[aria-label*='{label}']").first.click(timeout=timeout)

    def servers(self):
        """The process ids of the servers that run for this user."""
        user = f"\0HOME={self._environment['HOME']}\0".encode()
        return [pid for pid in processes("fimble") if user in b"\0" + environment(pid)]

    def listed(self, label):
        """Waits for an entry of a list."""
        self.page.locator(f".quick-input-list .monaco-list-row[aria-label*='{label}']").first.wait_for()

    def notified(self, text):
        """Waits for a message."""
        self.page.locator(".notification-list-item-message", has_text=text).first.wait_for()

    def reads(self, text):
        """Waits for a text in any open document."""
        lines = self.page.locator(".view-line", has_text=text.replace(" ", "\xa0"))
        lines.or_(self.page.locator(".view-line", has_text=text)).first.wait_for()

    def focus(self):
        """Goes back to the text."""
        self.keys("Control+1")
        self.page.locator(".monaco-editor.focused").wait_for()

    def screenshot(self, path):
        picture.save(self.page.screenshot(), path)

    def explain(self):
        """What an error message should hold."""
        logs = [path.read_text() for path in self._user.rglob("fimble.log")]
        return f"status: {self.status()}\n{logs[-1][-3000:] if logs else 'no log'}"


def processes(name):
    """The ids of the processes that run a program of this name."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text().strip() == name:
                yield int(entry.name)
        except OSError:
            pass  # It ended meanwhile.


def environment(pid):
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
