"""What has to hold for the parts of the recipe to agree with each other and with the server."""

import json
import math
import os
import random
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, models
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import Qwen2Config, Qwen2ForCausalLM

import confidence
import curve
import data
import door
import drawing
import evaluate
import export
import fim
import finetune
import humaneval
import lora
import muon
import ngrams
import repository
import settings
import shapes
import spans
import tokenizer
import train
from model import Model, causal_attention
from settings import Config, Rows, Shape
from tokenizer import END, FILE, MIDDLE, PREFIX, REPOSITORY, SUFFIX

# Minutes: the steps are done long before, also on a machine that does other things.
PATIENCE = 60

LIBRARY = """use std::fmt;

/// A point.
pub struct Point {
    pub x: i32,
    pub y: i32,
}

impl fmt::Display for Point {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Point { x, y } = self;
        write!(out, "({x}, {y})")?;
        Ok(())
    }
}

"""
PROGRAM = """use shapes::Point;

fn main() {
    let points = [Point { x: 1, y: 2 }, Point { x: 3, y: 4 }];
    for point in &points {
        println!("{point}");
    }

    println!("<|fim_middle|> is text here");
}
"""
QUALITY = Path(__file__).resolve().parents[2] / "tests" / "quality"
SHAPE = Shape(vocabulary=263, layers=2, width=64, heads=2, kv_heads=1, feed_forward=96, rope_base=10000.0)
ROWS = Rows(256, line=1, block=1, word=1, typed_lines=0.5, closers=0.5, fragments=0.5, repository=0.5, middle_weight=1)


@pytest.fixture
def encoder() -> Tokenizer:
    """A token for every byte: what is tested does not depend on merges."""
    vocabulary = [*tokenizer.SPECIAL, *sorted(tokenizer.byte_alphabet())]
    encoder = tokenizer.byte_level(models.BPE({text: number for number, text in enumerate(vocabulary)}, []))
    encoder.add_special_tokens(tokenizer.SPECIAL)
    encoder.encode_special_tokens = True
    return encoder


@pytest.fixture
def blocks(encoder: Tokenizer) -> fim.Blocks:
    encoded = [encoder.encode(text).ids for text in (LIBRARY * 3, PROGRAM * 3)]
    starts = np.cumsum([0, *map(len, encoded)])
    tape = fim.Tape(np.concatenate(encoded).astype(np.uint16), starts, np.zeros(2, np.int32), ["lib.rs", "main.rs"], ["shapes"])
    return fim.Blocks(ROWS, 1, tape, encoder)


def test_rows_are_the_servers_prompt(encoder: Tokenizer, blocks: fim.Blocks) -> None:
    """Prefix, middle and suffix are a stretch of a file again, and the prompt is pinned at a line's start."""

    def text(tokens: list[int]) -> str:
        return encoder.decode(tokens, skip_special_tokens=False)

    rows = 0
    for number in range(400):
        tokens, roles = (part.tolist() for part in blocks[number])
        assert len(tokens) == len(roles) == ROWS.context + 1
        while PREFIX in tokens and END in tokens[tokens.index(PREFIX) :]:
            start = tokens.index(PREFIX)
            suffix, middle, end = (tokens.index(token, start) for token in (SUFFIX, MIDDLE, END))
            before, after, written = tokens[start + 1 : suffix], tokens[suffix + 1 : middle], tokens[middle + 1 : end]
            assert text(before + written + after) in LIBRARY * 3 + PROGRAM * 3
            assert not before or text(before).endswith("\n")
            assert set(roles[middle + 1 : end + 1]) == {fim.WRITTEN}
            if REPOSITORY in tokens[:start]:
                others = text(tokens[tokens.index(REPOSITORY) : start])
                assert others.startswith("<|repo_name|>shapes\n<|file_sep|>")
                assert others.endswith(("\n<|file_sep|>lib.rs\n", "\n<|file_sep|>main.rs\n"))
                assert tokens[:start].count(FILE) == 2
            tokens, roles = tokens[end + 1 :], roles[end + 1 :]
            rows += 1
    assert rows > 400


