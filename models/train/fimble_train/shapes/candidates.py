"""The candidate shapes and their figures, in shapes.toml."""

import json
import tomllib
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fimble_train.settings import HOME, RECIPE, Shape

FILE = RECIPE / "shapes.toml"
CONTEXTS = [512, 1024]  # tokens of the prompt
TIME = 50.0  # milliseconds in which a suggestion has to be there
STRONG = 0.2  # assumed share of lines that the best candidate gets right, to see the effect of time on a strong model
# For each way to store and run the weights: the files of the export it needs, and its lines in the manifest.
SAFETENSORS = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
NUMBERS = {
    "f32": (SAFETENSORS, ""),
    "Q8_0": (SAFETENSORS, 'quantize = "q8_0"\n'),
    "Q4K": (SAFETENSORS, 'quantize = "q4k"\n'),
    "GGUF": (["tokenizer.json", "model-q8_0.gguf"], ""),
}

# A figure for each of CONTEXTS.
Pair = tuple[float, float]


@dataclass(frozen=True)
class Figures:
    """The speed and the accuracy of a candidate with one type of numbers; shares are in per cent."""

    file_mib: int
    prefill: Pair  # tokens a second, from a cold cache
    decode_ms: Pair  # milliseconds for each token after the first
    tokens: Pair  # tokens of an answer that are there in TIME
    fit: Pair  # share of the lines that are no longer than that
    scaled: Pair  # share of lines right in time, scaled from the trained model
    strong: Pair  # the same, if the best candidate had STRONG of all lines right given all the time


@dataclass(frozen=True)
class Candidate:
    shape: Shape
    figures: dict[str, Figures]  # by the type of numbers; empty for a shape that is not measured yet


@dataclass(frozen=True)
class Results:
    date: date
    machine: str
    candidates: list[Candidate]


def load(file: Path = FILE) -> Results:
    content = tomllib.loads(file.read_text())
    candidates = [
        Candidate(Shape(**entry["shape"]), {name: figures(entry[name]) for name in NUMBERS if name in entry})
        for entry in content["candidate"]
    ]
    return Results(content["date"], content["machine"], candidates)


def figures(entry: dict[str, Any]) -> Figures:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Figures(**values)


def render(results: Results) -> str:
    """The text of shapes.toml."""
    parts = [
        "# Candidate shapes of the model with their speed and accuracy, by `python -m fimble_train shapes`. Pairs are for",
        f"# prompts of {CONTEXTS[0]} and of {CONTEXTS[1]:,} tokens. README.md says how the figures were obtained.",
        "#",
        "# file_mib   size of the weights' file in MiB; f16 files are converted while they load",
        "# prefill    tokens of a prompt that are evaluated in a second, from a cold cache",
        "# decode_ms  milliseconds for each token of an answer after the first",
        f"# tokens     tokens of an answer that are there {TIME:.0f} ms after a key",
        "# fit        per cent of the single-line cases that so many tokens are enough for",
        "# scaled     per cent of the lines right and in time, estimated from a trained model",
        f"# strong     the same if the best candidate had {STRONG:.0%} of all lines right, given all the time",
        "",
        f"date = {results.date}",
        f"machine = {json.dumps(results.machine, ensure_ascii=False)}",
    ]
    for candidate in results.candidates:
        parts += ["", "[[candidate]]", f"# {parameters(candidate.shape) / 1e6:.1f}M parameters"]
        parts.append(f"shape = {inline(asdict(candidate.shape))}")
        for name, row in candidate.figures.items():
            parts.append(f"{name:<4} = {inline(vars(row))}")
    return "\n".join(parts) + "\n"


def inline(values: dict[str, Any]) -> str:
    """An inline table of TOML."""
    cells = (f"{name} = {list(value) if isinstance(value, tuple) else value}" for name, value in values.items())
    return "{ " + ", ".join(cells) + " }"


def title(shape: Shape) -> str:
    return f"shape-{shape.vocabulary}-{shape.layers}x{shape.width}"


def export_folder(shape: Shape) -> Path:
    return HOME / "runs" / title(shape) / "export"


def parameters(shape: Shape) -> int:
    attention = 2 * 64 * (shape.heads + shape.kv_heads) * shape.width
    layer = attention + 3 * shape.feed_forward * shape.width + 2 * shape.width
    return (shape.vocabulary + shape.layers * layer // shape.width + 1) * shape.width
