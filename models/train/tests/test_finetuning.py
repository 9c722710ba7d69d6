"""Fine-tuning of a model of this recipe, of any other model, and of an adapter."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from samples import SHAPE, exported
from tokenizers import AddedToken, Tokenizer, models
from transformers import Qwen2Config, Qwen2ForCausalLM

from fimble_train.data import repository, tokenizer
from fimble_train.data.tokenizer import MIDDLE, PREFIX
from fimble_train.finetuning import finetune, lora, tuning
from fimble_train.finetuning.manifest import known, weights_digest
from fimble_train.model import export
from fimble_train.model.llama import Model

# Minutes. The steps end long before, even on a busy machine.
PATIENCE = 60


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finetune, "CASES", 3)
    monkeypatch.setattr(tuning, "EPOCHS", 3)
    monkeypatch.setattr(lora, "RATE", 5e-3)


@pytest.mark.usefixtures("short")
def test_fine_tuning_brings_the_held_out_loss_down(code: Path, tmp_path: Path, encoder: Tokenizer) -> None:
    torch.manual_seed(0)
    base, out = exported(tmp_path / "base", encoder), tmp_path / "out"
    (base / "fimble-model.toml").write_text('name = "base"\ncontext_length = 128\nquantize = "q8_0"\n')
    finetune.finetune(code, out, base, PATIENCE, 0.2)
    assert held_out_loss(code, out) < 0.9 * held_out_loss(code, base)
    assert isinstance(export.load(out)[0], Model)
    assert known(out) == {
        "family": "qwen2.5-coder",
        "name": "out",
        "description": "base, fine-tuned on code",
        "context_length": 128,
        "quantize": "q8_0",
    }
    assert len((out / "cases.jsonl").read_text().splitlines()) == 3


@pytest.mark.usefixtures("short")
def test_adapters_are_merged_into_the_weights_of_any_model(code: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    base, out = tmp_path / "base", tmp_path / "out"
    config = Qwen2Config(
        vocab_size=280, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, intermediate_size=96
    )
    qwen = Qwen2ForCausalLM(config)
    qwen.bfloat16()
    qwen.save_pretrained(base)
    # As in Qwen's own tokenizer, special tokens come last, and those for code are not marked as special.
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
    assert known(out) == {
        "base": "small", "base_weights": weights_digest(base), "name": "out", "description": "small, fine-tuned on code"
    }  # fmt: skip
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["base_model_name_or_path"]) == (2, 4, "small")

    # The adapter changes every matrix of the layers; the base plus these changes computes what the adapter computes.
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


def held_out_loss(code: Path, folder: Path) -> float:
    model, encoder = finetune.load(folder)
    _, _, test = repository.split(repository.read(code), 0.2)
    return tuning.held_out_loss(model, finetune.blocks(test, finetune.training_rows(folder), encoder))
