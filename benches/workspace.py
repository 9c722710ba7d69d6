"""Opens a workspace of many files and types at the same time, to measure the cost of reading it in latency, memory and time.

    python3 benches/workspace.py [--files 20000] [--keys 200]

Needs only Python and a built binary, `target/release/fimble` or the one that `FIMBLE` names. The files are copies of
`tests/repositories` with different names in each copy. Prints Markdown: the latency of keys while fimble reads the workspace,
and afterwards in the same session.
"""

import argparse
import itertools
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEFINITION = re.compile(r"\b(fn|def|class|struct|enum|trait)\s+(\w+)")
TYPED = "    total = sum(len(line) for line in lines if line.strip())\n"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=20_000)
    arguments.add_argument("--keys", type=int, default=200, help="number of keys to type after the workspace was read")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        written = fill(Path(folder), options.files)
        print(f"{options.files} files, {written / 2**20:.0f} MiB", flush=True)
        measure(Path(folder), options.keys)


def fill(folder: Path, count: int) -> int:
    """Writes `count` files and returns their size in bytes."""
    sources = [path for path in sorted((ROOT / "tests/repositories").rglob("*")) if path.suffix in {".rs", ".py"}]
    texts = [(path.relative_to(ROOT / "tests/repositories"), path.read_text()) for path in sources]
    written = 0
    for number, (path, text) in enumerate(itertools.islice(itertools.cycle(texts), count)):
        copy = number // len(texts)
        target = folder / f"copy{copy}" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = DEFINITION.sub(rf"\1 \2_{copy}", text)
        target.write_text(text)
        written += len(text)
    return written


def measure(folder: Path, keys: int) -> None:
    server = Server(folder)
    while server.ask("fimble/status", None)["state"] != "ready":
        time.sleep(0.05)
    document = Typist(server, folder / "typed.py")
    began = time.monotonic()
    document.key()
    before = []
    while not server.ask("fimble/status", None)["workspace"]["ended"]:
        before.append(document.key())
    took = time.monotonic() - began
    document.key()
    after = [document.key() for _ in range(keys)]
    reading = server.ask("fimble/status", None)["workspace"]
    print(f"read while typing in {took:.0f} s: {reading['files']} files, {reading['bytes'] / 2**20:.0f} MiB known of them")
    print(f"resident at most: {server.peak_memory() / 2**20:.0f} MiB\n")
    print("| | keys | p50 | p95 |\n|---|---|---|---|")
    for name, latencies in [("while it is read", before), ("after that", after)]:
        cuts = statistics.quantiles(latencies, n=20)
        print(f"| {name} | {len(latencies)} | {statistics.median(latencies):.1f} ms | {cuts[-1]:.1f} ms |")
    server.quit()


class Typist:
    """Types the same line over and over, and asks for a completion after each key."""

    def __init__(self, server: "Server", path: Path) -> None:
        self.server = server
        self.uri = path.as_uri()
        self.place = [1, 0]
        self.version = 1
        self.typed = itertools.cycle(TYPED)
        text = "def count(lines):\n"
        document = {"uri": self.uri, "languageId": "python", "version": 1, "text": text}
        server.tell("textDocument/didOpen", {"textDocument": document})

    def key(self) -> float:
        """Types one key and returns the latency of the completion in milliseconds."""
        key = next(self.typed)
        place = {"line": self.place[0], "character": self.place[1]}
        self.version += 1
        change = {"range": {"start": place, "end": place}, "text": key}
        began = time.monotonic()
        document = {"uri": self.uri, "version": self.version}
        self.server.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        self.place = [self.place[0] + 1, 0] if key == "\n" else [self.place[0], self.place[1] + 1]
        position = {"line": self.place[0], "character": self.place[1]}
        params = {"textDocument": {"uri": self.uri}, "position": position, "context": {"triggerKind": 2}}
        self.server.ask("textDocument/inlineCompletion", params)
        latency = 1000 * (time.monotonic() - began)
        time.sleep(max(0.0, 0.05 - latency / 1000))
        return latency


class Server:
    def __init__(self, folder: Path) -> None:
        binary = os.environ.get("FIMBLE", str(ROOT / "target/release/fimble"))
        self.process = subprocess.Popen([binary, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.latest = 0
        capabilities = {"textDocument": {"inlineCompletion": {}}}
        folders = [{"uri": folder.as_uri(), "name": "many"}]
        self.ask("initialize", {"processId": None, "capabilities": capabilities, "workspaceFolders": folders})
        self.tell("initialized", {})

    def ask(self, method: str, params: Any) -> Any:
        self.latest += 1
        self.send({"id": self.latest, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self.latest and "method" not in message:
                return message["result"]

    def tell(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def peak_memory(self) -> int:
        """Returns the peak resident memory in bytes, on Linux."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def quit(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        self.process.wait(10)


if __name__ == "__main__":
    main()
