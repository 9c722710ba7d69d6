"""The plug-in in the real Neovim, with the real server."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from editors import NEOVIM
from terminal import Terminal
from waiting import wait_until

PLUGIN = Path(__file__).resolve().parents[2] / "editors/neovim"
# No suggestion is cut short, however slow the machine is.
SETUP = 'require("fimble").setup({ settings = { deadline_ms = 0 } })'
# What calls for several lines. Each model has its own idea which of them it is sure about.
STARTS = (
    "pub fn largest(numbers: &[usize]) -> usize {<CR>let mut largest = 0;<CR>for number in numbers {<CR>",
    "pub fn count(text: &str) -> usize {<CR>let mut count = 0;<CR>for line in text.lines() {<CR>",
    "pub fn area(width: usize, height: usize) -> usize {<CR>let mut total = 0;<CR>for row in 0..height {<CR>",
    "impl Point {<CR>pub fn new(x: i32, y: i32) -> Self {<CR>",
    "pub fn read(path: &Path) -> Result<lt>String> {<CR>",
    "let mut ",
    "let mut co",
    "#[derive(De",
    "use std::col",
)
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
    """A running Neovim, headless or in a terminal, seen through its remote expressions."""

    def __init__(self, home, folder):
        self.home = home
        self.folder = folder
        self.socket = folder.parent / "neovim.socket"

    def command(self, *arguments):
        return [NEOVIM, "--listen", self.socket, *arguments]

    def lua(self, code, *arguments):
        """What a piece of Lua returns."""
        text = json.dumps({"code": code, "arguments": arguments}).replace("'", "''")
        lua = "vim.json.encode({ assert(loadstring(_A.code))(unpack(_A.arguments)) })"
        expression = f"luaeval('{lua}', json_decode('{text}'))"
        command = [NEOVIM, "--server", self.socket, "--remote-expr", expression]
        run = subprocess.run(command, env=self.home, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        values = json.loads(run.stdout)
        return values[0] if values else None

    def wait(self, code, *arguments):
        """What a piece of Lua returns, as soon as that is true."""

        def explain():
            log = Path(self.home["XDG_STATE_HOME"]) / "nvim/fimble.log"
            text = log.read_text()[-2000:] if log.exists() else "no log"
            return f"{code}\n{self.messages()}\n{self.text()[-500:]}\n{text}"

        return wait_until(lambda: self.lua(code, *arguments), otherwise=explain)

    def keys(self, keys):
        """Presses keys, and returns when all that they do is done."""
        self.lua("keys_done = false; vim.api.nvim_input(...)", keys + "<Cmd>lua keys_done = true<CR>")
        self.wait("return keys_done")

    def ex(self, command):
        self.lua("vim.cmd(...)", command)

    def text(self):
        return self.lua('return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\\n")')

    def ghost(self):
        """What is drawn at the cursor."""
        return self.lua(GHOST)

    def suggestion(self):
        """What is drawn at the cursor, as soon as there is something."""
        return self.wait(GHOST)

    def answered(self):
        """What is drawn at the cursor when the server has answered everything it was asked."""
        self.wait('return next(require("fimble.server").client().requests) == nil')
        return self.ghost()

    def begin(self, wanted=bool, ask=lambda: None):
        """Begins a function below the last line, and returns the suggestion: the first of those that are `wanted`."""
        lines = self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)")
        for start in STARTS:
            self.lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, ...)", lines)
            self.keys("<Esc>Go" + start)
            ask()
            suggestion = self.answered()
            if wanted(suggestion):
                return suggestion
        pytest.fail("the model has no suggestion that would do for this test; add a start to STARTS")

    def messages(self):
        return self.lua('return vim.fn.execute("messages")')

    def kill_server(self):
        neovim = self.lua("return vim.uv.os_getpid()")
        children = map(int, Path(f"/proc/{neovim}/task/{neovim}/children").read_text().split())
        server = [child for child in children if Path(f"/proc/{child}/comm").read_text() == "fimble\n"]
        os.kill(server[0], signal.SIGKILL)

    def quit(self):
        self.lua('vim.schedule(function() vim.cmd("qall!") end)')


def literal(text):
    """The keys that type a text."""
    return text.replace("<", "<lt>")


def has_words_and_lines(suggestion):
    first, *others = (suggestion or "").split("\n")
    return len(first) > 5 and len(first.split()) > 1 and len(others) > 1


def write_config(home, text):
    folder = Path(home["XDG_CONFIG_HOME"]) / "nvim"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "init.lua").write_text(text)


@pytest.fixture
def start(home, project):
    """Starts Neovim without a screen, with a configuration, and waits for the server."""
    running = []

    def start(config=SETUP, file="src/new.rs"):
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


def test_a_suggestion_is_shown_accepted_and_counted(start, statistics):
    neovim = start(file="src/plan.rs")
    suggestion = neovim.begin()
    before = neovim.text()
    neovim.keys("<Tab>")
    assert neovim.text() == before + suggestion
    neovim.keys("<Esc>u")
    assert neovim.text() == before, "undo takes back what was accepted, and nothing else"
    wait_until(lambda: statistics()["accepted"] == 1)
    assert statistics()["shown"] >= 1


def test_a_suggestion_is_accepted_word_by_word_and_line_by_line(start, statistics):
    neovim = start()
    suggestion = neovim.begin(has_words_and_lines)
    before = neovim.text()

    neovim.keys("<M-Right>")
    word = neovim.text().removeprefix(before)
    assert word and suggestion.startswith(word) and len(word.split()) == 1
    suggestion = neovim.answered()

    before = neovim.text()
    neovim.keys("<M-Down>")
    line = neovim.text().removeprefix(before)
    assert line == suggestion.split("\n")[0]
    suggestion = neovim.answered()

    before = neovim.text()
    neovim.keys("<M-Down>")
    line = neovim.text().removeprefix(before)
    assert line.strip() and line == "\n" + suggestion.split("\n")[1]
    neovim.keys("<Esc>ggOuse std;")
    wait_until(lambda: statistics()["partly_accepted"] >= 1)


def test_what_is_typed_through_stays_and_each_key_asks_at_once(start):
    neovim = start()
    suggestion = neovim.begin(has_words_and_lines)
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
        neovim.keys(literal(suggestion[typed - 1]))
        assert neovim.ghost().startswith(suggestion[typed:])
    sent = [method for method in neovim.lua("return sent") if method != "$/cancelRequest"]
    assert sent == ["textDocument/didChange", "textDocument/inlineCompletion"] * 5


def test_a_suggestion_goes_when_something_else_is_typed(start):
    neovim = start()
    suggestion = neovim.begin()
    # Before the server has answered to it.
    neovim.lua('require("fimble.suggestion").ask = function() end')
    neovim.keys("#" if suggestion[0] != "#" else "!")
    assert neovim.ghost() is None


def test_a_suggestion_is_dismissed_and_asked_for_by_hand(start):
    neovim = start()
    neovim.begin()
    before = neovim.text()
    neovim.keys("<C-]>")
    assert neovim.answered() is None and neovim.text() == before
    neovim.keys("<M-\\>")
    # Who asks gets what the model thinks here and now, which need not be what is left of an earlier suggestion.
    assert neovim.suggestion()
    neovim.keys("<Esc>")
    assert neovim.ghost() is None and neovim.text().rstrip() == before.rstrip()


@pytest.mark.parametrize("scope", ["everywhere", "language", "buffer"])
def test_it_is_switched_off_and_on(start, scope):
    neovim = start()
    neovim.ex(f"Fimble disable {scope}")
    assert neovim.wait('return require("fimble").statusline()') == "fimble off"
    neovim.keys("Go" + STARTS[0])
    assert neovim.answered() is None
    neovim.ex(f"Fimble toggle {scope}")
    neovim.wait(READY)
    assert neovim.begin()


def test_the_model_is_changed_without_a_restart(start):
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


def test_a_killed_server_comes_back_and_the_buffer_is_whole(start):
    neovim = start()
    neovim.begin()
    before = neovim.text()
    neovim.kill_server()
    neovim.keys("let mut")
    neovim.wait('return not require("fimble.server").client()')
    neovim.keys(" total")
    neovim.wait(READY)
    neovim.keys(" = 0;")
    assert neovim.text() == before + "let mut total = 0;"
    neovim.ex("%delete")
    assert neovim.begin()


def test_it_gives_up_on_a_server_that_keeps_crashing(start, home):
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
    neovim.ex("Fimble restart")
    neovim.wait(READY)


def test_a_missing_program_is_named_once(start):
    neovim = start()
    neovim.lua('require("fimble").setup({ program = "/nowhere/fimble" })')
    neovim.ex("edit src/plan.rs")
    neovim.ex("edit src/lib.rs")
    neovim.wait('return vim.fn.execute("messages"):find("there is no program", 1, true)')
    assert neovim.messages().count("there is no program `/nowhere/fimble`") == 1
    neovim.ex("checkhealth fimble")
    assert "ERROR There is no program `/nowhere/fimble`" in neovim.text()


def test_keys_leave_an_open_menu_alone(start):
    neovim = start(f'vim.keymap.set("i", "<C-l>", "<Plug>(fimble-accept)")\n{SETUP}')
    open_menu = "vim.fn.complete(vim.fn.col('.'), { 'one', 'two' })"
    suggestion = neovim.begin()
    before = neovim.text()
    neovim.lua(open_menu)
    neovim.keys("<C-p>")
    assert neovim.lua("return vim.fn.pumvisible()") == 1 and neovim.text() == before
    neovim.wait(GHOST)
    neovim.keys("<Tab>")
    assert neovim.text() == before + "    ", "it is a tab, since the menu has no use for the key"

    neovim.keys("<BS>")
    suggestion = neovim.answered()
    assert suggestion and neovim.text() == before
    neovim.lua(open_menu)
    neovim.keys("<C-p>")
    assert neovim.lua("return vim.fn.pumvisible()") == 1
    suggestion = neovim.wait(GHOST)
    neovim.keys("<C-l>")
    assert neovim.text() == before + suggestion, "a mapping of one's own accepts also then"
    neovim.keys("x")
    assert neovim.text() == before + suggestion + "x" and neovim.lua("return vim.fn.pumvisible()") == 0


def test_keys_do_what_they_did_where_nothing_is_shown(start):
    neovim = start(
        'vim.keymap.set("i", "<Tab>", "global")\n'
        'vim.api.nvim_create_autocmd("FileType", { pattern = "python", callback = function()\n'
        '  vim.keymap.set("i", "<Tab>", function() return "local" end, { buffer = true, expr = true })\n'
        'end })\nrequire("fimble").setup({ automatic = false })'
    )
    neovim.keys("Go<Tab><M-Right>")
    assert neovim.lua("return vim.api.nvim_get_current_line()") == "global"
    neovim.keys("<Esc>")
    neovim.ex("edit! train.py")
    neovim.wait(READY)
    neovim.keys("Go<Tab>")
    assert neovim.lua("return vim.trim(vim.api.nvim_get_current_line())") == "local"


def test_keys_can_be_chosen(start):
    neovim = start(
        SETUP.replace("setup({", 'setup({ keys = { accept = "<C-l>", dismiss = false },')
        + '\nvim.keymap.set("i", "<C-k>", function()'
        + '\n  return require("fimble").accept_word() and "" or "<C-k>"\nend, { expr = true })'
    )
    suggestion = neovim.begin(has_words_and_lines)
    before = neovim.text()
    neovim.keys("<C-k>")
    word = neovim.text().removeprefix(before)
    assert word and suggestion.startswith(word), "also from an expression mapping"
    rest = neovim.answered()
    neovim.keys("<C-l>")
    assert neovim.text() == before + word + rest


def test_without_setup_and_without_what_neovim_0_11_lacks(start):
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
    suggestion = neovim.begin()
    before = neovim.text()
    neovim.keys("<Tab>")
    assert neovim.text() == before + suggestion


def test_neovims_own_inline_completion_does_not_show_it_twice(start):
    neovim = start(f"vim.lsp.inline_completion.enable()\n{SETUP}")
    assert neovim.begin()
    client = neovim.lua('return require("fimble.server").client().id')
    assert not neovim.lua("return vim.lsp.inline_completion.is_enabled({ bufnr = 0, client_id = ... })", client)


def test_suggestions_are_items_of_a_menu(start, statistics):
    neovim = start("""
        vim.o.completeopt = "menuone,noinsert"
        vim.api.nvim_create_autocmd("LspAttach", { callback = function(event)
          vim.lsp.completion.enable(true, event.data.client_id, event.buf)
        end })
        require("fimble").setup({ automatic = false, settings = { completion_items = true, deadline_ms = 0 } })
    """)

    def menu_is_open(suggestion):
        return suggestion is None and neovim.lua("return vim.fn.pumvisible()") == 1

    neovim.begin(menu_is_open, ask=lambda: neovim.lua("vim.lsp.completion.get()"))
    before = neovim.text()
    neovim.keys("<C-y>")
    neovim.wait("return #table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n') > ...", len(before))
    assert neovim.text().startswith(before)
    wait_until(lambda: statistics()["accepted"] == 1)


def test_the_health_check_has_nothing_to_complain_about(start):
    neovim = start()
    neovim.ex("checkhealth fimble")
    report = neovim.text()
    assert "OK Neovim 0.12" in report and "OK fimble" in report and "Model: embedded" in report
    assert "ERROR" not in report and "WARNING" not in report


def test_the_log_and_the_statistics_are_shown(start):
    neovim = start()
    neovim.ex("Fimble log")
    assert "Neovim" in neovim.text()
    neovim.ex("close")
    neovim.ex("Fimble stats")
    assert neovim.text()


def test_the_help_file_is_found(start, tmp_path):
    neovim = start()
    neovim.ex("help fimble-settings")
    assert "deadline_ms" in neovim.text()
    copy = tmp_path / "doc"
    shutil.copytree(PLUGIN / "doc", copy)
    neovim.ex(f"helptags {copy}")
    assert (copy / "tags").read_text() == (PLUGIN / "doc/tags").read_text(), "renew it: :helptags editors/neovim/doc"


@pytest.fixture
def repository(tmp_path, home):
    """A clone's source, as it is published: a repository with the plug-in in it."""
    folder = tmp_path / "repository"
    shutil.copytree(PLUGIN, folder / "editors/neovim")
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "all"]):
        subprocess.run(["git", *command], cwd=folder, env=home, check=True)
    return folder


