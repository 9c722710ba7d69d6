"""Measures candidate shapes and number types in mistral.rs, and estimates how often each is right in time.

    python shapes.py measure configs/full.toml [rounds, 3 unless told]
    python shapes.py table configs/full.toml configs/cpu.toml CASES...

Weights are random: speed depends on a model's shape and not on what it has learnt. FIMBLE is the command that runs fimble;
with `chrt -r 1` before it, other programs hardly matter. `fimble eval` has each model complete texts of its own, cold first
and then while words are typed, and logs what every request took. `table` adds what is estimated: the bits that the trained
model of the second configuration needs for each single-line case, scaled. Figures in pairs are for the two contexts.
"""

import json
import math
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from statistics import median

import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy

import evaluate
import tokenizer
from evaluate import Case, LanguageModel
from model import Model
from settings import HOME, RECIPE, Config, Shape

CANDIDATES = [
    Shape(vocabulary, layers, 64 * heads, heads, kv_heads, feed_forward, rope_base=10000.0)
    for vocabulary, layers, heads, kv_heads, feed_forward in [
        (8192, 4, 6, 2, 1024),
        (8192, 8, 5, 1, 896),
        (8192, 6, 6, 2, 1024),
        (8192, 4, 8, 2, 1536),
        (12288, 4, 8, 2, 1536),
        (8192, 6, 8, 2, 1536),
        (12288, 4, 10, 2, 1792),
        (12288, 8, 8, 2, 1536),
    ]
]
# How a manifest can have an export run: the files it needs, and what it says of their numbers.
SAFETENSORS = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
NUMBERS = {
    "f32": (SAFETENSORS, ""),
    "Q8_0": (SAFETENSORS, 'quantize = "q8_0"\n'),
    "Q4K": (SAFETENSORS, 'quantize = "q4k"\n'),
    "GGUF": (["tokenizer.json", "model-q8_0.gguf"], ""),
}
CONTEXTS = [512, 1024]  # tokens of the prompt
TIME = 50.0  # milliseconds in which a suggestion has to be there
TYPED = 3  # tokens typed between two requests
WARM = 4  # requests of a text while it is typed; with more, fimble's cache would be full and start anew
GENERATED = 34  # tokens of an answer at most
STRONG = 0.2  # of all lines right: assumed of the best candidate, to see what time costs a model that is often right
SHORTEST = 10  # tokens of an answer that tells how long one takes
COLUMNS = [
    "vocabulary", "layers", "width", "parameters", "file", "numbers", "prefill, tokens/s", "decode, ms/token",
    f"tokens in {TIME:.0f} ms", "lines that fit", "right in time, scaled", f"right in time, if the best had {STRONG:.0%}",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What fimble tells of one."""

    evaluated: int
    generated: int
    total: float  # milliseconds
    first: float  # milliseconds until the first token


@dataclass(frozen=True)
class Sample:
    """What one text of one length tells about one model."""

    shape: str
    numbers: str
    context: int
    prefill: float  # tokens a second, cold
    first: float  # milliseconds until the first token, warm
    decode: float  # milliseconds for each that follows


def main() -> None:
    match sys.argv[1:]:
        case ["measure", config, *rounds]:
            measure(Path(config), int(rounds[0]) if rounds else 3)
        case ["table", config, trained, *cases] if cases:
            table(Config.load(config), Config.load(trained), [Path(file) for file in cases])
        case _:
            raise SystemExit(__doc__)


def measure(config: Path, rounds: int) -> None:
    """All models in turn, then all again, so that what else the machine does hits all alike."""
    for shape in CANDIDATES:
        build(config, shape)
    with log().open("w") as out:
        for number in range(rounds):
            for shape in CANDIDATES:
                for numbers in NUMBERS:
                    chance = random.Random(number)
                    for sample in samples(shape, numbers, chance):
                        print(*astuple(sample), sep="\t", file=out, flush=True)


def log() -> Path:
    """Where `table` finds what was measured."""
    return HOME / "runs" / "shapes.tsv"


def build(config: Path, shape: Shape) -> None:
    """A model of random weights, made by the recipe's own programs."""
    fields = "".join(f"{field} = {value}\n" for field, value in asdict(shape).items())
    before, _, after = config.read_text().partition("[shape]\n")
    run = export(shape).parent
    run.mkdir(parents=True, exist_ok=True)
    candidate = run / f"{run.name}.toml"
    candidate.write_text(f"{before}[shape]\n{fields}\n{after[after.index('[training]') :]}")
    known = next(run.parent.glob(f"shape-{shape.vocabulary}-*/tokenizer.json"), None)
    if known is None:
        subprocess.run([sys.executable, "tokenizer.py", candidate], cwd=RECIPE, check=True)
    elif known.parent != run:
        shutil.copyfile(known, run / "tokenizer.json")
    torch.manual_seed(0)
    torch.save({"model": Model(shape).state_dict()}, run / "checkpoint.pt")
    subprocess.run([sys.executable, "export.py", candidate], cwd=RECIPE, stdout=subprocess.DEVNULL, check=True)
    (run / "checkpoint.pt").unlink()


def export(shape: Shape) -> Path:
    return HOME / "runs" / title(shape) / "export"


def title(shape: Shape) -> str:
    return f"shape-{shape.vocabulary}-{shape.layers}x{shape.width}"


def samples(shape: Shape, numbers: str, chance: random.Random) -> list[Sample]:
    encoder = tokenizer.load(export(shape) / "tokenizer.json")
    texts = [typing(encoder, context, chance) for context in CONTEXTS]
    files, lines = NUMBERS[numbers]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for file in files:
            (folder / file).symlink_to(export(shape) / file)
        (folder / "fimble-model.toml").write_text(f'name = "{title(shape)}"\nfamily = "qwen2.5-coder"\n{lines}')
        # The first request of a process takes longer, whatever it asks.
        requests = answers(folder, [texts[0][0] | {"prompt": "import"}, *texts[0], *texts[1]])[1:]
    found = []
    for context, (cold, *warm, again) in zip(CONTEXTS, [requests[: WARM + 2], requests[WARM + 2 :]], strict=True):
        # What was asked before is answered without the model: what it takes is the work around the model.
        around = again.total
        # Random weights may end an answer early. They may also have written a token that is typed next.
        warm = [request for request in warm if request.evaluated and request.generated >= SHORTEST]
        if again.evaluated or not warm:
            print(f"{title(shape)}, {numbers}, {context}: nothing to measure", file=sys.stderr)
            continue
        prefill = cold.evaluated / cold.first * 1e3
        first = median(request.first for request in warm) + around
        decode = median((request.total - request.first - around) / (request.generated - 1) for request in warm)
        found.append(Sample(title(shape), numbers, context, prefill, first, decode))
    return found


def typing(encoder: Tokenizer, context: int, chance: random.Random) -> list[Case]:
    """A cold request within the recipe's own source, others while words are typed there, and the last one again."""
    source = "".join(path.read_text() for path in chance.sample(sorted(RECIPE.glob("*.py")), 5))
    tokens = encoder.encode(source).ids[:context]
    before = encoder.decode(tokens[: context * 3 // 4]).rpartition("\n")[0] + "\n"
    after = "\n" + encoder.decode(tokens[context * 3 // 4 :]).partition("\n")[2]
    # A space and letters are one piece, so words of one token stay tokens when they are put together.
    words = sorted(word for word in encoder.get_vocab() if re.fullmatch("Ġ[a-z]{3,}", word))
    typed = ["value"]
    for _ in range(WARM):
        typed.append(typed[-1] + "".join(chance.sample(words, TYPED)).replace("Ġ", " "))
    # On a line that is not indented, an answer of several lines goes on for as long as the model does.
    case = {"suffix": after, "canonical_solution": "several\nlines", "language": "python"}
    return [case | {"prompt": before + line} for line in [*typed, typed[-1]]]


def answers(model: Path, cases: list[Case]) -> list[Request]:
    """One process for all cases, as in an editor."""
    settings = model / "fimble" / "fimble.toml"
    settings.parent.mkdir()
    settings.write_text(f"max_tokens = {GENERATED}\ncontext_tokens = {2 * max(CONTEXTS)}\n")
    file = model / "cases.jsonl"
    file.write_text("".join(json.dumps(case) + "\n" for case in cases))
    weights = next(model.glob("*.gguf"), model)
    command = [*shlex.split(os.environ["FIMBLE"]), "eval", file, "--model", weights, "--each", "--json"]
    environment = os.environ | {"XDG_CONFIG_HOME": str(model)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    requests = []
    for line in done.stdout.splitlines()[: len(cases)]:
        tokens, timing = (json.loads(line)[part] for part in ("tokens", "timing"))
        first = timing["preparing_ms"] + timing["evaluating_ms"]
        requests.append(Request(tokens["evaluated"], tokens["generated"], timing["total_ms"], first))
    return requests


def table(config: Config, trained: Config, files: list[Path]) -> None:
    measured: dict[tuple[str, str, int], list[Sample]] = defaultdict(list)
    for line in log().read_text().splitlines():
        shape, numbers, context, *figures = line.split("\t")
        measured[shape, numbers, int(context)].append(Sample(shape, numbers, int(context), *map(float, figures)))
    cases = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    torch.set_num_threads(1)
    model = LanguageModel(trained.folder / "export", trained.rows.context)
    # What has to be written: the piece of the typed text that is held back, and the solution.
    texts = [model.parts(case)[2].decode() + case["canonical_solution"] for case in cases]
    bits, right = zip(*(spelled(model, case) for case in cases), strict=True)
    share = sum(right) / len(cases)
    exponent = share_exponent(bits, share)
    seen = int((trained.folder / "curve.tsv").read_text().split()[-3])
    trained_loss = loss(parameters(trained.shape), seen)
    losses = {shape: loss(parameters(shape), config.training.tokens) for shape in CANDIDATES}
    # What a shape gets right, given all the time: scaled from the trained model, and if the best of them had such a share.
    strengths = [exponent / trained_loss, share_exponent(bits, STRONG) / min(losses.values())]
    print(f"{trained.name}: {100 * share:.1f} % of {len(cases)} lines right\n")
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    for shape in CANDIDATES:
        encoder = tokenizer.load(export(shape) / "tokenizer.json")
        # The end of the text is a token too.
        lengths = [len(encoder.encode(text).ids) + 1 for text in texts]
        for numbers, (names, _) in NUMBERS.items():
            size = (export(shape) / names[-1]).stat().st_size / 2**20
            columns: list[list[str]] = []
            for context in CONTEXTS:
                taken = measured[title(shape), numbers, context]
                decode = median(sample.decode for sample in taken)
                room = tokens_in_time(median(sample.first for sample in taken), decode)
                fits = [length <= room for length in lengths]
                rights = [
                    sum(2 ** (-strength * losses[shape] * needed) for needed, fit in zip(bits, fits, strict=True) if fit)
                    for strength in strengths
                ]
                columns.append(
                    [
                        f"{median(sample.prefill for sample in taken):,.0f}",
                        f"{decode:.1f}",
                        f"{room}",
                        f"{100 * sum(fits) / len(cases):.0f} %",
                        *(f"{100 * share / len(cases):.1f} %" for share in rights),
                    ]
                )
            cells = " | ".join(" / ".join(pair) for pair in zip(*columns, strict=True))
            print(
                f"| {shape.vocabulary:,} | {shape.layers} | {shape.width} | {parameters(shape) / 1e6:.1f}M | {size:.0f} MiB "
                f"| {numbers} | {cells} |"
            )


@torch.inference_mode()
def spelled(model: LanguageModel, case: Case) -> tuple[float, bool]:
    """How many bits the solution and its end take, and whether they are the model's likeliest tokens throughout."""
    before, start, held = model.parts(case)
    given = model.prompt(before, start, case["suffix"], evaluate.LINE_TOKENS)
    written = [*model.encode(held.decode() + case["canonical_solution"]), tokenizer.END]
    logits = model.model(torch.tensor([[*given, *written[:-1]]]))[0, len(given) - 1 :]
    bits = cross_entropy(logits, torch.tensor(written), reduction="sum").item() / math.log(2)
    for token, scores in zip(written, logits, strict=True):
        allowed = model.allowed(held) if held else slice(None)
        if scores[allowed].max() > scores[token]:
            return bits, False
        held = held[len(model.bytes[token]) :]
    return bits, True


def share_exponent(bits: Sequence[float], share: float) -> float:
    """What bits have to be multiplied with, so that chances of two to the minus bits give the share that is right.

    Below one: a line's likeliest tokens are right more often than sampled ones.
    """
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        expected = sum(2 ** (-middle * needed) for needed in bits) / len(bits)
        low, high = (middle, high) if expected > share else (low, middle)
    return low


def tokens_in_time(first: float, decode: float) -> int:
    """How many tokens are there in time, when the first and each that follows take so many milliseconds."""
    return 1 + int((TIME - first) / decode) if first <= TIME else 0


def loss(size: int, seen: int) -> float:
    """What Hoffmann et al. 2022 (arXiv 2203.15556, equation 10) expect of so many parameters after so many tokens.

    Its constants are those of their text and vocabulary: only ratios are used here.
    """
    return 1.69 + 406.4 / size**0.34 + 410.7 / seen**0.28


def parameters(shape: Shape) -> int:
    attention = 2 * 64 * (shape.heads + shape.kv_heads) * shape.width
    layer = attention + 3 * shape.feed_forward * shape.width + 2 * shape.width
    return (shape.vocabulary + shape.layers * layer // shape.width + 1) * shape.width


if __name__ == "__main__":
    main()
