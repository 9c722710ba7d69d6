"""Measures the speed of the candidate shapes in mistral.rs.

The weights are random, because speed depends on a model's shape and not on its training. `fimble eval` has each model
complete texts of its own, cold first and then while words are typed, and logs the time of every request.
"""

import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from statistics import median

import torch
from tokenizers import Tokenizer

from fimble_train.data import tokenizer
from fimble_train.evaluation.cases import Case
from fimble_train.model.llama import Model
from fimble_train.settings import HOME, RECIPE, Shape
from fimble_train.shapes.candidates import CONTEXTS, NUMBERS, export_folder, load, title

TYPED = 3  # tokens typed between two requests
WARM = 4  # requests of a text while it is typed; more would fill fimble's cache, which then starts anew
GENERATED = 34  # tokens of an answer, at most
SHORTEST = 10  # tokens of an answer that is long enough to time
FILES = 10  # of the recipe's source, for a prompt


@dataclass(frozen=True)
class Request:
    """What fimble logs about a request."""

    evaluated: int  # tokens
    generated: int  # tokens
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
    decode: float  # milliseconds for each token after the first


def measure(config: Path, rounds: int) -> None:
    """Measures all models in turn, then all again, so that other load on the machine affects all of them alike."""
    shapes = [candidate.shape for candidate in load().candidates]
    for shape in shapes:
        build(config, shape)
    with log().open("w") as out:
        for number in range(rounds):
            for shape in shapes:
                for numbers in NUMBERS:
                    chance = random.Random(number)
                    for sample in samples(shape, numbers, chance):
                        print(*astuple(sample), sep="\t", file=out, flush=True)


def log() -> Path:
    """The file in which `shapes estimate` finds the measurements."""
    return HOME / "runs" / "shapes.tsv"


def build(config: Path, shape: Shape) -> None:
    """Makes a model of random weights with the recipe's own commands."""
    lines = "".join(f"{field} = {value}\n" for field, value in asdict(shape).items())
    before, _, after = config.read_text().partition("[shape]\n")
    run = export_folder(shape).parent
    run.mkdir(parents=True, exist_ok=True)
    candidate = run / f"{run.name}.toml"
    candidate.write_text(f"{before}[shape]\n{lines}\n{after[after.index('[training]') :]}")
    recipe = [sys.executable, "-m", "fimble_train"]
    known = next(run.parent.glob(f"shape-{shape.vocabulary}-*/tokenizer.json"), None)
    if known is None:
        subprocess.run([*recipe, "tokenizer", candidate], cwd=RECIPE, check=True)
    elif known.parent != run:
        shutil.copyfile(known, run / "tokenizer.json")
    torch.manual_seed(0)
    torch.save({"model": Model(shape).state_dict()}, run / "checkpoint.pt")
    subprocess.run([*recipe, "export", candidate], cwd=RECIPE, stdout=subprocess.DEVNULL, check=True)
    (run / "checkpoint.pt").unlink()


def samples(shape: Shape, numbers: str, chance: random.Random) -> list[Sample]:
    exported = export_folder(shape)
    encoder = tokenizer.load(exported / "tokenizer.json")
    texts = [typing(encoder, context, chance) for context in CONTEXTS]
    files, lines = NUMBERS[numbers]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for file in files:
            (folder / file).symlink_to(exported / file)
        (folder / "fimble-model.toml").write_text(f'name = "{title(shape)}"\nfamily = "qwen2.5-coder"\n{lines}')
        # The first request of a process is slower than the others, so it is not counted.
        requests = answers(folder, [texts[0][0] | {"prompt": "import"}, *texts[0], *texts[1]])[1:]
    found = []
    for context, (cold, *warm, again) in zip(CONTEXTS, [requests[: WARM + 2], requests[WARM + 2 :]], strict=True):
        # fimble answers a repeated request without the model, so its time is the work around the model.
        around = again.total
        # Random weights may end an answer early, or write a token that is typed next.
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
    """A cold request within the recipe's own source, more requests while words are typed there, and the last one again."""
    package = sorted((RECIPE / "fimble_train").rglob("*.py"))
    source = "".join(path.read_text() for path in chance.sample(package, FILES))
    tokens = encoder.encode(source).ids[:context]
    before = encoder.decode(tokens[: context * 3 // 4]).rpartition("\n")[0] + "\n"
    after = "\n" + encoder.decode(tokens[context * 3 // 4 :]).partition("\n")[2]
    # A space and letters are one piece, so words of one token stay tokens when they are joined.
    words = sorted(word for word in encoder.get_vocab() if re.fullmatch("Ġ[a-z]{3,}", word))
    typed = ["value"]
    for _ in range(WARM):
        typed.append(typed[-1] + "".join(chance.sample(words, TYPED)).replace("Ġ", " "))
    # On a line without indentation, an answer of several lines continues until the model ends it.
    case = {"suffix": after, "canonical_solution": "several\nlines", "language": "python"}
    return [case | {"prompt": before + line} for line in [*typed, typed[-1]]]


def answers(model: Path, cases: list[Case]) -> list[Request]:
    """Runs all cases in one process, as in an editor."""
    settings = model / "fimble" / "fimble.toml"
    settings.parent.mkdir()
    settings.write_text(f"max_tokens = {GENERATED}\ncontext_tokens = {2 * max(CONTEXTS)}\n")
    file = model / "cases.jsonl"
    file.write_text("".join(json.dumps(case) + "\n" for case in cases))
    weights = next(model.glob("*.gguf"), model)
    command = [*shlex.split(os.environ["FIMBLE"]), "eval", str(file), "--model", str(weights), "--each", "--json"]
    environment = os.environ | {"XDG_CONFIG_HOME": str(model)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    requests = []
    for line in done.stdout.splitlines()[: len(cases)]:
        tokens, timing = (json.loads(line)[part] for part in ("tokens", "timing"))
        first = timing["preparing_ms"] + timing["evaluating_ms"]
        requests.append(Request(tokens["evaluated"], tokens["generated"], timing["total_ms"], first))
    return requests
