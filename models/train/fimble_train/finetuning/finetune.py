"""Fine-tunes a model on the code of a repository, and measures the effect on files that training did not see.

The base is fimble's embedded model unless you name another. A model of this recipe is trained whole, any other through
LoRA adapters that are merged at the end. OUT becomes a folder for `fimble --model OUT`; with --adapter it becomes a small
folder for `fimble --adapter OUT`. OUT/cases.jsonl has cases of the held-out files, for `fimble eval`.
"""

import itertools
import json
import shutil
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from fimble_train.cases import held_out as held_out_cases
from fimble_train.data import repository, tokenizer
from fimble_train.data.fim import Blocks
from fimble_train.data.splits import Source
from fimble_train.data.tape import tape_of
from fimble_train.evaluation.cases import Case
from fimble_train.evaluation.language_model import LanguageModel
from fimble_train.evaluation.scoring import score
from fimble_train.finetuning import lora
from fimble_train.finetuning.lora import Adapted
from fimble_train.finetuning.manifest import MODELS, known, manifest
from fimble_train.finetuning.tuning import held_out_loss, tune
from fimble_train.model import export
from fimble_train.model.llama import Model
from fimble_train.settings import RECIPE, Config, Rows
from fimble_train.training.device import DEVICE

LONGEST = 1024  # tokens of a row, at most, to save time and memory
RATE = 1e-3  # for a model of this recipe
ADAPTER_RATE = 5e-3  # for an adapter of such a model
CASES = 200


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("repository", type=Path, metavar="REPOSITORY")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    parser.add_argument("--model", type=Path, default=MODELS / "embedded", metavar="FOLDER", help="the base model")
    parser.add_argument(
        "--adapter",
        type=int,
        nargs="?",
        const=lora.RANK,
        metavar="RANK",
        help=f"train a LoRA adapter of this rank (default: {lora.RANK})",
    )
    parser.add_argument("--minutes", type=float, default=20, help="end training after so many minutes (default: 20)")
    parser.add_argument("--held-out", type=float, default=0.1, help="share of the code to measure on (default: 0.1)")


def main(options: Namespace) -> None:
    torch.set_default_device(DEVICE)
    finetune(options.repository, options.out, options.model, options.minutes, options.held_out, options.adapter)


def finetune(code: Path, out: Path, base: Path, minutes: float, held_out: float, rank: int | None = None) -> None:
    """Trains an adapter of this rank, or without a rank the whole model."""
    if out.exists():
        raise SystemExit(f"{out} exists already: remove it or choose another folder")
    torch.manual_seed(1)
    model, encoder = load(base)
    rate = RATE if isinstance(model, Model) else lora.RATE
    if rank:
        rate = ADAPTER_RATE if isinstance(model, Model) else lora.RATE
        model, encoder = lora.load(base, rank)
    parts = repository.split(repository.read(code), held_out)
    rows = training_rows(base)
    train, validation, test = (blocks(part, rows, encoder) for part in parts)
    for name, part, made in zip(["train", "validation", "test"], parts, [train, validation, test], strict=True):
        print(f"{name}: {len(part)} files, {len(made.tape.tokens):,} tokens", flush=True)
    out.mkdir(parents=True)
    cases = write_cases(parts[2], code.resolve().name, out / "cases.jsonl")
    measure("before", load(base), test, cases)
    tune(model, train, validation, minutes, rate)
    (out / "fimble-model.toml").write_text(manifest(base, out.resolve().name, code.resolve().name, rank is not None))
    if rank and isinstance(model, Adapted):
        model.save(out, known(base).get("name", base.name))
    else:
        save(model, base, out)
    # Measure the files on disk, because fimble will load these.
    measure("after", lora.load(base, adapter=out) if rank else load(out), test, cases)


def load(folder: Path) -> tuple[Model | Adapted, Tokenizer]:
    """The model and a tokenizer in which the special tokens come first, as they do in models of this recipe."""
    encoder = tokenizer.load(folder / "tokenizer.json")
    ours = [encoder.token_to_id(text) for text in tokenizer.SPECIAL] == list(range(len(tokenizer.SPECIAL)))
    if ours and json.loads((folder / "config.json").read_text())["model_type"] == "llama":
        return export.load(folder)
    return lora.load(folder)


def training_rows(base: Path) -> Rows:
    """The rows of configs/full.toml, as long as those that the base was trained on."""
    rows = Config.load(RECIPE / "configs" / "full.toml").rows
    return replace(rows, context=min(LONGEST, known(base).get("context_length", LONGEST)))


def blocks(files: list[Source], rows: Rows, encoder: Tokenizer) -> Blocks:
    made = Blocks(rows, 1, tape_of(files, encoder), encoder)
    if made.per_epoch < 1:
        found = len(made.tape.tokens)
        raise SystemExit(f"too little code: each part needs {3 * made.size} tokens, and one has {found}")
    return made


def write_cases(files: list[Source], name: str, path: Path) -> list[Case]:
    # A file yields one case for each time it is listed, and a repository has fewer files than the test split.
    made = itertools.islice(held_out_cases.cases(files * 5, "single-line", "line"), CASES)
    cases: list[Case] = [{"task_id": f"{name}/{number}", **case} for number, case in enumerate(made)]
    path.write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases))
    return cases


def measure(title: str, loaded: tuple[Model | Adapted, Tokenizer], test: Blocks, cases: list[Case]) -> None:
    """Prints the loss and the exact match of a model on the held-out files."""
    model, encoder = loaded
    completer = LanguageModel(model, encoder, test.rows.context)
    bits = sum(map(completer.bits, cases)) / len(cases)
    print(f"{title}: held-out loss {held_out_loss(model, test):.3f}, {bits:.3f} bits a character", flush=True)
    score(title, cases, completer.answer, 0)


def save(model: Model | Adapted, base: Path, out: Path) -> None:
    """Writes the base's files with new weights. Names and types stay, so whatever loads the base can load the result."""
    weights = model.state_dict() if isinstance(model, Model) else model.merged()
    weights.setdefault("lm_head.weight", weights["model.embed_tokens.weight"])
    for file in base.iterdir():
        if file.suffix == ".json":
            shutil.copyfile(file, out / file.name)
        elif file.suffix == ".safetensors":
            changed = {name: weights[name].to(old.dtype).contiguous() for name, old in load_file(file).items()}
            save_file(changed, out / file.name, {"format": "pt"})
