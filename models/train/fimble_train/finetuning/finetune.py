"""Continues a model on one's own code, and measures on files that it did not see what this brings.

    python finetune.py REPOSITORY OUT [--model FOLDER] [--adapter [RANK]] [--minutes 20] [--held-out 0.1]

The base is fimble's own model unless told. A model of this recipe is trained whole, any other through adapters (lora.py).
OUT is a folder for `fimble --model OUT`, or with --adapter a small one for `fimble --adapter OUT`, beside its base; its
`cases.jsonl` are cases of the held-out files, for `fimble eval`.
"""

import argparse
import hashlib
import itertools
import json
import shutil
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.optim import AdamW

import cases
import data
import evaluate
import export
import fim
import lora
import repository
import tokenizer
from device import DEVICE, HAS_BF16
from evaluate import Case
from model import Model
from settings import RECIPE, Config, Rows

MODELS = RECIPE.parent
LONGEST = 1024  # row in tokens, for time and memory
RATE = 1e-3  # of a model of this recipe
ADAPTER_RATE = 5e-3  # of an adapter of one
BATCH = 8  # rows of a step
WARM_UP = 20  # steps
EPOCHS = 8  # at most
LOOKS = 20  # at the held-out loss, in all
PATIENCE = 3  # looks without a better loss after which training ends
LOSS_BLOCKS = 64  # that a held-out loss is taken of, at most
CASES = 200


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("repository", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--model", type=Path, default=MODELS / "embedded", help="the base: a Hugging Face folder")
    arguments.add_argument("--adapter", type=int, nargs="?", const=lora.RANK, metavar="RANK", help="train a LoRA adapter")
    arguments.add_argument("--minutes", type=float, default=20, help="end training after so long")
    arguments.add_argument("--held-out", type=float, default=0.1, help="share of the code to measure on")
    options = arguments.parse_args()
    torch.set_default_device(DEVICE)
    finetune(options.repository, options.out, options.model, options.minutes, options.held_out, options.adapter)


def finetune(code: Path, out: Path, base: Path, minutes: float, held_out: float, rank: int | None = None) -> None:
    """Of an adapter of this rank, or of the whole model."""
    if out.exists():
        raise SystemExit(f"{out} exists")
    torch.manual_seed(1)
    model, encoder = load(base)
    rate = RATE if isinstance(model, Model) else lora.RATE
    if rank:
        rate = ADAPTER_RATE if isinstance(model, Model) else lora.RATE
        model, encoder = lora.load(base, rank)
    parts = repository.split(repository.read(code), held_out)
    rows = training_rows(base)
    train, validation, test = (blocks(part, rows, encoder) for part in parts)
    for name, part, tape in zip(["train", "validation", "test"], parts, [train, validation, test], strict=True):
        print(f"{name}: {len(part)} files, {len(tape.tape.tokens):,} tokens", flush=True)
    out.mkdir(parents=True)
    # A file gives one case each time it is named, and a repository has fewer files than the test split.
    numbered = enumerate(itertools.islice(cases.cases(parts[2] * 5, "single-line", "line"), CASES))
    held = [{"task_id": f"{code.resolve().name}/{number}", **case} for number, case in numbered]
    (out / "cases.jsonl").write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in held))
    measure("before", load(base), test, held)
    tune(model, train, validation, minutes, rate)
    (out / "fimble-model.toml").write_text(manifest(base, out.resolve().name, code.resolve().name, rank is not None))
    if rank:
        model.save(out, known(base).get("name", base.name))
    else:
        save(model, base, out)
    # Read anew, for this is what fimble will load.
    measure("after", lora.load(base, adapter=out) if rank else load(out), test, held)


def load(folder: Path) -> tuple[Model | lora.Adapted, Tokenizer]:
    """The special tokens come first in both: in a model of this recipe because it was made so."""
    encoder = tokenizer.load(folder / "tokenizer.json")
    ours = [encoder.token_to_id(text) for text in tokenizer.SPECIAL] == list(range(len(tokenizer.SPECIAL)))
    if ours and json.loads((folder / "config.json").read_text())["model_type"] == "llama":
        return export.load(folder)
    return lora.load(folder)


def training_rows(base: Path) -> Rows:
    """Those that the recipe trains on, of the length that the base was trained on."""
    rows = Config.load(str(RECIPE / "configs" / "full.toml")).rows
    return replace(rows, context=min(LONGEST, known(base).get("context_length", LONGEST)))


def blocks(files: list[data.Source], rows: Rows, encoder: Tokenizer) -> fim.Blocks:
    made = fim.Blocks(rows, 1, fim.tape_of(files, encoder), encoder)
    if made.per_epoch < 1:
        found = len(made.tape.tokens)
        raise SystemExit(f"too little code: each part needs {3 * made.size} tokens, and one has {found}")
    return made