def test_blocks_depend_on_their_number_alone(blocks: fim.Blocks) -> None:
    first, _ = blocks[3]
    blocks[blocks.per_epoch + 3]
    assert torch.equal(blocks[3][0], first)


@pytest.mark.parametrize("kind", spans.KINDS)
def test_spans_lie_in_their_lines(kind: str) -> None:
    lines = spans.LINES.findall(LIBRARY)
    assert "".join(lines) == LIBRARY
    chance = random.Random(1)
    found = [span for at in range(len(lines)) if (span := spans.KINDS[kind](lines, at, chance))]
    assert found
    for span in found:
        middle = span.middle(lines)
        assert 0 <= span.typed < len(middle)
        assert not middle.endswith("\n")


def test_cached_evaluation_gives_the_same_logits() -> None:
    torch.manual_seed(0)
    model = Model(SHAPE).eval()
    tokens = torch.randint(0, SHAPE.vocabulary, (1, 12))
    cache = []
    steps = [model.next_logits(part, cache) for part in tokens.split([8, 1, 1, 1, 1], 1)]
    torch.testing.assert_close(torch.stack(steps, 1), model(tokens)[:, 7:])


@pytest.mark.parametrize("length", [1, 128, 300])
def test_attention_in_pieces_reads_what_attention_reads(length: int) -> None:
    query, key, value = torch.randn(2, 6, length, 64), *torch.randn(2, 2, 2, length, 64)
    whole = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(causal_attention(query, key, value), whole)


