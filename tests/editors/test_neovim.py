"""The plug-in in the real Neovim, with the real server.

The suggestions follow a script, except in the last test.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from completions import Completions
from conftest import Environment, Statistics
from editors import NEOVIM
from terminal import Terminal
from waiting import wait_until

PLUGIN = Path(__file__).resolve().parents[2] / "editors/neovim"
SETUP = 'require("fimble").setup({})'
# The keys that begin a function, and the suggestion for the rest of it.
START = "pub fn sum(numbers: &[usize]) -> usize {<CR>"
REST = "let mut total = 0;\n    for number in numbers {\n        total += number;\n    }\n    total"
SCRIPT = {"-> usize {\n    ": REST}
READY = 'return require("fimble").statusline() == "fimble"'
GHOST = """
local namespace = vim.api.nvim_get_namespaces().fimble
local mark = namespace and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })[1]
local lines = mark and { mark[4].virt_text[1][1] }
for _, line in ipairs(mark and mark[4].virt_lines or {}) do
  table.insert(lines, line[1][1])
end
return lines and table.concat(lines, "\\n")
"""


class Neovim:
    """A running Neovim, headless or in a terminal, controlled through its remote expressions."""

    def __init__(self, home: Environment, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.socket = folder.parent / "neovim.socket"

    def command(self, *arguments: str) -> list[str | Path]:
        return [NEOVIM, "--listen", self.socket, *arguments]

    def lua(self, code: str, *arguments: object) -> Any:
        """Returns what a piece of Lua returns."""
        text = json.dumps({"code": code, "arguments": arguments}).replace("'", "''")
        lua = "vim.json.encode({ assert(loadstring(_A.code))(unpack(_A.arguments)) })"
        expression = f"luaeval('{lua}', json_decode('{text}'))"
        command = [str(NEOVIM), "--server", str(self.socket), "--remote-expr", expression]
        run = subprocess.run(command, env=self.home, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        values = json.loads(run.stdout)
        return values[0] if values else None

    def wait(self, code: str, *arguments: object) -> Any:
        """Waits until a piece of Lua returns something true, and returns that."""
        return wait_until(lambda: self.lua(code, *arguments), otherwise=lambda: f"{code}\n{self.explain()}")

    def keys(self, keys: str) -> None:
        """Presses keys, and returns when everything that they do is done."""
        self.lua("keys_done = false; vim.api.nvim_input(...)", keys + "<Cmd>lua keys_done = true<CR>")
        self.wait("return keys_done")

    def ex(self, command: str) -> None:
        self.lua("vim.cmd(...)", command)

    def text(self) -> str:
        text: str = self.lua('return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n")')
        return text

    def ghost(self) -> str | None:
        """Returns the suggestion that is drawn at the cursor."""
        ghost: str | None = self.lua(GHOST)
        return ghost

    def shows(self, suggestion: str) -> None:
        """Waits until this suggestion is drawn at the cursor."""
        wait_until(lambda: self.ghost() == suggestion, otherwise=lambda: f"{self.ghost()!r}\n{self.explain()}")

    def answered(self) -> str | None:
        """Waits until the server has answered every request, and returns what is drawn at the cursor."""
        self.wait('return next(require("fimble.server").client().requests) == nil')
        return self.ghost()

    def begin(self) -> str:
        """Begins a function below the last line, waits for the suggestion REST, and returns the text before it."""
        self.keys("<Esc>Go" + START)
        self.shows(REST)
        return self.text()

    def messages(self) -> str:
        messages: str = self.lua('return vim.fn.execute("messages")')
        return messages

    def explain(self) -> str:
        """Returns what helps to understand a failure."""
        log = Path(self.home["XDG_STATE_HOME"]) / "nvim/fimble.log"
        text = log.read_text()[-2000:] if log.exists() else "no log"
        return f"{self.messages()}\n{self.text()[-500:]}\n{text}"

    def kill_server(self) -> None:
        neovim = self.lua("return vim.uv.os_getpid()")
        children = map(int, Path(f"/proc/{neovim}/task/{neovim}/children").read_text().split())
        server = [child for child in children if Path(f"/proc/{child}/comm").read_text() == "fimble\n"]
        os.kill(server[0], signal.SIGKILL)

    def quit(self) -> None:
        self.lua('vim.schedule(function() vim.cmd("qall!") end)')


Start = Callable[..., Neovim]


def write_config(home: Environment, text: str) -> None:
    folder = Path(home["XDG_CONFIG_HOME"]) / "nvim"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "init.lua").write_text(text)


@pytest.fixture
def start(home: Environment, project: Path, completions: Completions) -> Iterator[Start]:
    """A function that starts Neovim without a screen and waits for the server. Suggestions follow SCRIPT."""
    completions.script = SCRIPT
    running: list[tuple[Neovim, subprocess.Popen[bytes]]] = []

    def start(config: str = SETUP, file: str = "src/new.rs") -> Neovim:
        write_config(home, f'vim.opt.runtimepath:append("{PLUGIN}")\n{config}\n')
        neovim = Neovim(home, project)
        process = subprocess.Popen(
            neovim.command("--headless", file),
            cwd=project,
            env=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append((neovim, process))
        wait_until(neovim.socket.exists)
        neovim.wait(READY)
        return neovim

    yield start
    for neovim, process in running:
        if process.poll() is None:
            neovim.quit()
        process.wait(60)


def test_a_suggestion_is_shown_accepted_and_counted(start: Start, statistics: Statistics) -> None:
    neovim = start(file="src/schema.rs")
    before = neovim.begin()
    neovim.keys("<Tab>")
    assert neovim.text() == before + REST
    neovim.keys("<Esc>u")
    assert neovim.text() == before, "undo takes back the accepted suggestion and nothing else"
    wait_until(lambda: statistics()["accepted"] == 1)
    assert statistics()["shown"] >= 1


def test_a_suggestion_is_accepted_word_by_word_and_line_by_line(start: Start, statistics: Statistics) -> None:
    neovim = start()
    before = neovim.begin()
    accepted = ""
    for key, piece in [
        ("<M-Right>", "let"),
        ("<M-Right>", " mut"),
        ("<M-Down>", " total = 0;"),
        ("<M-Down>", "\n    for number in numbers {"),
    ]:
        neovim.keys(key)
        accepted += piece
        assert neovim.text() == before + accepted
        neovim.shows(REST.removeprefix(accepted))
    neovim.keys("<Esc>ggOuse std;")
    wait_until(lambda: statistics()["partly_accepted"] >= 1)


def test_a_suggestion_stays_while_it_is_typed_and_each_key_asks_at_once(start: Start) -> None:
    neovim = start()
    neovim.begin()
    neovim.lua("""
        sent = {}
        local rpc = require("fimble.server").client().rpc
        for _, kind in ipairs({ "request", "notify" }) do
          local send = rpc[kind]
          rpc[kind] = function(method, ...)
            table.insert(sent, method)
            return send(method, ...)
          end
        end
    """)
    for typed in range(1, 6):
        neovim.keys(REST[typed - 1])
        assert neovim.ghost() == REST[typed:]
    sent = [method for method in neovim.lua("return sent") if method != "$/cancelRequest"]
    assert sent == ["textDocument/didChange", "textDocument/inlineCompletion"] * 5


def test_a_suggestion_goes_when_something_else_is_typed(start: Start) -> None:
    neovim = start()
    neovim.begin()
    # The suggestion goes before the server answers.
    neovim.lua('require("fimble.suggestion").ask = function() end')
    neovim.keys("#")
    assert neovim.ghost() is None


def test_a_suggestion_is_dismissed_and_asked_for_by_hand(start: Start) -> None:
    neovim = start()
    before = neovim.begin()
    neovim.keys("<C-]>")
    assert neovim.answered() is None
    assert neovim.text() == before
    neovim.keys("<M-\\>")
    neovim.shows(REST)
    neovim.keys("<Esc>")
    assert neovim.ghost() is None
    assert neovim.text().rstrip() == before.rstrip()


@pytest.mark.parametrize("scope", ["everywhere", "language", "buffer"])
def test_it_is_switched_off_and_on(start: Start, completions: Completions, scope: str) -> None:
    neovim = start()
    neovim.ex(f"Fimble disable {scope}")
    assert neovim.wait('return require("fimble").statusline()') == "fimble off"
    neovim.keys("Go" + START)
    assert neovim.answered() is None
    assert not completions.asked
    neovim.ex("%delete")
    neovim.ex(f"Fimble toggle {scope}")
    neovim.wait(READY)
    neovim.begin()


def test_the_model_is_changed_without_a_restart(start: Start) -> None:
    neovim = start()
    client = neovim.lua('return require("fimble.server").client().id')
    neovim.ex("Fimble model ./none.gguf")
    neovim.wait('return require("fimble").statusline() == "fimble !"')
    assert "none.gguf" in neovim.lua('return require("fimble.status").sentence()')
    assert "none.gguf" in neovim.messages()
    assert "embedded" in neovim.lua('return vim.fn.getcompletion("Fimble model e", "cmdline")')
    neovim.ex("Fimble model embedded")
    neovim.wait(READY)
    assert neovim.lua('return require("fimble.server").client().id') == client


def test_a_killed_server_is_restarted_and_loses_no_text(start: Start) -> None:
    neovim = start()
    before = neovim.begin()
    neovim.kill_server()
    neovim.keys("let mut")
    neovim.wait('return not require("fimble.server").client()')
    neovim.keys(" total")
    neovim.wait(READY)
    neovim.keys(" = 0;")
    assert neovim.text() == before + "let mut total = 0;"
    neovim.ex("%delete")
    neovim.begin()


def test_a_server_that_keeps_crashing_is_not_restarted(start: Start, home: Environment) -> None:
    neovim = start()
    program = Path(home["HOME"]) / ".local/bin/fimble"
    works = program.resolve()
    program.unlink()
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    neovim.kill_server()
    neovim.wait('return vim.fn.execute("messages"):find("crashed 5 times", 1, true)')
    program.unlink()
    program.symlink_to(works)
    neovim.keys("ouse std;")
    neovim.ex("Fimble restart")
    neovim.wait(READY)
    neovim.begin()


def test_a_missing_program_is_reported_once(start: Start) -> None:
    neovim = start()
    neovim.lua('require("fimble").setup({ program = "/nowhere/fimble" })')
    neovim.ex("edit src/schema.rs")
    neovim.ex("edit src/error.rs")
    neovim.wait('return vim.fn.execute("messages"):find("there is no program", 1, true)')
    assert neovim.messages().count("there is no program `/nowhere/fimble`") == 1
    neovim.ex("checkhealth fimble")
    assert "ERROR There is no program `/nowhere/fimble`" in neovim.text()


def test_keys_leave_an_open_menu_alone(start: Start) -> None:
    neovim = start(f'vim.keymap.set("i", "<C-l>", "<Plug>(fimble-accept)")\n{SETUP}')
    open_menu = "vim.fn.complete(vim.fn.col('.'), { 'one', 'two' })"
    before = neovim.begin()
    neovim.lua(open_menu)
    neovim.keys("<C-p>")
    assert neovim.lua("return vim.fn.pumvisible()") == 1
    assert neovim.text() == before
    neovim.shows(REST)
    neovim.keys("<Tab>")
    assert neovim.text() == before + "    ", "the menu has no use for the key, so it inserts a tab"

    neovim.keys("<BS>")
    neovim.shows(REST)
    assert neovim.text() == before
    neovim.lua(open_menu)
    neovim.keys("<C-p>")
    assert neovim.lua("return vim.fn.pumvisible()") == 1
    neovim.shows(REST)
    neovim.keys("<C-l>")
    assert neovim.text() == before + REST, "a mapping of the user's own also accepts while a menu is open"
    neovim.keys("x")
    assert neovim.text() == before + REST + "x"
    assert neovim.lua("return vim.fn.pumvisible()") == 0


def test_keys_keep_their_meaning_where_nothing_is_shown(start: Start) -> None:
    neovim = start(
        'vim.keymap.set("i", "<Tab>", "global")\n'
        'vim.api.nvim_create_autocmd("FileType", { pattern = "python", callback = function()\n'
        '  vim.keymap.set("i", "<Tab>", function() return "local" end, { buffer = true, expr = true })\n'
        'end })\nrequire("fimble").setup({ automatic = false })'
    )
    neovim.keys("Go<Tab><M-Right>")
    assert neovim.lua("return vim.api.nvim_get_current_line()") == "global"
    neovim.keys("<Esc>")
    neovim.ex("edit! locking.py")
    neovim.wait(READY)
    neovim.keys("Go<Tab>")
    assert neovim.lua("return vim.trim(vim.api.nvim_get_current_line())") == "local"


def test_keys_can_be_chosen(start: Start) -> None:
    neovim = start(
        SETUP.replace("setup({", 'setup({ keys = { accept = "<C-l>", dismiss = false },')
        + '\nvim.keymap.set("i", "<C-k>", function()'
        + '\n  return require("fimble").accept_word() and "" or "<C-k>"\nend, { expr = true })'
    )
    before = neovim.begin()
    neovim.keys("<C-k>")
    assert neovim.text() == before + "let", "the functions also work in an expression mapping"
    neovim.shows(REST.removeprefix("let"))
    neovim.keys("<C-l>")
    assert neovim.text() == before + REST


def test_it_works_without_setup_and_without_the_functions_that_neovim_0_11_lacks(start: Start) -> None:
    neovim = start("""
        vim.lsp.inline_completion = nil
        local make = vim.lsp.protocol.make_client_capabilities
        vim.lsp.protocol.make_client_capabilities = function()
          local capabilities = make()
          capabilities.textDocument.inlineCompletion = nil
          return capabilities
        end
        vim.lsp.enable("fimble")
    """)
    before = neovim.begin()
    neovim.keys("<Tab>")
    assert neovim.text() == before + REST


def test_neovims_own_inline_completion_does_not_show_a_suggestion_twice(start: Start) -> None:
    neovim = start(f"vim.lsp.inline_completion.enable()\n{SETUP}")
    neovim.begin()
    client = neovim.lua('return require("fimble.server").client().id')
    assert not neovim.lua("return vim.lsp.inline_completion.is_enabled({ bufnr = 0, client_id = ... })", client)


def test_suggestions_are_items_of_a_menu(start: Start, completions: Completions, statistics: Statistics) -> None:
    completions.script = {"-> usize {\n    ": "numbers.iter().sum()"}
    neovim = start("""
        vim.o.completeopt = "menuone,noinsert"
        vim.api.nvim_create_autocmd("LspAttach", { callback = function(event)
          vim.lsp.completion.enable(true, event.data.client_id, event.buf)
        end })
        require("fimble").setup({ automatic = false, settings = { completion_items = true } })
    """)
    neovim.keys("Go" + START)
    before = neovim.text()
    neovim.lua("vim.lsp.completion.get()")
    neovim.wait("return vim.fn.pumvisible() == 1")
    assert neovim.ghost() is None
    neovim.keys("<C-y>")
    wait_until(lambda: neovim.text() == before + "numbers.iter().sum()", otherwise=neovim.text)
    wait_until(lambda: statistics()["accepted"] == 1)


def test_the_health_check_finds_no_fault(start: Start) -> None:
    neovim = start()
    neovim.ex("checkhealth fimble")
    report = neovim.text()
    assert "OK Neovim 0.12" in report
    assert "OK fimble" in report
    assert "Model: embedded" in report
    assert "ERROR" not in report
    assert "WARNING" not in report


def test_the_log_and_the_statistics_are_shown(start: Start) -> None:
    neovim = start()
    neovim.ex("Fimble log")
    assert "Neovim" in neovim.text()
    neovim.ex("close")
    neovim.ex("Fimble stats")
    assert neovim.text()


def test_the_help_file_is_found(start: Start, tmp_path: Path) -> None:
    neovim = start()
    neovim.ex("help fimble-settings")
    assert "deadline_ms" in neovim.text()
    copy = tmp_path / "doc"
    shutil.copytree(PLUGIN / "doc", copy)
    neovim.ex(f"helptags {copy}")
    assert (copy / "tags").read_text() == (PLUGIN / "doc/tags").read_text(), "renew it: :helptags editors/neovim/doc"


@pytest.fixture
def repository(tmp_path: Path, home: Environment) -> Path:
    """A git repository that holds the plug-in in the same place as the published one."""
    folder = tmp_path / "repository"
    shutil.copytree(PLUGIN, folder / "editors/neovim")
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "all"]):
        subprocess.run(["git", *command], cwd=folder, env=home, check=True)
    return folder


def test_the_instructions_in_the_readme_work_in_an_empty_home(
    home: Environment, project: Path, repository: Path, completions: Completions
) -> None:
    completions.script = SCRIPT
    readme = (PLUGIN / "README.md").read_text()
    config = re.search(r"```lua\n(vim\.pack\.add.*?)```", readme, re.DOTALL)
    assert config
    write_config(home, config[1].replace("<address of this repository>", f"file://{repository}"))
    neovim = Neovim(home, project)
    with Terminal(neovim.command("src/new.rs"), home, project, rows=20) as terminal:
        terminal.wait_for("These plugins will be installed")
        terminal.keys("y")
        neovim.wait("return vim.v.vim_did_enter == 1")
        neovim.wait(READY)
        before = neovim.begin()
        terminal.wait_for(REST.split("\n")[0])

        # Records what is drawn at each update of the screen while the suggestion is typed.
        neovim.lua(
            """
            drawn = {}
            local ghost = loadstring(...)
            vim.api.nvim_set_decoration_provider(vim.api.nvim_create_namespace("test"), {
              on_start = function()
                if vim.api.nvim_get_mode().mode == "i" then
                  table.insert(drawn, ghost() or vim.NIL)
                end
              end,
            })
            """,
            GHOST,
        )
        typed = REST[:4]
        terminal.type(typed, pause=0.2)
        neovim.shows(REST.removeprefix(typed))
        drawn = neovim.lua("return drawn")
        assert len(drawn) >= len(typed)
        assert None not in drawn, "it flickers"
        terminal.keys("Tab")
        wait_until(lambda: neovim.text() == before + REST)

        terminal.type(" // It")
        neovim.kill_server()
        terminal.type(" goes on.")
        wait_until(lambda: neovim.text() == before + REST + " // It goes on.")
        neovim.wait(READY)
        neovim.quit()


def test_the_embedded_model_makes_a_suggestion_that_can_be_accepted(
    home: Environment, project: Path, screenshots: Path
) -> None:
    # Every suggestion is shown, however unsure the model is and however slow the machine.
    settings = "{ settings = { min_confidence = 0, deadline_ms = 0 } }"
    write_config(home, f'vim.opt.runtimepath:append("{PLUGIN}")\nrequire("fimble").setup({settings})\n')
    neovim = Neovim(home, project)
    with Terminal(neovim.command("src/new.rs"), home, project, rows=20) as terminal:
        wait_until(neovim.socket.exists)
        neovim.wait(READY)
        neovim.keys("ipub fn largest(numbers: &[usize]) -> usize {<CR>let mut largest = 0;<CR>")
        for key in "for number in numbers":
            neovim.keys(key)
            ghost = neovim.answered()
            if ghost:
                break
        assert ghost, neovim.explain()
        assert ghost.strip()
        terminal.wait_for(ghost.split("\n")[0])
        terminal.screenshot(screenshots / "neovim.png")
        before = neovim.text()
        terminal.keys("Tab")
        wait_until(lambda: neovim.text() == before + ghost, otherwise=neovim.text)
        neovim.quit()
