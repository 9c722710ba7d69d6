"""Simulates a user of llama.vim who types a stretch of a file, and prints figures.

    python llama_vim.py MODEL.gguf FILE:START-END [--interval-ms N] [--deadline-ms N]

The script removes the lines START to END and types them character by character. Each key waits for the answer to the
previous key. The user accepts a suggestion with one key if it arrives in time and is right to the end of a line: the whole
suggestion, or else its first line. The requests, timers and result cache follow `autoload/llama.vim` of January 2026 with
its default settings. There is no extra context, because the file is the only one.
"""

import argparse
import json
import math
import queue
import threading
import time
import urllib.request
from collections import OrderedDict
from dataclasses import asdict, dataclass
from pathlib import Path

import llama_cpp

PREFIX_LINES = 256
SUFFIX_LINES = 64
SUFFIX_LIMIT = 8  # with more characters after the cursor, llama.vim does not ask
CACHED = 250
NEARBY = 128  # characters of a cached answer that may have been typed
DROPPED = 3  # a cached answer may be found without up to so many first lines of the prefix
RETRY = 0.1  # seconds
FIRST_MS = 250  # prediction time after which a second line feed ends an answer
AHEAD_MS = 1000  # the same for a request ahead, which assumes that the suggestion is accepted
PATIENCE = 60  # seconds


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("trace")
    arguments.add_argument("--interval-ms", type=float, default=120, help="least time between two keys")
    arguments.add_argument("--deadline-ms", type=float, default=100, help="the user does not accept a later suggestion")
    options = arguments.parse_args()
    with llama_cpp.serve(options.model) as address:
        figures = replay(address, Trace.of(options.trace), options.interval_ms / 1e3, options.deadline_ms)
    print(json.dumps({"model": options.model.stem} | figures))


@dataclass(frozen=True)
class Trace:
    before: list[str]
    typed: str
    after: list[str]

    @classmethod
    def of(cls, text: str) -> "Trace":
        """Parses `FILE:START-END`. Lines count from 1. The line END is typed too, without its line feed."""
        file, _, lines = text.rpartition(":")
        start, end = map(int, lines.split("-"))
        content = Path(file).read_text().split("\n")
        return cls(content[: start - 1], "\n".join(content[start - 1 : end]), content[end:])


@dataclass
class Buffer:
    lines: list[str]
    row: int
    column: int = 0

    def insert(self, character: str) -> None:
        line = self.lines[self.row]
        before, after = line[: self.column], line[self.column :]
        if character == "\n":
            self.lines[self.row : self.row + 1] = [before, after]
            self.row, self.column = self.row + 1, 0
        else:
            self.lines[self.row] = before + character + after
            self.column += 1

    def accept(self, lines: list[str]) -> None:
        """Replaces the cursor's line with `lines`."""
        self.lines[self.row : self.row + 1] = lines
        self.row, self.column = self.row + len(lines) - 1, len(lines[-1])


@dataclass(frozen=True)
class Prompt:
    prefix: str
    middle: str
    suffix: str
    indent: int

    def places(self) -> list[tuple[str, str]]:
        """Returns the keys of the answer in the cache: the text around the cursor, with and without its first lines."""
        prefix, places = self.prefix, [(self.prefix + self.middle, self.suffix)]
        for _ in range(DROPPED):
            prefix = prefix.partition("\n")[2]
            if not prefix:
                break
            places.append((prefix + self.middle, self.suffix))
        return places


@dataclass(frozen=True)
class Hint:
    """A suggestion on the screen: the lines to insert, and the text before them in the cursor's line."""

    before: str
    lines: list[str]
    kind: str

    def acceptable(self) -> bool:
        return any(line.strip() for line in self.lines)

    def right(self, lines: list[str]) -> int:
        """Returns how many of its lines to accept: all, only the first, or none. `lines` come next, from the cursor's on."""
        whole = [self.before + self.lines[0], *self.lines[1:]]
        if whole == lines[: len(whole)]:
            return len(whole)
        return int(whole[0] == lines[0])


@dataclass(frozen=True)
class Keystroke:
    ms: float
    evaluated: int
    kind: str
    shown: bool
    accepted: bool


