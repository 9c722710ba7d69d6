"""Types the same stretches of files with fimble and with llama.vim, prints tables with ratios, and draws a plot.

    python compare.py PLOT.svg [--model real|embedded] [--deadline-ms N] [--busy] [FILE:START-END...]

FIMBLE names a binary that has llama.cpp. Without it, cargo builds one. FIMBLE_REAL_MODEL names the GGUF file of the real
model. The script writes the figures of every key to `compare-MODEL-DEADLINE.json` in the cache folder.
"""

import argparse
import contextlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import matplotlib as mpl

import llama_cpp
import llama_vim
import weights
from llama_cpp import HOME

REPOSITORY = Path(__file__).parents[2]
# The file, the first line to type and the number of lines, in sources that no model here was trained on.
STRETCHES = [
    ("server/completion/src/document.rs", "    pub fn replace(&mut self, version: i32, text: &str) -> Result<(), EditError> {", 20),
    ("models/train/fimble_train/evaluation/completer.py", "    def answer(self, case: Case) -> str:", 15),
]
# Shorter, because llama.vim takes seconds per key with the real model.
SHORT = [(file, first, 3) for file, first, _ in STRETCHES]
INTERVAL_MS = 120
FIMBLE, PEER, PINNED = "fimble", "llama.vim", "llama.vim, our prompt"
MISTRAL = "fimble, mistral.rs"
COLOURS = {FIMBLE: "#0072B2", MISTRAL: "#009E73", PEER: "#D55E00", PINNED: "#E69F00"}
COLUMNS = [
    "latency p50, ms", "p95", "p99", "p50 of keys that the model answers", "shown in time", "tokens evaluated p50", "p95",
    "with background, per key", "keystrokes saved",
]  # fmt: skip


@dataclass(frozen=True)
class Model:
    name: str
    engines: dict[str, list[str]]  # the options of each fimble
    gguf: Path
    window: int  # tokens in fimble's prompt
    traces: list[str]


@dataclass(frozen=True)
class Run:
    trace: str
    engine: str
    figures: dict


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("plot", type=Path)
    arguments.add_argument("traces", nargs="*", help="stretches to type instead of the default ones")
    arguments.add_argument("--model", choices=["real", "embedded"], default="real")
    arguments.add_argument("--deadline-ms", type=int, default=300, help="the user does not accept a later suggestion")
    arguments.add_argument("--busy", action="store_true", help="compile a program on all cores at the same time")
    options = arguments.parse_intermixed_args()
    plot = options.plot.resolve()
    os.chdir(REPOSITORY)
    model = real() if options.model == "real" else embedded()
    llama_cpp.server()
    with compiling() if options.busy else contextlib.nullcontext():
        traces = options.traces or model.traces
        runs = [run for trace in traces for run in measure(model, trace, options.deadline_ms)]
    busy = "-busy" if options.busy else ""
    path = HOME / f"compare-{options.model}-{options.deadline_ms}{busy}.json"
    path.write_text(json.dumps([vars(run) for run in runs]))
    load = "; a compiler ran on every core" if options.busy else ""
    print(
        f"{cpu()}, {os.cpu_count()} cores{load}; a key every {INTERVAL_MS} ms, suggestions accepted within "
        f"{options.deadline_ms} ms."
    )
    print(table(model.name, runs, options.deadline_ms))
    draw(plot, pooled(runs), options.deadline_ms)


def real() -> Model:
    path = os.environ.get("FIMBLE_REAL_MODEL")
    if path is None:
        raise SystemExit("FIMBLE_REAL_MODEL does not name the GGUF file of a real model, and the other one is --model embedded")
    gguf = Path(path).resolve()
    return Model(gguf.stem, {FIMBLE: ["--model", str(gguf)]}, gguf, 1024, traces(SHORT))


def embedded() -> Model:
    """Returns the embedded model, and writes its GGUF file if there is none."""
    path = HOME / "models" / "embedded.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.write_gguf(weights.EMBEDDED, path)
    engines = {FIMBLE: ["--engine", "llama.cpp"], MISTRAL: ["--engine", "mistralrs"]}
    return Model("embedded", engines, path, 512, traces(STRETCHES))


