"""Low-rank adapters for any Hugging Face model with Qwen2.5-Coder's special tokens. Its own weights stay frozen.

Rows and cases use the recipe's numbers of the special tokens, 0 to 6. The model's own numbers of these tokens are
exchanged for them in its tokenizer and in the rows of its embedding, and exchanged back when the adapters are merged. The
adapters themselves contain no tokens.
"""

import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModelForCausalLM

from fimble_train.data import tokenizer

RATE = 2e-4
RANK = 16


class Adapted(nn.Module):
    """A frozen model with adapters. It has the methods of `CausalModel` in llama.py."""

    def __init__(self, folder: Path, order: list[int], rank: int, adapter: Path | None) -> None:
        super().__init__()
        self.order = order
        # peft and transformers make the methods of a model at run time.
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        for weight in embeddings(model):
            weight.data[: len(order)] = weight.data[order]
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear")
        self.model: Any = PeftModel.from_pretrained(model, adapter) if adapter else get_peft_model(model, config)

    def losses(self, tokens: Tensor, targets: Tensor) -> Tensor:
        logits = self.model(input_ids=tokens, use_cache=False).logits
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none").view_as(targets)

    def next_logits(self, tokens: Tensor, cache: list[Any]) -> Tensor:
        """The cache holds one element: what transformers keeps of the tokens evaluated so far."""
        past = cache[0] if cache else None
        with torch.inference_mode():
            given = self.model(input_ids=tokens, past_key_values=past, use_cache=True, logits_to_keep=1)
        cache[:] = [given.past_key_values]
        # An embedding may have more rows than there are tokens.
        return given.logits[:, -1, : len(self.order)]

    def merged(self) -> dict[str, Tensor]:
        """The weights with the adapters merged, under the names they were loaded with. Ends the training."""
        model = self.model.merge_and_unload()
        for weight in embeddings(model):
            weight.data[self.order] = weight.data[: len(self.order)].clone()
        return model.state_dict()

    def save(self, out: Path, base: str) -> None:
        """Writes the adapters alone in peft's layout, for the base model named `base`."""
        weights = {name: weight.half().contiguous() for name, weight in get_peft_model_state_dict(self.model).items()}
        save_file(weights, out / "adapter_model.safetensors", {"format": "pt"})
        config = self.model.peft_config["default"]
        config.base_model_name_or_path, config.inference_mode = base, True
        config.target_modules = sorted(config.target_modules)
        config.save_pretrained(out)


def load(folder: Path, rank: int = RANK, adapter: Path | None = None) -> tuple[Adapted, Tokenizer]:
    """The model with new adapters of this rank, or with those in the folder `adapter`."""
    encoder, order = renumbered(folder)
    return Adapted(folder, order, rank, adapter).eval(), encoder


def embeddings(model: Any) -> set[nn.Parameter]:
    """The input and output embeddings. Many models have one for both."""
    return {model.get_input_embeddings().weight, model.get_output_embeddings().weight}


def renumbered(folder: Path) -> tuple[Tokenizer, list[int]]:
    """The tokenizer with the recipe's numbers, and the model's number for each of them."""
    fields = json.loads((folder / "tokenizer.json").read_text())
    added = {token["content"]: token["id"] for token in fields["added_tokens"]}
    missing = [text for text in tokenizer.SPECIAL if text not in added]
    if missing:
        raise SystemExit(f"{folder} has no {missing[0]}: fine-tuning needs a model with Qwen2.5-Coder's special tokens")
    vocabulary = fields["model"]["vocab"] | added
    order = list(range(max(vocabulary.values()) + 1))
    for ours, text in enumerate(tokenizer.SPECIAL):
        place = order.index(added[text])
        order[ours], order[place] = order[place], order[ours]
    ours_of = {theirs: ours for ours, theirs in enumerate(order)}
    # Other added tokens are for chats. Rows never contain them, and their names in source code are plain text.
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
