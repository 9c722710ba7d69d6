"""Measures the benefit of a second, stronger model on a server, and how often fimble has to ask it.

    python3 benches/hybrid.py --config models/train/configs/cpu.toml [--skip 100] [--limit 100] [CASES...]
    python3 benches/hybrid.py --url http://127.0.0.1:8080 [--family qwen2.5-coder] ...

Completes held-out cases with the local model, with a server, and with both as in an editor, through `fimble eval --routing`.
Then computes the results of other thresholds from the answers of both. Prints Markdown. `--url` names a server of yours. With
`--config` the script starts a server itself: the n-gram model of `models/train`, which is right more often than the
embedded model on these cases. It speaks the completions API without probabilities, and needs the packages and the data of
`models/train`. The script needs a built binary, `target/release/fimble` or the one that `FIMBLE` names.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIMBLE = os.environ.get("FIMBLE", str(ROOT / "target/release/fimble"))
CASES = [f"{language}-{kind}.jsonl" for language in ("rust", "python") for kind in ("single-line", "mid-word")]
CONTEXT = 4096  # tokens of a prompt with its answer
THRESHOLDS = [0, 20, 30, 40, 50, 60, 70, 80, 101]
STAY_LOCAL = ("comment", "string", "import")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", default=[ROOT / "tests/quality" / name for name in CASES])
    arguments.add_argument("--skip", default="100", help="cases of each file to leave out: those that chose the thresholds")
    arguments.add_argument("--limit", default="100", help="number of cases from each file")
    where = arguments.add_mutually_exclusive_group(required=True)
    where.add_argument("--config", type=Path)
    where.add_argument("--url")
    arguments.add_argument("--family")
    options = arguments.parse_args()
    url = options.url or serve(options.config.resolve())
    with tempfile.TemporaryDirectory() as home:
        settings = Path(home) / "fimble" / "fimble.toml"
        settings.parent.mkdir()
        family = f'family = "{options.family}"\n' if options.family else ""
        # No deadline: an unseen prompt takes longer than a key, and this script does not measure time limits.
        settings.write_text(f'deadline_ms = 0\n[remote]\nurl = "{url}"\n{family}timeout_ms = 20000\n')
        answers = {routing: evaluate(routing, options, home) for routing in ("local", "remote", "hybrid")}
    table(answers)
    thresholds(answers["local"], answers["remote"])


def evaluate(routing: str, options: argparse.Namespace, settings: str) -> list[dict]:
    command = [FIMBLE, "eval", "--each", "--routing", routing, "--skip", options.skip, "--limit", options.limit]
    environment = os.environ | {"XDG_CONFIG_HOME": settings}
    output = subprocess.run([*command, *options.cases], check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def table(answers: dict[str, list[dict]]) -> None:
    print(f"{len(answers['local'])} cases\n")
    print("| who answers | exact match | kept local | p50 | p95 |\n|---|---|---|---|---|")
    for routing, cases in answers.items():
        times = sorted(case["timing"]["total_ms"] for case in cases)
        p50, p95 = (times[int(len(times) * share)] for share in (0.5, 0.95))
        exact, kept = share(case["exact"] for case in cases), share(not case["asked_remote"] for case in cases)
        print(f"| {routing} | {exact} | {kept} | {p50:.0f} ms | {p95:.0f} ms |")


def thresholds(local: list[dict], remote: list[dict]) -> None:
    """Prints the results for each confidence below which the server is asked, if it is always in time and preferred."""
    print("\n| asked below, in per cent | exact match | kept local |\n|---|---|---|")
    for threshold in THRESHOLDS:
        right, kept = [], []
        for here, there in zip(local, remote, strict=True):
            keeps = 100 * (here["confidence"] or 0) >= threshold or here["kind"] in STAY_LOCAL
            shown = here if keeps or not there["answer"] else there
            right.append(shown["exact"])
            kept.append(keeps)
        print(f"| {threshold} | {share(right)} | {share(kept)} |")


def share(flags) -> str:
    flags = list(flags)
    return f"{100 * sum(flags) / len(flags):.1f} %"


def serve(config: Path) -> str:
    """Starts a server of the n-gram model, which runs as long as this process, and returns its address."""
    sys.path.insert(0, str(ROOT / "models/train"))
    from fimble_train.evaluation.baselines import Ngrams
    from fimble_train.settings import Config

    model = Ngrams(Config.load(config), CONTEXT)

    class Completions(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            case = {"prompt": asked["prompt"], "suffix": asked["suffix"], "kind": "single-line"}
            choice = {"text": model.answer(case) + "\n", "finish_reason": "stop"}
            body = json.dumps({"choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Completions)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


if __name__ == "__main__":
    main()
