"""Types the same stretches of files with fimble and with llama.vim, prints tables with ratios, and draws a plot.

    python compare.py PLOT.svg [FILE:START-END...]

FIMBLE names a binary. Without it, cargo builds one. The script writes the figures of every key to `compare.json` in the
cache folder.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import matplotlib as mpl

import llama_cpp
import llama_vim
import weights
from llama_cpp import HOME

REPOSITORY = Path(__file__).parents[2]
# The file, the first line to type and the number of lines, in sources that the embedded model was not trained on.
STRETCHES = [
    ("server/completion/src/document.rs", "    pub fn apply_changes(", 20),
    ("server/fimble/src/in_flight.rs", "    /// Returns the number to take the request out with.", 18),
    ("models/train/fimble_train/evaluation/completer.py", "    def answer(self, case: Case) -> str:", 15),
]
# Short, because the large model takes seconds per key.
SHORT = [("server/completion/src/document.rs", "        let mut draft = Draft::of(self);", 1)]
INTERVAL_MS = 120
DEADLINE_MS = 100
FIMBLE, PEER, PINNED = "fimble", "llama.vim", "llama.vim, our prompt"
COLOURS = {FIMBLE: "#0072B2", PEER: "#D55E00", PINNED: "#E69F00"}
STYLES = ["solid", "dashed"]
COLUMNS = [
    "latency p50, ms", "p95", "p99", "p50 of keys that the model answers", "shown in time", "tokens evaluated p50", "p95",
    "with background, per key", "keystrokes saved",
]  # fmt: skip


@dataclass(frozen=True)
class Model:
    name: str
    fimble: list[str]
    gguf: Path
    window: int  # tokens in fimble's prompt
    traces: list[str]


@dataclass(frozen=True)
class Run:
    model: str
    trace: str
    engine: str
    figures: dict


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("plot", type=Path)
    arguments.add_argument("traces", nargs="*", help="stretches to type instead of the default ones")
    options = arguments.parse_args()
    plot = options.plot.resolve()
    os.chdir(REPOSITORY)
    found = models()
    if options.traces:
        found = [replace(model, traces=options.traces) for model in found]
    llama_cpp.server()
    runs = [run for model in found for trace in model.traces for run in measure(model, trace)]
    (HOME / "compare.json").write_text(json.dumps([vars(run) for run in runs]))
    print(f"{cpu()}, {os.cpu_count()} cores; a key every {INTERVAL_MS} ms, suggestions accepted within {DEADLINE_MS} ms.")
    for model in found:
        print(table(model.name, [run for run in runs if run.model == model.name]))
    draw(plot, pooled(runs))


def models() -> list[Model]:
    """Returns both models, and writes their files if they do not exist. The files of the random model are large."""
    folder = HOME / "models"
    random, embedded = folder / "random", folder / "embedded.gguf"
    folder.mkdir(parents=True, exist_ok=True)
    weights.write_gguf(weights.EMBEDDED, embedded)
    if not random.with_suffix(".gguf").exists():
        weights.write_random(random)
        weights.write_gguf(random, random.with_suffix(".gguf"))
    return [
        Model("embedded", [], embedded, 512, traces(STRETCHES)),
        Model("0.5B", ["--model", str(random)], random.with_suffix(".gguf"), 1024, traces(SHORT)),
    ]


def traces(stretches: list[tuple[str, str, int]]) -> list[str]:
    """Returns each stretch as `FILE:START-END`, which both fimble and llama_vim.py accept."""
    found = []
    for file, first, count in stretches:
        lines = Path(file).read_text().split("\n")
        if first not in lines:
            raise SystemExit(f"{file} no longer has the line {first!r}: choose another stretch")
        start = lines.index(first) + 1
        found.append(f"{file}:{start}-{start + count - 1}")
    return found


def measure(model: Model, trace: str) -> list[Run]:
    """Runs all engines in turn, so that other load on the machine affects all of them alike."""
    runs = [Run(model.name, trace, FIMBLE, replay(trace, model.fimble))]
    for engine, window in {PEER: None, PINNED: model.window}.items():
        with llama_cpp.serve(model.gguf) as address:
            figures = llama_vim.replay(address, llama_vim.Trace.of(trace), INTERVAL_MS / 1e3, DEADLINE_MS, window)
        runs.append(Run(model.name, trace, engine, figures))
    for run in runs:
        print(f"{run.model}, {trace}, {run.engine}: {row(run.figures)}", file=sys.stderr)
    return runs


def replay(trace: str, options: list[str]) -> dict:
    program = shlex.split(os.environ.get("FIMBLE", "cargo run --release --quiet -p fimble --"))
    numbers = ["--interval-ms", str(INTERVAL_MS), "--deadline-ms", str(DEADLINE_MS)]
    done = subprocess.run([*program, "replay", trace, "--json", *numbers, *options], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def pooled(runs: list[Run]) -> list[Run]:
    """Merges the keys of all traces into one run for each model and engine."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for run in runs:
        groups.setdefault((run.model, run.engine), []).append(run.figures)
    return [Run(model, "all", engine, together(figures)) for (model, engine), figures in groups.items()]