def test_the_page_is_followed_in_an_empty_home(home, project, repository, screenshots):
    page = (PLUGIN / "README.md").read_text()
    config = re.search(r"```lua\n(vim\.pack\.add.*?)```", page, re.DOTALL)[1]
    write_config(home, config.replace("<address of this repository>", f"file://{repository}"))
    neovim = Neovim(home, project)
    with Terminal(neovim.command("src/new.rs"), home, project, rows=20) as terminal:
        terminal.wait_for("These plugins will be installed")
        terminal.keys("y")
        neovim.wait("return vim.v.vim_did_enter == 1")
        neovim.wait(READY)
        neovim.lua('require("fimble.server").change({ deadline_ms = 0 })')
        suggestion = neovim.begin(has_words_and_lines)
        first = suggestion.split("\n")[0]
        terminal.wait_for(first)

        # What is drawn at each update of the screen while it is typed through.
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
        typed = first[:4]
        terminal.type(typed, pause=0.2)
        wait_until(lambda: (neovim.ghost() or "").startswith(suggestion[len(typed) :]))
        drawn = neovim.lua("return drawn")
        assert len(drawn) >= len(typed) and None not in drawn, "it flickers"

        before = neovim.text()
        rest = neovim.ghost()
        terminal.screenshot(screenshots / "neovim.png")
        terminal.keys("Tab")
        wait_until(lambda: neovim.text() == before + rest)

        before = neovim.text()
        terminal.type(" // It")
        neovim.kill_server()
        terminal.type(" goes on.")
        wait_until(lambda: neovim.text() == before + " // It goes on.")
        neovim.wait(READY)
        neovim.quit()
