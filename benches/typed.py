"""Types held-out code through `fimble replay` and prints the cost and the savings as Markdown.

    python3 benches/typed.py saved       # keystrokes saved within 50 and within 150 ms, for both languages
    python3 benches/typed.py ablation    # the effect of leaving out each mechanism

Needs only Python and a built binary, `target/release/fimble` or the one that `FIMBLE` names. `--cases N` and `--interval-ms N`
change how long it takes.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIMBLE = os.environ.get("FIMBLE", str(ROOT / "target/release/fimble"))
SUFFIXES = {"rust": ".rs", "python": ".py"}
MECHANISMS = ["pins", "pins-over-lines", "healing", "logit-cache", "ngrams", "search", "suggestion-cache", "prefetch"]
LINES = 3  # lines to type for each case; the last is the line of the case
APART = 7  # take every seventh case, so that the cases come from many files


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=["saved", "ablation"])
    arguments.add_argument("--cases", type=int, default=10, help="number of cases for each language")
    arguments.add_argument("--interval-ms", type=int, default=120, help="least time between two keys")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stretches = {language: write_cases(Path(folder), language, options.cases) for language in SUFFIXES}
        interval = ["--interval-ms", str(options.interval_ms)]
        if options.what == "saved":
            saved(stretches, interval)
        else:
            ablation([stretch for some in stretches.values() for stretch in some], interval)


def write_cases(folder: Path, language: str, count: int) -> list[str]:
    """Writes each case into a file, and returns the files with the lines to type."""
    lines = (ROOT / f"tests/quality/{language}-single-line.jsonl").read_text().splitlines()
    stretches = []
    for number, line in enumerate(lines[:: APART][:count]):
        case = json.loads(line)
        file = folder / f"{language}-{number}{SUFFIXES[language]}"
        file.write_text(case["prompt"] + case["canonical_solution"] + case["suffix"])
        first = case["prompt"].count("\n") + 1
        stretches.append(f"{file}:{max(1, first - LINES + 1)}-{first}")
    return stretches


def saved(stretches: dict[str, list[str]], options: list[str]) -> None:
    print("| typed | within | keystrokes saved | p50 | p95 | p99 | tokens evaluated a key, mean |\n|---|---|---|---|---|---|---|")
    for language, some in stretches.items():
        for deadline in (50, 150):
            report = replay(some, [*options, "--deadline-ms", str(deadline)])
            print(f"| {report['characters']:,} characters of {language} | {deadline} ms | {figures(report)} |", flush=True)


def ablation(stretches: list[str], options: list[str]) -> None:
    print("| without | keystrokes saved | p50 | p95 | p99 | tokens evaluated a key, mean |\n|---|---|---|---|---|---|")
    print(f"| - | {figures(replay(stretches, options))} |", flush=True)
    for mechanism in MECHANISMS:
        print(f"| {mechanism} | {figures(replay(stretches, [*options, '--without', mechanism]))} |", flush=True)


def figures(report: dict) -> str:
    latency, keys = report["latency_ms"], report["keystrokes"]
    evaluated = sum(key["evaluated"] for key in keys) / len(keys)
    times = " | ".join(f"{latency[rank]:.1f} ms" for rank in ("p50", "p95", "p99"))
    return f"{100 * report['keystrokes_saved']:.1f} % | {times} | {evaluated:.1f}"


def replay(stretches: list[str], options: list[str]) -> dict:
    done = subprocess.run([FIMBLE, "replay", *stretches, "--json", *options], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