def tune(model: Model | lora.Adapted, train: fim.Blocks, validation: fim.Blocks, minutes: float, rate: float) -> None:
    """Leaves the weights with which the held-out loss was lowest."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = AdamW(learning, rate, betas=(0.9, 0.95), weight_decay=0.0)
    steps = EPOCHS * train.per_epoch // BATCH
    print(f"{sum(map(torch.numel, learning)) / 1e6:.1f}M parameters learn on {DEVICE}, {steps} steps at most", flush=True)
    best = held_out_loss(model, validation)
    kept = [parameter.detach().clone() for parameter in learning]
    start, looks, worse = time.monotonic(), 1, 0
    for step in itertools.count(1):
        # The rate falls to zero where the time or the steps end, whichever is sooner.
        done = max(step / steps, (time.monotonic() - start) / (60 * minutes))
        optimizer.param_groups[0]["lr"] = rate * max(0.0, min(step / WARM_UP, 1 - done))
        for number in range(step * BATCH, (step + 1) * BATCH):
            tokens, weights = block(train, number)
            loss = losses(model, tokens) * weights
            (loss.sum() / weights.sum() / BATCH).backward()
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if done * LOOKS >= looks or done >= 1:
            looks = int(done * LOOKS) + 1
            loss = held_out_loss(model, validation)
            print(f"step {step}  {100 * done:.0f} %  held-out loss {loss:.3f}", flush=True)
            worse = 0 if loss < best else worse + 1
            if loss < best:
                best, kept = loss, [parameter.detach().clone() for parameter in learning]
            if done >= 1 or worse == PATIENCE:
                break
    with torch.no_grad():
        for parameter, value in zip(learning, kept, strict=True):
            parameter.copy_(value)


@torch.inference_mode()
def held_out_loss(model: Model | lora.Adapted, made: fim.Blocks) -> float:
    """In nats a token, of all that is learned."""
    summed = counted = 0.0
    for number in range(min(LOSS_BLOCKS, made.per_epoch)):
        tokens, weights = block(made, number)
        summed += (losses(model, tokens) * weights).sum().item()
        counted += weights.sum().item()
    return summed / counted


def block(made: fim.Blocks, number: int) -> tuple[Tensor, Tensor]:
    """A block as a batch of one, and what each of its tokens but the first counts."""
    tokens, roles = made[number]
    return tokens[None], torch.tensor([0.0, 1.0, made.rows.middle_weight])[roles[None, 1:]]


def losses(model: Model | lora.Adapted, tokens: Tensor) -> Tensor:
    with torch.autocast(DEVICE.type, torch.bfloat16, enabled=HAS_BF16):
        return model.losses(tokens[:, :-1], tokens[:, 1:])


class Measured(evaluate.LanguageModel):
    """Of a model that is loaded already."""

    def __init__(self, model: Model | lora.Adapted, encoder: Tokenizer, context: int) -> None:
        evaluate.Completer.__init__(self, encoder, context)
        self.model = model


def measure(title: str, loaded: tuple[Model | lora.Adapted, Tokenizer], test: fim.Blocks, held: list[Case]) -> None:
    """Prints what a model is worth on the held-out files."""
    model, encoder = loaded
    measured = Measured(model, encoder, test.rows.context)
    bits = sum(map(measured.bits, held)) / len(held)
    print(f"{title}: held-out loss {held_out_loss(model, test):.3f}, {bits:.3f} bits a character", flush=True)
    evaluate.score(title, held, measured.answer, 0)


def save(model: Model | lora.Adapted, base: Path, out: Path) -> None:
    """The base's files with other weights, of the same names and types: what could load the one can load the other."""
    weights = model.state_dict() if isinstance(model, Model) else model.merged()
    weights.setdefault("lm_head.weight", weights["model.embed_tokens.weight"])
    for file in base.iterdir():
        if file.suffix == ".json":
            shutil.copyfile(file, out / file.name)
        elif file.suffix == ".safetensors":
            changed = {name: weights[name].to(old.dtype).contiguous() for name, old in load_file(file).items()}
            save_file(changed, out / file.name, {"format": "pt"})


def manifest(base: Path, name: str, code: str, is_adapter: bool) -> str:
    """What is known of the base holds for the result, but not its name and where its files come from."""
    fields = {"family": "qwen2.5-coder"} | known(base)
    base_name = fields.get("name", base.name)
    if is_adapter:
        fields = {"base": base_name, "base_weights": weights_digest(base)}
    fields |= {"name": name, "description": f"{base_name}, fine-tuned on {code}"}
    plain = {key: value for key, value in fields.items() if not isinstance(value, dict)}
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in plain.items())


def weights_digest(folder: Path) -> str:
    """As fimble computes it, so that it can tell whether it has the weights that an adapter was trained on."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            for number in range(64):
                file.seek(max(0, size - 4096) * number // 63)
                digest.update(file.read(4096))
    return digest.hexdigest()[:8]


def known(folder: Path) -> dict:
    """The manifest in a model's folder, or the one that fimble has for its name."""
    for file in (folder / "fimble-model.toml", MODELS / f"{folder.resolve().name.lower()}.toml"):
        if file.exists():
            return tomllib.loads(file.read_text())
    return {}


if __name__ == "__main__":
    main()
