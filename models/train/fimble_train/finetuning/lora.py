"""Any Hugging Face model with Qwen2.5-Coder's special tokens: frozen weights, and low-rank adapters that learn.

Rows and cases are written with our numbers of the special tokens, 0 to 6. The model's own numbers are exchanged for them in
its tokenizer and in the rows of its embedding, and back when the adapters are merged. The adapters themselves know no tokens.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModelForCausalLM

import tokenizer

RATE = 2e-4
RANK = 16


class Adapted(nn.Module):
    """Has the methods of model.Model."""

    def __init__(self, folder: Path, order: list[int], rank: int, adapter: Path | None) -> None:
        super().__init__()
        self.order = order
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        for weight in embeddings(model):
            weight.data[: len(order)] = weight.data[order]
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear")
        self.model = PeftModel.from_pretrained(model, adapter) if adapter else get_peft_model(model, config)

    def losses(self, tokens: Tensor, targets: Tensor) -> Tensor:
        logits = self.model(input_ids=tokens, use_cache=False).logits
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none").view_as(targets)

    def next_logits(self, tokens: Tensor, cache: list) -> Tensor:
        """The cache holds one thing: what transformers keeps of the tokens evaluated so far."""
        past = cache[0] if cache else None
        with torch.inference_mode():
            given = self.model(input_ids=tokens, past_key_values=past, use_cache=True, logits_to_keep=1)
        cache[:] = [given.past_key_values]
        # Embeddings have more rows than there are tokens.
        return given.logits[:, -1, : len(self.order)]

    def merged(self) -> dict[str, Tensor]:
        """The weights under the names they were loaded with; ends the training."""
        model = self.model.merge_and_unload()
        for weight in embeddings(model):
            weight.data[self.order] = weight.data[: len(self.order)].clone()
        return model.state_dict()

    def save(self, out: Path, base: str) -> None:
        """The adapters alone, in peft's layout, for what is called `base`."""
        weights = {name: weight.half().contiguous() for name, weight in get_peft_model_state_dict(self.model).items()}
        save_file(weights, out / "adapter_model.safetensors", {"format": "pt"})
        config = self.model.peft_config["default"]
        config.base_model_name_or_path, config.inference_mode = base, True
        config.target_modules = sorted(config.target_modules)
        config.save_pretrained(out)


def load(folder: Path, rank: int = RANK, adapter: Path | None = None) -> tuple[Adapted, Tokenizer]:
    """With new adapters of this rank, or with those in the folder `adapter`."""
    encoder, order = renumbered(folder)
    return Adapted(folder, order, rank, adapter).eval(), encoder


def embeddings(model: nn.Module) -> set[nn.Parameter]:
    """Input and output; of many models they are one."""
    return {model.get_input_embeddings().weight, model.get_output_embeddings().weight}


def renumbered(folder: Path) -> tuple[Tokenizer, list[int]]:
    """The tokenizer in our numbers, and by them the numbers of the model."""
    fields = json.loads((folder / "tokenizer.json").read_text())
    added = {token["content"]: token["id"] for token in fields["added_tokens"]}
    missing = [text for text in tokenizer.SPECIAL if text not in added]
    if missing:
        raise SystemExit(f"{folder} has no {missing[0]}: a model needs Qwen2.5-Coder's special tokens to be fine-tuned here")
    vocabulary = fields["model"]["vocab"] | added
    order = list(range(max(vocabulary.values()) + 1))
    for ours, text in enumerate(tokenizer.SPECIAL):
        place = order.index(added[text])
        order[ours], order[place] = order[place], order[ours]
    ours_of = {theirs: ours for ours, theirs in enumerate(order)}
    # Other added tokens are for chats: rows have none, and in source code they are text.
    known = {text: number for text, number in vocabulary.items() if text in tokenizer.SPECIAL or text not in added}
    fields["model"]["vocab"] = {text: ours_of[number] for text, number in known.items()}
    fields["added_tokens"] = [
        token | {"id": ours_of[token["id"]], "special": True}
        for token in fields["added_tokens"]
        if token["content"] in tokenizer.SPECIAL
    ]
    fields["post_processor"] = None
    encoder = Tokenizer.from_str(json.dumps(fields))
    encoder.encode_special_tokens = True
    return encoder, order