def test_ggufs_order_of_rows_gives_the_same_attention() -> None:
    query, key = torch.randn(2, 5, 64)
    angles = torch.outer(torch.arange(5.0), 10000.0 ** -(torch.arange(0, 64, 2) / 64))

    def halves(x: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(torch.complex(*x.chunk(2, -1)) * torch.polar(torch.ones(5, 32), angles)).flatten(-2)

    def pairs(x: torch.Tensor) -> torch.Tensor:
        rotated = torch.view_as_complex(x.unflatten(-1, (32, 2)).contiguous()) * torch.polar(torch.ones(5, 32), angles)
        return torch.view_as_real(rotated).flatten(-2)

    def reordered(x: torch.Tensor) -> torch.Tensor:
        return export.interleaved(x.mT).mT

    torch.testing.assert_close(pairs(reordered(query)) @ pairs(reordered(key)).mT, halves(query) @ halves(key).mT)


def test_muon_makes_updates_orthogonal() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(muon.orthogonal(torch.randn(3, 48, 32)))
    assert values.min() > 0.5
    assert values.max() < 1.3


class Silent(evaluate.Completer):
    """Ends every answer at once."""

    def start(self, prefix: str, written: str, suffix: str, room: int) -> Callable[[list[int] | None], int]:
        return lambda allowed: END


def test_healing_allows_what_goes_on_with_the_typed_text(encoder: Tokenizer) -> None:
    completer = Silent(encoder, 64)
    completer.bytes[-3:] = [b"print", b"    ", b" let"]

    def allowed(held: bytes) -> set[bytes]:
        return {completer.bytes[token] for token in completer.allowed(held)}

    assert allowed(b"pri") == {b"p", b"print"}
    assert allowed(b" ") == {b" ", b" let"}


def test_ngrams_know_the_most_frequent_follower() -> None:
    tokens = np.array([1, 2, 3, 1, 2, 3, 1, 2, 4, 5, 6], np.uint64)
    table = evaluate.followers(tokens, 3)
    assert evaluate.look_up(table, (1, 2)) == 3
    assert evaluate.look_up(table, (5, 6)) is None


def test_large_files_go_through_the_door(tmp_path) -> None:
    file = tmp_path / "train.xz"
    file.write_bytes(random.Random(0).randbytes(3 * 2**20 + 5))
    door.split(file, tmp_path / "parts", 1)
    assert len(list((tmp_path / "parts").iterdir())) == 5
    door.join(tmp_path / "parts", tmp_path / "there" / "train.xz")
    assert (tmp_path / "there" / "train.xz").read_bytes() == file.read_bytes()
    (tmp_path / "parts" / "train.xz.001").unlink()
    with pytest.raises(SystemExit):
        door.join(tmp_path / "parts", file)


def test_shapes_are_counted_as_they_are_built() -> None:
    assert shapes.parameters(SHAPE) == train.parameters(Model(SHAPE))
    assert len({shapes.title(shape) for shape in shapes.CANDIDATES}) == len(shapes.CANDIDATES)


def test_tokens_in_time() -> None:
    assert shapes.tokens_in_time(first=10.0, decode=8.0) == 6
    assert shapes.tokens_in_time(first=50.0, decode=8.0) == 1
    assert shapes.tokens_in_time(first=50.1, decode=8.0) == 0


def test_the_exponent_gives_the_share_that_is_right() -> None:
    bits = [0.5, 3.0, 12.0]
    exponent = shapes.share_exponent(bits, 0.4)
    assert sum(2 ** (-exponent * needed) for needed in bits) / 3 == pytest.approx(0.4)


def test_a_curve_is_drawn_from_the_latest_rows() -> None:
    rows = [
        {"step": 2.0, "tokens": 2e6, "held_out": 9.0, "middle": 9.0},
        {"step": 1.0, "tokens": 1e6, "held_out": 5.0, "middle": 4.5},
        {"step": 2.0, "tokens": 2e6, "held_out": 4.0, "middle": 3.98},
    ]
    drawn = curve.drawn(rows)
    assert "4.00</text>" in drawn
    assert "9.00" not in drawn
    heights = [float(y) for y in re.findall(r'<text x="578.0" y="([\d.]+)"', drawn)]
    assert heights[1] - heights[0] >= drawing.LINE


def test_what_is_surer_is_counted_apart() -> None:
    sure, unsure = confidence.Answer(0.95, True), [confidence.Answer(0.15, False), confidence.Answer(0.15, True)]
    answers = [sure] * 20 + unsure * 10
    assert confidence.shares(answers) == [(pytest.approx(0.15), 0.5), (pytest.approx(0.95), 1.0)]
    rows = confidence.table(answers).splitlines()[2:]
    assert rows[0] == "| 0 | 100 % | 75.0 % | 100 % |"
    assert rows[1] == "| 20, the default | 50 % | 100.0 % | 67 % |"
    assert confidence.drawn(confidence.shares(answers)).count("<circle") == 2


def test_answers_pass_the_tests_of_their_case() -> None:
    case = {
        "task_id": "one",
        "prompt": "def double(x):\n",
        "canonical_solution": "    y = x + x\n",
        "suffix": "    return y\n",
        "test": "def check(candidate):\n    assert candidate(2) == 4\n",
        "entry_point": "double",
    }
    answers = {"    y = 2 * x": 1, "    y = x": 0, "    y = (": 0, "    exit()": 0}
    for answer, right in answers.items():
        assert humaneval.passed([case], {"one": answer}).startswith(f"{right} of 1 ")


# What a cursor at the end of stands for; the last piece of the last line is healed.
BEGINNINGS = {
    "method.rs": "impl Point {\n    pub fn length(&self) -> f64 {\n        self.",
    "binding.rs": "use std::fs;\n\nfn main() {\n    let text = fs::read",
    "attribute.rs": "#[derive(",
    "match.rs": "fn name(kind: Kind) -> &'static str {\n    match kind {\n        Kind::",
    "loop.rs": "fn sum(values: &[u32]) -> u32 {\n    let mut total = 0;\n    for value in",
    "import.py": "import os\nimport ",
    "definition.py": "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self",
    "return.py": "def area(width, height):\n    return",
    "condition.py": "def first(items):\n    if not",
    "call.py": "with open(path) as file:\n    lines = file.",
}
FEW = 4  # tokens: too few to end a line, mostly, and to be taken for a loop by fimble, which would show nothing


@pytest.mark.skipif("FIMBLE_EXPORT" not in os.environ, reason="needs fimble and an exported model; `check` has both")
def test_mistral_rs_goes_on_as_the_training_code_does(tmp_path: Path) -> None:
    """In f32 on both sides, since quantized weights may well decide otherwise."""
    folder = shutil.copytree(os.environ["FIMBLE_EXPORT"], tmp_path / "export")
    manifest = folder / "fimble-model.toml"
    manifest.write_text(re.sub("(?m)^quantize.*\n", "", manifest.read_text()))
    (tmp_path / "fimble").mkdir()
    (tmp_path / "fimble" / "fimble.toml").touch()
    model = evaluate.LanguageModel(folder, 256)
    shown, expected = {}, {}
    for name, text in BEGINNINGS.items():
        # Plain text, for fimble would not show code that does not parse.
        file = tmp_path / f"{name}.txt"
        file.write_text(text)
        lines = text.split("\n")
        place = f"{file}:{len(lines)}:{len(lines[-1]) + 1}"
        done = subprocess.run(
            [*shlex.split(os.environ["FIMBLE"]), "complete", place, "--json", "--model", folder]
            + ["--max-tokens", str(FEW), "--multiline", "never"],
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        shown[name] = "".join(item["insert_text"] for item in json.loads(done.stdout)["items"])
        expected[name] = few_tokens(model, text)
    # What repeats a neighbouring line fimble withholds; and of a line with an end it may know a likelier one.
    shown = {name: text for name, text in shown.items() if text and expected[name] is not None}
    assert shown == {name: expected[name] for name in shown}
    assert len(shown) > len(BEGINNINGS) / 2


def few_tokens(model: evaluate.LanguageModel, text: str) -> str | None:
    """What fimble shows of a line broken off after some tokens: whole words, and no blanks at the end; none if it ends before."""
    before, start, held = model.parts({"prompt": text})
    following = model.start(before, start, "", 64)
    written = b""
    for _ in range(FEW):
        token = following(model.allowed(held[len(written) :]) if len(written) < len(held) else None)
        written += model.bytes[token]
        shown = written[len(held) :].decode(errors="ignore")
        if not model.bytes[token] or "\n" in shown:
            return None
    return re.sub(r"\w+$", "", shown).rstrip()


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT OR Apache-2.0", True),
        ("MIT/Apache-2.0", True),
        ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", True),
        ("(MIT OR GPL-3.0) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT AND GPL-3.0", False),
        ("MPL-2.0", False),
        ("", False),
    ],
)
def test_licences(expression: str, allowed: bool) -> None:
    assert data.permissive(expression) == allowed


