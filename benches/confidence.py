"""Measures how well a model's confidence predicts whether it is right, and the effect of a minimum confidence.

    python3 benches/confidence.py [--limit N] [--model NAME|PATH] [--plot FILE.svg] [CASES...]

Prints Markdown about held-out cases. Needs a built binary, `target/release/fimble` or the one that `FIMBLE` names, and
matplotlib for the plot.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIMBLE = os.environ.get("FIMBLE", str(ROOT / "target/release/fimble"))
CASES = [f"{language}-{kind}.jsonl" for language in ("rust", "python") for kind in ("single-line", "mid-word")]
BINS = 10
THRESHOLDS = range(0, 80, 10)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", default=[ROOT / "tests/quality" / name for name in CASES])
    arguments.add_argument("--limit", default="200", help="number of cases from each file")
    arguments.add_argument("--model", default="embedded")
    arguments.add_argument("--plot", type=Path)
    options = arguments.parse_args()
    command = [FIMBLE, "eval", "--each", "--model", options.model, "--limit", options.limit, *options.cases]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    cases = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    answers = sorted((case["confidence"], case["exact"]) for case in cases if case["confidence"] is not None)
    bins = [answers[len(answers) * number // BINS : len(answers) * (number + 1) // BINS] for number in range(BINS)]
    print(f"{len(cases)} cases, {len(answers)} with an answer\n")
    reliability(bins)
    thresholds(answers)
    if options.plot:
        plot(bins, options.plot)


def share(answers: list) -> float:
    return sum(exact for _, exact in answers) / max(1, len(answers))


def mean_confidence(answers: list) -> float:
    return sum(confidence for confidence, _ in answers) / max(1, len(answers))


def reliability(bins: list) -> None:
    print("| confidence | mean | right |\n|---|---|---|")
    for answers in bins:
        low, high = answers[0][0], answers[-1][0]
        print(f"| {low:.0%} to {high:.0%} | {mean_confidence(answers):.0%} | {share(answers):.1%} |")


def thresholds(answers: list) -> None:
    print("\n| minimum confidence | share still shown | right among shown | shown among right |\n|---|---|---|---|")
    right = sum(exact for _, exact in answers)
    for least in THRESHOLDS:
        shown = [answer for answer in answers if answer[0] * 100 >= least]
        kept = sum(exact for _, exact in shown) / max(1, right)
        print(f"| {least} | {len(shown) / len(answers):.0%} | {share(shown):.1%} | {kept:.0%} |")


def plot(bins: list, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "fimble"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(4.5, 4.5))
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axes.plot([mean_confidence(answers) for answers in bins], [share(answers) for answers in bins], marker="o")
    axes.set(xlabel="mean probability of a token", ylabel="right", xlim=(0, 1), ylim=(0, 1))
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
