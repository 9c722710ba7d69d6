"""A local server of completions that follows a script, so that tests know every suggestion in advance.

It speaks llama.cpp's `/infill`, one of the two protocols that fimble speaks (`server/remote/src/protocol.rs`).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class Completions:
    """The script, and a record of what fimble asked.

    `script` maps the end of the text before the cursor to a completion. Everywhere else the completion is empty.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.script: dict[str, str] = {}
        self.asked: list[str] = []

    def completion(self, before: str) -> str:
        self.asked.append(before)
        return next((text for end, text in self.script.items() if before.endswith(end)), "")

    def configure(self, configuration_folder: Path) -> None:
        """Writes the `fimble.toml` of a user who has every suggestion made by this server."""
        folder = configuration_folder / "fimble"
        folder.mkdir(parents=True)
        # The limits are so high that fimble never answers with its own model instead.
        (folder / "fimble.toml").write_text(
            'routing = "remote"\n\n'
            f'[remote]\nurl = "{self.url}"\napi = "infill"\ntimeout_ms = 60000\nper_minute = 1000000\n'
        )


class _Server(ThreadingHTTPServer):
    completions: Completions


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = self.server.completions.completion(question["input_prefix"] + question["prompt"])
        answer = json.dumps({"content": text, "stop": True}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def serve() -> Iterator[Completions]:
    """Runs a server on a free port of this machine."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.completions = Completions(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.completions
        server.shutdown()
