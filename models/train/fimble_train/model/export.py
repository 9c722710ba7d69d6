"""Writes the checkpoint of a run in the Hugging Face layout (f16) and as GGUF (Q8_0), with a manifest for fimble.

GGUF cannot express the pre-tokenizer without contractions: a server loads a GGUF file together with tokenizer.json.
"""

import json
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from fimble_train.data import tokenizer
from fimble_train.model import gguf_file
from fimble_train.model.llama import EPSILON, HEAD, Model
from fimble_train.settings import Config, Shape, add_config

POSITIONS = 4096  # more than any context in training; the manifest has the limit that fimble applies


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="default: `export` in the run's folder")


def main(options: Namespace) -> None:
    config = Config.load(options.config)
    folder = options.folder or config.folder / "export"
    folder.mkdir(parents=True, exist_ok=True)
    weights = torch.load(config.folder / "checkpoint.pt", map_location="cpu")["model"]
    half = {name: weight.half().contiguous() for name, weight in weights.items()}
    save_file(half, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(llama_config(config.shape), indent=2) + "\n")
    shutil.copyfile(config.tokenizer, folder / "tokenizer.json")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config(), indent=2) + "\n")
    (folder / "fimble-model.toml").write_text(manifest(config))
    gguf_file.write(folder / "model-q8_0.gguf", config, POSITIONS, weights)
    for file in sorted(folder.iterdir()):
        print(f"{file.stat().st_size / 2**20:8.2f} MiB  {file.name}")


def load(folder: Path) -> tuple[Model, Tokenizer]:
    """The model and tokenizer of an exported folder, or of any Llama in that layout with heads of 64 and no biases."""
    fields = json.loads((folder / "config.json").read_text())
    model = Model(
        Shape(
            vocabulary=fields["vocab_size"],
            layers=fields["num_hidden_layers"],
            width=fields["hidden_size"],
            heads=fields["num_attention_heads"],
            kv_heads=fields["num_key_value_heads"],
            feed_forward=fields["intermediate_size"],
            rope_base=fields["rope_theta"],
        )
    )
    weights = load_file(folder / "model.safetensors")
    model.load_state_dict({name: weight.float() for name, weight in weights.items() if name != "lm_head.weight"})
    return model.eval(), tokenizer.load(folder / "tokenizer.json")


def llama_config(shape: Shape) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.width,
        "intermediate_size": shape.feed_forward,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": HEAD,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": POSITIONS,
        "rms_norm_eps": EPSILON,
        "rope_theta": shape.rope_base,
        "tie_word_embeddings": True,
        "hidden_act": "silu",
        "torch_dtype": "float16",
        "bos_token_id": tokenizer.END,
        "eos_token_id": tokenizer.END,
        "attention_bias": False,
        "mlp_bias": False,
    }


def tokenizer_config() -> dict[str, Any]:
    end, pad = tokenizer.SPECIAL[tokenizer.END], tokenizer.SPECIAL[tokenizer.PAD]
    return {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "pad_token": pad, "add_bos_token": False}


def manifest(config: Config) -> str:
    """What the model's files do not tell fimble, above all the longest prompt in training."""
    return (
        f'name = "{config.name}"\n'
        'description = "trained by models/train"\n'
        'licence = "MIT OR Apache-2.0"\n'
        'family = "qwen2.5-coder"\n'
        f"context_length = {config.rows.context}\n"
        'quantize = "q8_0"\n'
    )