@contextlib.contextmanager
def compiling() -> Iterator[None]:
    """Keeps a compiler running on every core while the block runs."""
    sources = llama_cpp.sources()
    includes = [f"-I{sources / folder}" for folder in ["src", "include", "ggml/include"]]
    command = shlex.join(["c++", "-O2", "-std=c++17", *includes, "-c", str(sources / "src/llama-graph.cpp"), "-o", "/dev/null"])
    loop = ["sh", "-c", f"while :; do {command} 2>/dev/null; done"]
    compilers = [subprocess.Popen(loop, start_new_session=True) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for compiler in compilers:
            os.killpg(compiler.pid, 15)


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


def measure(model: Model, trace: str, deadline_ms: int) -> list[Run]:
    """Runs all engines in turn, so that other load on the machine affects all of them alike."""
    runs = [Run(trace, engine, replay(trace, options, deadline_ms)) for engine, options in model.engines.items()]
    for engine, window in {PEER: None, PINNED: model.window}.items():
        with llama_cpp.serve(model.gguf) as address:
            figures = llama_vim.replay(address, llama_vim.Trace.of(trace), INTERVAL_MS / 1e3, deadline_ms, window)
        runs.append(Run(trace, engine, figures))
    for run in runs:
        print(f"{trace}, {run.engine}: {row(run.figures, deadline_ms)}", file=sys.stderr)
    return runs


def replay(trace: str, options: list[str], deadline_ms: int) -> dict:
    program = shlex.split(os.environ.get("FIMBLE", "cargo run --release --quiet -p fimble --features llama-cpp --"))
    numbers = ["--interval-ms", str(INTERVAL_MS), "--deadline-ms", str(deadline_ms)]
    done = subprocess.run([*program, "replay", trace, "--json", *numbers, *options], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def pooled(runs: list[Run]) -> list[Run]:
    """Merges the keys of all traces into one run for each engine."""
    groups: dict[str, list[dict]] = {}
    for run in runs:
        groups.setdefault(run.engine, []).append(run.figures)
    return [Run("all", engine, together(figures)) for engine, figures in groups.items()]


def together(figures: list[dict]) -> dict:
    strokes = [stroke for run in figures for stroke in run["keystrokes"]]
    characters, keys = sum(run["characters"] for run in figures), sum(run["keys"] for run in figures)
    return llama_vim.summary(characters, keys, strokes, sum(run["background_evaluated_tokens"] for run in figures))


def table(title: str, runs: list[Run], deadline_ms: int) -> str:
    lines = [f"\n**{title}**\n", f"| trace | | {' | '.join(COLUMNS)} |", "|---|---|" + "---:|" * len(COLUMNS)]
    groups: dict[str, list[Run]] = {}
    for run in [*runs, *pooled(runs)]:
        groups.setdefault(run.trace, []).append(run)
    for trace, (ours, *others) in groups.items():
        figures = row(ours.figures, deadline_ms)
        lines.append(line(trace, FIMBLE, figures, "{:,.4g}"))
        for other in others:
            theirs = row(other.figures, deadline_ms)
            lines.append(line("", other.engine, theirs, "{:,.4g}"))
            ratios = [a / b if a is not None and b else None for a, b in zip(figures, theirs, strict=True)]
            lines.append(line("", f"fimble / {other.engine}", ratios, "*{:.2g}*"))
    return "\n".join(lines)


def line(trace: str, engine: str, values: list[float | None], form: str) -> str:
    cells = ["" if value is None else form.format(value) for value in values]
    return f"| {trace} | {engine} | {' | '.join(cells)} |"


def row(figures: dict, deadline_ms: int) -> list[float | None]:
    strokes, latency, evaluated = figures["keystrokes"], figures["latency_ms"], figures["evaluated_tokens"]
    asked = [stroke["ms"] for stroke in strokes if stroke["kind"] == "model"]
    total = sum(stroke["evaluated"] for stroke in strokes) + figures["background_evaluated_tokens"]
    return [
        *(latency[name] for name in ["p50", "p95", "p99"]),
        median(asked) if asked else None,
        share(strokes, lambda stroke: stroke["shown"] and stroke["ms"] <= deadline_ms),
        *(evaluated[name] for name in ["p50", "p95"]),
        total / len(strokes),
        figures["keystrokes_saved"],
    ]


def share(strokes: list[dict], wanted: Callable[[dict], bool]) -> float:
    return sum(map(wanted, strokes)) / len(strokes)


def draw(path: Path, runs: list[Run], deadline_ms: int) -> None:
    """Plots the cumulative share of keys over milliseconds and over evaluated tokens."""
    mpl.use("svg")
    # Text stays text, and nothing depends on the date, so the file is small and changes only with the figures.
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "fimble", "font.size": 9}
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for run in runs:
        look = {"color": COLOURS[run.engine], "label": run.engine}
        for panel, field, least in [(left, "ms", 0.1), (right, "evaluated", 0)]:
            values = [max(least, stroke[field]) for stroke in run.figures["keystrokes"]]
            panel.plot(steps(values), [percent / 100 for percent in range(101)], linewidth=1.5, **look)
    left.axvline(deadline_ms, color="grey", linewidth=0.8, linestyle="dotted")
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