class LlamaVim:
    def __init__(self, address: str, buffer: Buffer, window: int | None) -> None:
        """`window` replaces llama.vim's prompts with fimble's, which have that many tokens."""
        self.address = address
        self.buffer = buffer
        self.window = window
        self.cache: OrderedDict[tuple[str, str], str] = OrderedDict()
        self.answers: queue.Queue[tuple[Prompt, dict | Exception]] = queue.Queue()
        self.busy = False
        self.retry: tuple[float, tuple] | None = None
        self.hint: Hint | None = None
        self.indent = -1
        self.evaluated = 0

    def moved(self) -> None:
        """Runs after every key: shows a cached answer, then asks the model in any case."""
        self.hint = None
        self.try_hint()
        self.ask(None, [])

    def settled(self) -> bool:
        """Returns whether the key has its answer: a suggestion, an empty answer, or no pending request.

        There may be no pending request because a request ahead, for a cached answer of blanks, replaced the key's own.
        """
        shown = self.hint is not None and self.hint.acceptable()
        idle = not self.busy and self.retry is None
        return shown or idle or self.prompt(None, []).places()[0] in self.cache

    def wait(self, until: float, for_answer: bool = False) -> None:
        """Handles answers and timers until the time `until`, or until the key has its answer."""
        while not (for_answer and self.settled()):
            next_event = min(until, self.retry[0]) if self.retry else until
            try:
                prompt, answer = self.answers.get(timeout=max(0.0, next_event - time.monotonic()))
            except queue.Empty:
                if self.retry and self.retry[0] <= time.monotonic():
                    (_, request), self.retry = self.retry, None
                    self.ask(*request)
                elif until <= time.monotonic():
                    return
            else:
                self.arrived(prompt, answer)

    def prompt(self, position: tuple[int, int] | None, ahead: list[str]) -> Prompt:
        """Returns the text around a position (None: the cursor), as if the lines `ahead` had been inserted there."""
        lines = self.buffer.lines
        row, column = position or (self.buffer.row, self.buffer.column)
        first = max(0, row - PREFIX_LINES + max(0, len(ahead) - 1))
        above, line = lines[first:row], lines[row]
        middle, rest, indent = line[:column], line[column:], len(line) - len(line.lstrip())
        if ahead:
            accepted = [line + ahead[0], *ahead[1:]]
            above, middle, rest, indent = above + accepted[:-1], accepted[-1], "", self.indent
        elif not line.strip():
            middle, rest, indent = "", "", 0
        suffix = "\n".join([rest, *lines[row + 1 : row + 1 + SUFFIX_LINES]]) + "\n"
        return Prompt("\n".join(above) + "\n", middle, suffix, indent)

    def ask(self, position: tuple[int, int] | None, ahead: list[str]) -> None:
        """Sends one request at a time. While one is pending, the latest of the others is retried every 100 ms."""
        if self.busy:
            self.retry = (time.monotonic() + RETRY, (position, ahead))
            return
        prompt = self.prompt(position, ahead)
        if len(prompt.suffix.partition("\n")[0]) > SUFFIX_LIMIT:
            return
        if any(self.cached(place) is not None for place in prompt.places()):
            return
        self.indent = prompt.indent
        self.busy = True
        threading.Thread(target=self.send, args=(prompt, AHEAD_MS if ahead else FIRST_MS), daemon=True).start()

    def send(self, prompt: Prompt, predict_ms: int) -> None:
        fields = {
            "id_slot": 0,
            "n_predict": 128,
            "stop": [],
            "n_indent": prompt.indent,
            "top_k": 40,
            "top_p": 0.90,
            "samplers": ["top_k", "top_p", "infill"],
            "stream": False,
            "cache_prompt": True,
            "t_max_prompt_ms": 500,
            "t_max_predict_ms": predict_ms,
            "response_fields": ["content", "timings/prompt_n"],
            # llama.vim sets no seed. Here a second run should get the same suggestions.
            "seed": 0,
        }
        texts = {"input_prefix": prompt.prefix, "input_suffix": prompt.suffix, "input_extra": [], "prompt": prompt.middle}
        try:
            if self.window:
                answer = self.post("completion", fields | {"prompt": self.pinned(prompt, self.window)})
            else:
                answer = self.post("infill", fields | texts)
            self.answers.put((prompt, answer))
        except OSError as error:
            self.answers.put((prompt, error))

    def pinned(self, prompt: Prompt, window: int) -> list[str | int]:
        """Returns a prompt that ends with the cursor's line, so a key changes only the last tokens. It is cut as in `/infill`."""
        before = self.post("tokenize", {"content": prompt.prefix})["tokens"][-3 * window // 4 :]
        after = self.post("tokenize", {"content": prompt.suffix})["tokens"][: window // 4]
        return ["<|fim_prefix|>", *before, "<|fim_suffix|>", *after, "<|fim_middle|>", prompt.middle]

    def post(self, path: str, fields: dict) -> dict:
        request = urllib.request.Request(f"{self.address}/{path}", json.dumps(fields).encode())
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def arrived(self, prompt: Prompt, answer: dict | Exception) -> None:
        if isinstance(answer, Exception):
            raise answer
        self.evaluated += answer["timings/prompt_n"]
        for place in prompt.places():
            if len(self.cache) >= CACHED:
                self.cache.popitem(last=False)
            self.cache[place] = answer["content"]
            self.cache.move_to_end(place)
        if self.hint is None or not self.hint.acceptable():
            self.try_hint()
        # The request's process ends after its output is read, so the request ahead in `try_hint` is retried 100 ms later.
        self.busy = False

    def try_hint(self) -> None:
        """Shows the cached answer for the cursor, and asks ahead as if the user accepted it."""
        place = self.prompt(None, []).places()[0]
        content, kind = self.cached(place), "cached"
        if content is None:
            content, kind = self.nearby(*place), "typed_through"
        if content is not None:
            self.hint = self.render(content, kind)
            self.ask((self.buffer.row, self.buffer.column), self.hint.lines)

    def cached(self, place: tuple[str, str]) -> str | None:
        if place in self.cache:
            self.cache.move_to_end(place)
        return self.cache.get(place)

    def nearby(self, before: str, suffix: str) -> str | None:
        """Returns the rest of a cached answer whose beginning was just typed: the second one found, or a longer one."""
        found = []
        for size in range(1, NEARBY + 1):
            content = self.cached((before[:-size], suffix))
            if content is not None and content.startswith(before[-size:]) and len(content) > size:
                found.append(content[size:])
        return max(found[1:], key=len) if len(found) > 1 else next(iter(found), None)

    def render(self, content: str, kind: str) -> Hint:
        lines = content.rstrip("\n").split("\n")
        row, column = self.buffer.row, self.buffer.column
        line, below = self.buffer.lines[row], self.buffer.lines[row + 1 :]
        if not line.strip():
            # On a blank line, the answer's indentation replaces the line's own.
            lead = min(len(lines[0]) - len(lines[0].lstrip()), len(line))
            line, lines[0] = lines[0][:lead], lines[0][lead:]
        before, after = line[:column], line[column:]
        if repeats(lines, before, after, below):
            lines = [""]
        lines[-1] += after
        return Hint(before, lines, kind)


def repeats(lines: list[str], before: str, after: str, below: list[str]) -> bool:
    """Returns whether a suggestion only repeats the text after the cursor."""
    if lines[0] == "" and len(lines) > 1 and lines[1:] == below[: len(lines) - 1]:
        return True
    if lines == [after]:
        return True
    blank = next((number for number, line in enumerate(below[:-1]) if line.strip()), max(0, len(below) - 1))
    below = below[blank:]
    if not below or before + lines[0] != below[0]:
        return False
    match lines:
        case [_]:
            return True
        case [_, last]:
            return len(below) > 1 and below[1].startswith(last)
        case _:
            return lines[1:] == below[1 : len(lines)]


def replay(address: str, trace: Trace, interval: float, deadline_ms: float, window: int | None = None) -> dict:
    buffer = Buffer([*trace.before, "", *trace.after], len(trace.before))
    vim = LlamaVim(address, buffer, window)
    strokes: list[Keystroke] = []
    keys = at = foreground = 0
    next_key = time.monotonic()
    while at < len(trace.typed):
        vim.wait(next_key)
        pressed, evaluated = time.monotonic(), vim.evaluated
        next_key = pressed + interval
        buffer.insert(trace.typed[at])
        at += 1
        keys += 1
        vim.moved()
        kind = vim.hint.kind if vim.hint and vim.settled() else "model"
        vim.wait(pressed + PATIENCE, for_answer=True)
        if not vim.settled():
            raise SystemExit(f"llama-server did not answer for {PATIENCE} s")
        ms = (time.monotonic() - pressed) * 1e3
        evaluated = vim.evaluated - evaluated
        foreground += evaluated
        shown = vim.hint is not None and vim.hint.acceptable()
        # The whole line that is being typed, and the lines after it.
        lines = trace.typed[at - buffer.column :].split("\n")
        right = vim.hint.right(lines) if shown and ms <= deadline_ms and buffer.column < len(lines[0]) else 0
        strokes.append(Keystroke(ms, evaluated, kind, shown, right > 0))
        if right:
            vim.wait(next_key)
            next_key += interval
            keys += 1
            at += len("\n".join(lines[:right])) - buffer.column
            buffer.accept(lines[:right])
            vim.moved()
    vim.wait(next_key)
    return summary(len(trace.typed), keys, [asdict(stroke) for stroke in strokes], vim.evaluated - foreground)


def summary(characters: int, keys: int, strokes: list[dict], background: int) -> dict:
    """Returns the same fields as `fimble replay --json`, without the model's name."""
    return {
        "characters": characters,
        "keys": keys,
        "keystrokes_saved": 1 - keys / characters,
        "latency_ms": percentiles([stroke["ms"] for stroke in strokes], [50, 95, 99]),
        "evaluated_tokens": percentiles([stroke["evaluated"] for stroke in strokes], [50, 95]),
        "background_evaluated_tokens": background,
        "keystrokes": strokes,
    }


def percentiles(values: list[float], percents: list[int]) -> dict[str, float]:
    """Returns percentiles by nearest rank, like fimble."""
    ordered = sorted(values)
    return {f"p{percent}": ordered[math.ceil(len(ordered) * percent / 100) - 1] for percent in percents}


if __name__ == "__main__":
    main()