def test_near_copies_are_seen() -> None:
    copies = data.NearCopies()
    assert not copies.seen(LIBRARY)
    assert not copies.seen(PROGRAM)
    assert copies.seen(LIBRARY.replace("i32", "i64"))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A repository of one idiom, with names of its own in each file."""
    folder = tmp_path / "code"
    folder.mkdir()
    chance = random.Random(1)
    for number in range(24):
        names = ["".join(chance.choices("abcdefghiklmnoprstuvw", k=chance.randint(4, 9))) for _ in range(40)]
        functions = (
            f"def {name}({first}, {second}):\n    {third} = {first}.{name}({second})\n    return {third}\n\n\n"
            for name, first, second, third in zip(names[::4], names[1::4], names[2::4], names[3::4], strict=True)
        )
        (folder / f"file{number}.py").write_text("".join(functions))
    return folder


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "CASES", 3)
    monkeypatch.setattr(finetune, "EPOCHS", 3)
    monkeypatch.setattr(lora, "RATE", 5e-3)


def test_a_repository_is_split_by_its_paths(code: Path) -> None:
    subprocess.run(["git", "init", "--quiet", code], check=True)
    (code / ".gitignore").write_text("file0.py\n")
    files = repository.read(code)
    parts = repository.split(files, 0.2)
    assert parts == repository.split(repository.read(code), 0.2)
    train, validation, test = ({file.path for file in part} for part in parts)
    assert train | validation | test == {f"file{number}.py" for number in range(1, 24)}
    assert len(train) + len(validation) + len(test) == 23
    assert len(train) > len(test) > len(validation) > 0


@pytest.mark.usefixtures("short")
def test_fine_tuning_brings_the_held_out_loss_down(code: Path, tmp_path: Path, encoder: Tokenizer) -> None:
    torch.manual_seed(0)
    base, out = exported(tmp_path / "base", encoder), tmp_path / "out"
    (base / "fimble-model.toml").write_text('name = "base"\ncontext_length = 128\nquantize = "q8_0"\n')
    finetune.finetune(code, out, base, PATIENCE, 0.2)
    assert held_out_loss(code, out) < 0.9 * held_out_loss(code, base)
    assert isinstance(export.load(out)[0], Model)
    assert finetune.known(out) == {
        "family": "qwen2.5-coder", "name": "out", "description": "base, fine-tuned on code", "context_length": 128, "quantize": "q8_0"
    }  # fmt: skip
    assert len((out / "cases.jsonl").read_text().splitlines()) == 3


@pytest.mark.usefixtures("short")
def test_adapters_are_merged_into_the_weights_of_any_model(code: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    base, out = tmp_path / "base", tmp_path / "out"
    config = Qwen2Config(
        vocab_size=280, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, intermediate_size=96
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(base)
    # Qwen's own special tokens come last, and those for code are not marked as special.
    vocabulary = {text: number for number, text in enumerate(sorted(tokenizer.byte_alphabet()))}
    encoder = tokenizer.byte_level(models.BPE(vocabulary, []))
    encoder.add_tokens([AddedToken(text, special=False) for text in ["<|im_start|>", *reversed(tokenizer.SPECIAL)]])
    encoder.save(str(base / "tokenizer.json"))
    (base / "fimble-model.toml").write_text('name = "base"\ncontext_length = 128\n')
    finetune.finetune(code, out, base, PATIENCE, 0.2)
    assert held_out_loss(code, out) < 0.95 * held_out_loss(code, base)
    before, after = load_file(base / "model.safetensors"), load_file(out / "model.safetensors")
    assert before.keys() == after.keys()
    for name, weight in before.items():
        assert weight.dtype == after[name].dtype
        assert torch.equal(weight, after[name]) != name.endswith("_proj.weight")
    model, ours = lora.load(out)
    theirs = Tokenizer.from_file(str(out / "tokenizer.json"))
    tokens = [PREFIX, *ours.encode("<|fim_middle|>", add_special_tokens=False).ids, MIDDLE]
    texts = ["<|fim_prefix|>", *"<|fim_middle|>", "<|fim_middle|>"]
    assert [model.order[token] for token in tokens] == [theirs.token_to_id(text) for text in texts]


@pytest.mark.usefixtures("short")
def test_an_adapter_is_saved_as_peft_does_and_says_what_it_is_for(code: Path, tmp_path: Path, encoder: Tokenizer) -> None:
    torch.manual_seed(0)
    base, out = tmp_path / "base", tmp_path / "out"
    base.mkdir()
    encoder.save(str(base / "tokenizer.json"))
    weights = {name: weight.half() for name, weight in Model(SHAPE).state_dict().items()}
    save_file(weights, base / "model.safetensors")
    (base / "config.json").write_text(json.dumps(export.llama_config(SHAPE)))
    (base / "fimble-model.toml").write_text('name = "small"\ncontext_length = 128\nquantize = "q8_0"\n')
    finetune.finetune(code, out, base, PATIENCE, 0.2, rank=2)
    assert {file.name for file in out.iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors", "cases.jsonl", "fimble-model.toml"
    }  # fmt: skip
    assert finetune.known(out) == {
        "base": "small", "base_weights": finetune.weights_digest(base), "name": "out", "description": "small, fine-tuned on code"
    }  # fmt: skip
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["base_model_name_or_path"]) == (2, 4, "small")

    # A change for each matrix of the layers, and the base with them added says what the adapter does.
    changes = load_file(out / "adapter_model.safetensors")
    assert {weight.dtype for weight in changes.values()} == {torch.float16}
    merged = {name: weight.float() for name, weight in weights.items()}
    for name, weight in merged.items():
        if name.endswith("_proj.weight"):
            a, b = (
                changes.pop(f"base_model.model.{name.removesuffix('weight')}{part}.weight") for part in ("lora_A", "lora_B")
            )
            weight += 2 * b.float() @ a.float()
    assert not changes
    model = Model(SHAPE)
    model.load_state_dict(merged)
    tokens = torch.randint(0, SHAPE.vocabulary, (1, 12))
    adapted, _ = lora.load(base, adapter=out)
    torch.testing.assert_close(adapted.losses(tokens[:, :-1], tokens[:, 1:]), model.losses(tokens[:, :-1], tokens[:, 1:]))
    assert not torch.equal(model.next_logits(tokens, []), lora.load(base)[0].next_logits(tokens, []))


def test_a_model_without_the_tokens_is_refused(tmp_path: Path) -> None:
    tokenizer.byte_level(models.BPE()).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(SystemExit, match="has no"):
        finetune.load(tmp_path)


def exported(folder: Path, encoder: Tokenizer) -> Path:
    """A model of random weights."""
    folder.mkdir()
    encoder.save(str(folder / "tokenizer.json"))
    save_file({name: weight.half() for name, weight in Model(SHAPE).state_dict().items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(export.llama_config(SHAPE)))
    return folder


def test_training_begins_with_a_model_if_it_is_one_of_the_run(
    tmp_path: Path, encoder: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    tiny = Config.load(str(settings.RECIPE / "configs" / "tiny.toml"))
    config = replace(tiny, shape=SHAPE, training=replace(tiny.training, compile=False))
    base = exported(tmp_path / "base", encoder)
    shutil.copyfile(base / "tokenizer.json", tokenizer.path(config))
    begun = train.Trainer(config, base).model.state_dict()
    assert all(torch.equal(begun[name], weight) for name, weight in export.load(base)[0].state_dict().items())
    with pytest.raises(SystemExit, match="another shape"):
        train.Trainer(replace(config, shape=replace(SHAPE, layers=3)), base)
    tokenizer.path(config).write_text("{}")
    with pytest.raises(SystemExit, match="another tokenizer"):
        train.Trainer(config, base)


# Where PyTorch finds no accelerator it computes without bf16, and says so.
@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_on_an_accelerator_nothing_of_a_step_is_anywhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of going forward and of the optimizers: tensors with a device and no values need no accelerator, but going backward does."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    monkeypatch.setattr(train, "DEVICE", torch.device("cuda", 0))
    tiny = Config.load(str(settings.RECIPE / "configs" / "tiny.toml"))
    with FakeTensorMode():
        trainer = train.Trainer(replace(tiny, shape=SHAPE, training=replace(tiny.training, compile=False)))
        losses = trainer.token_losses(torch.zeros(2, 65, dtype=torch.int64), trainer.model.losses)
        assert losses.shape == (2, 64) and losses.device == train.DEVICE
        parameters = list(trainer.model.parameters())
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        for optimizer in trainer.optimizers:
            optimizer.step()
        assert {parameter.device for parameter in parameters} == {train.DEVICE}


def held_out_loss(code: Path, folder: Path) -> float:
    model, encoder = finetune.load(folder)
    _, _, test = repository.split(repository.read(code), 0.2)
    return finetune.held_out_loss(model, finetune.blocks(test, finetune.training_rows(folder), encoder))


@pytest.mark.parametrize("file", sorted(QUALITY.glob("*-cross-file.jsonl")), ids=lambda file: file.stem)
def test_cross_file_cases_need_a_name_that_is_not_near(file: Path) -> None:
    for case in evaluate.read(file):
        assert case["suffix"][:1] in ("", "\n")
        whole = (file.parent.parent / "repositories" / case["repository"] / case["path"]).read_text()
        assert case["prompt"] + case["canonical_solution"] + case["suffix"] == whole, case["task_id"]
        near = case["prompt"].split("\n")[-201:] + case["suffix"].split("\n")[:61]
        for name in case["names"]:
            assert name in case["canonical_solution"]
            assert not re.search(rf"\b{name}\b", "\n".join(near)), case["task_id"]


def test_a_table_of_ngrams_is_read_back_and_says_what_followed(tmp_path: Path) -> None:
    """Of two packages that say the same; what only one says is not learned."""
    same, other = [10, 11, 12, 13, 14, 15], [20, 21, 22, 23, 24, 25]
    tokens = [*same, *other, *same]
    tape = fim.Tape(np.array(tokens, np.uint16), np.array([0, 12, 18]), np.array([0, 1], np.int32), ["a", "b"], ["one", "two"])
    table = ngrams.count(tape, 100)
    gate = ngrams.Gate(*([[0.0] * 3 for _ in range(size)] for size in ngrams.Gate.sizes()))
    ngrams.write(tmp_path / "model.ngrams", table, gate, 64)
    for known, weights in [(table, gate), ngrams.read(tmp_path / "model.ngrams")]:
        assert weights == gate
        said, length = known.guess([9, 10, 11])
        assert (list(said), length) == ([12], 2)
        assert known.guess([20, 21]) == ({}, 0)


def test_what_a_long_context_leaves_open_is_a_shorter_one_s_to_say() -> None:
    states = [ngrams.hashed(ngrams.hashed(0, 11), 10), ngrams.hashed(ngrams.hashed(ngrams.hashed(0, 11), 10), 9)]
    entries = sorted([(states[0], 12, 204), (states[0], 13, 51), (states[1], 12, 102)])
    hashes, followers, shares = zip(*entries, strict=True)
    whole = np.array([state >> 32 << 32 for state in hashes], np.uint64)
    table = ngrams.Table(whole, np.array(followers, np.uint16), np.array(shares, np.uint8))
    said, length = table.guess([9, 10, 11])
    assert length == 3
    assert said == pytest.approx({12: 0.4, 13: 0.6 * 0.2})


def test_what_is_repeated_in_a_prompt_is_gone_on_with() -> None:
    first, second = len(tokenizer.SPECIAL), len(tokenizer.SPECIAL) + 1
    row = [PREFIX, first, second, first, 30, 31, SUFFIX, 40, first, second, MIDDLE, 30, 31, first]
    sources, history = ngrams.segments(row)
    assert history == [first, second, first, 30, 31, 30, 31, first]
    said, length = ngrams.repeated(sources, history)
    assert (max(said, key=said.get), length) == (second, 1)
    assert math.isclose(sum(said.values()), 1)


def test_a_row_of_the_gate_is_between_two_of_them() -> None:
    assert ngrams.Gate.model_row(0.0) == (0, 0.0)
    assert ngrams.Gate.model_row(1.0) == (len(ngrams.Gate.MODEL) - 2, 1.0)
    below, further = ngrams.Gate.model_row(0.7)
    assert (below, round(further, 6)) == (3, 0.5)


def test_a_line_s_end_is_shared_with_the_answer_s() -> None:
    assert ngrams.line_ends([b"", b"\n", b";\n", b";", b"x", b"?\n"]) == [0, END, 3, 3, 4, 5]
