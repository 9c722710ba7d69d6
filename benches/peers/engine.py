"""Compares the speed of a model in fimble with that in llama.cpp's own benchmark, in turn, on the same GGUF file.

    python engine.py MODEL.gguf

prints tokens per second of a prompt, and milliseconds per generated token: medians of several runs, and their ratios. FIMBLE names
a binary that has llama.cpp.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import llama_cpp

RUNS = 3
FUNCTIONS = 40  # about 700 tokens
GENERATED = 32
LAST = "def fibonacci(n):\n    if n < 2:\n        return n\n    "


def main() -> None:
    model = Path(sys.argv[1])
    fimble = os.environ.get("FIMBLE", "target/release/fimble")
    llama_cpp.server()
    figures: dict[str, list[tuple[float, float]]] = {"llama-bench": [], "fimble, llama.cpp": [], "fimble, mistral.rs": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "long.py"
        functions = [f"def value_{n}(argument):\n    return compute_{n}(argument, {n})\n\n\n" for n in range(FUNCTIONS)]
        text = "".join(functions) + LAST
        file.write_text(text + "\n")
        position = f"{file}:{text.count(chr(10)) + 1}:5"
        for _ in range(RUNS):
            tokens, speed = through_fimble(fimble, position, model, "llama.cpp")
            figures["fimble, llama.cpp"].append(speed)
            figures["llama-bench"].append(through_bench(model, tokens))
        figures["fimble, mistral.rs"].append(through_fimble(fimble, position, model, "mistralrs")[1])
    base = [median(figure) for figure in zip(*figures["llama-bench"], strict=True)]
    print("| | prompt, tokens/s | ratio | generation, ms/token | ratio |\n|---|---:|---:|---:|---:|")
    for name, runs in figures.items():
        prompt, generation = (median(figure) for figure in zip(*runs, strict=True))
        print(f"| {name} | {prompt:.1f} | {prompt / base[0]:.2f} | {generation:.1f} | {generation / base[1]:.2f} |")


def through_fimble(fimble: str, position: str, model: Path, engine: str) -> tuple[int, tuple[float, float]]:
    """Returns the length of the prompt, its tokens per second, and the milliseconds of a generated token."""
    options = ["--model", str(model), "--engine", engine, "--multiline", "always", "--max-tokens", str(GENERATED)]
    done = subprocess.run([fimble, "complete", position, "--json", *options], stdout=subprocess.PIPE, check=True)
    report = json.loads(done.stdout)
    tokens, timing = report["tokens"], report["timing"]
    speed = tokens["evaluated"] / timing["evaluating_ms"] * 1e3
    return tokens["evaluated"], (speed, timing["generating_ms"] / (tokens["generated"] - 1))


def through_bench(model: Path, tokens: int) -> tuple[float, float]:
    """Generates after a prompt of the same length, as fimble does."""
    program = llama_cpp.server().parent / "llama-bench"

    def run(*options: str) -> float:
        command = [program, "-m", str(model), "-r", "1", "-o", "json", *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        return json.loads(done.stdout)[0]["avg_ts"]

    return run("-p", str(tokens), "-n", "0"), 1e3 / run("-p", "0", "-n", str(GENERATED), "-d", str(tokens))


if __name__ == "__main__":
    main()