def together(figures: list[dict]) -> dict:
    strokes = [stroke for run in figures for stroke in run["keystrokes"]]
    characters, keys = sum(run["characters"] for run in figures), sum(run["keys"] for run in figures)
    return llama_vim.summary(characters, keys, strokes, sum(run["background_evaluated_tokens"] for run in figures))


def table(title: str, runs: list[Run]) -> str:
    lines = [f"\n**{title}**\n", f"| trace | | {' | '.join(COLUMNS)} |", "|---|---|" + "---:|" * len(COLUMNS)]
    groups: dict[str, list[Run]] = {}
    for run in [*runs, *pooled(runs)]:
        groups.setdefault(run.trace, []).append(run)
    for trace, (ours, *peers) in groups.items():
        lines.append(line(trace, FIMBLE, row(ours.figures), "{:,.4g}"))
        for peer in peers:
            lines.append(line("", peer.engine, row(peer.figures), "{:,.4g}"))
            ratios = [
                a / b if a is not None and b else None for a, b in zip(row(ours.figures), row(peer.figures), strict=True)
            ]
            lines.append(line("", f"fimble / {peer.engine}", ratios, "*{:.2g}*"))
    return "\n".join(lines)


def line(trace: str, engine: str, values: list[float | None], form: str) -> str:
    cells = ["" if value is None else form.format(value) for value in values]
    return f"| {trace} | {engine} | {' | '.join(cells)} |"


def row(figures: dict) -> list[float | None]:
    strokes, latency, evaluated = figures["keystrokes"], figures["latency_ms"], figures["evaluated_tokens"]
    asked = [stroke["ms"] for stroke in strokes if stroke["kind"] == "model"]
    total = sum(stroke["evaluated"] for stroke in strokes) + figures["background_evaluated_tokens"]
    return [
        *(latency[name] for name in ["p50", "p95", "p99"]),
        median(asked) if asked else None,
        share(strokes, lambda stroke: stroke["shown"] and stroke["ms"] <= DEADLINE_MS),
        *(evaluated[name] for name in ["p50", "p95"]),
        total / len(strokes),
        figures["keystrokes_saved"],
    ]


def share(strokes: list[dict], wanted: Callable[[dict], bool]) -> float:
    return sum(map(wanted, strokes)) / len(strokes)


def draw(path: Path, runs: list[Run]) -> None:
    """Plots the cumulative share of keys over milliseconds and over evaluated tokens."""
    mpl.use("svg")
    # Text stays text, and nothing depends on the date, so the file is small and changes only with the figures.
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "fimble", "font.size": 9}
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    names = list(dict.fromkeys(run.model for run in runs))
    for run in runs:
        look = {
            "color": COLOURS[run.engine],
            "linestyle": STYLES[names.index(run.model)],
            "label": f"{run.engine}, {run.model}",
        }
        for panel, field, least in [(left, "ms", 0.1), (right, "evaluated", 0)]:
            values = [max(least, stroke[field]) for stroke in run.figures["keystrokes"]]
            panel.plot(steps(values), [percent / 100 for percent in range(101)], linewidth=1.5, **look)
    left.axvline(DEADLINE_MS, color="grey", linewidth=0.8, linestyle="dotted")
    left.set(xscale="log", xlabel="milliseconds from key to suggestion", ylabel="share of keys", ylim=(0, 1))
    right.set(xlabel="tokens evaluated while the key waited")
    right.set_xscale("symlog", linthresh=1)
    right.set_xlim(left=0)
    for panel in (left, right):
        panel.grid(color="#dddddd", linewidth=0.5)
        panel.minorticks_off()
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None})


def steps(values: list[float]) -> list[float]:
    """Returns the values at every per cent, so that the number of points does not depend on the trace's length."""
    ordered = sorted(values)
    return [ordered[min(len(ordered) - 1, percent * len(ordered) // 100)] for percent in range(101)]


def cpu() -> str:
    info = Path("/proc/cpuinfo").read_text()
    return info.partition("model name\t: ")[2].partition("\n")[0] or "a CPU without a name"


if __name__ == "__main__":
    main()
