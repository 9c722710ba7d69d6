"""Writes a checkpoint in the Hugging Face layout (f16) and as GGUF (Q8_0), and reads such a folder back.

    python export.py configs/cpu.toml [folder]

GGUF has no room for the pre-tokenizer without contractions: a server loads it together with `tokenizer.json`.
"""

import json
import shutil
import sys
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

import tokenizer
from model import EPSILON, HEAD, Model
from settings import Config, Shape

POSITIONS = 4096  # more than any context trained: the manifest says how long a prompt may be
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "model.layers": "blk",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def main() -> None:
    config = Config.load(sys.argv[1])
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else config.folder / "export"
    folder.mkdir(parents=True, exist_ok=True)
    weights = torch.load(config.folder / "checkpoint.pt", map_location="cpu")["model"]
    save_file(
        {name: weight.half().contiguous() for name, weight in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )
    (folder / "config.json").write_text(json.dumps(llama_config(config.shape), indent=2) + "\n")
    shutil.copyfile(tokenizer.path(config), folder / "tokenizer.json")
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config(), indent=2) + "\n")
    (folder / "fimble-model.toml").write_text(manifest(config))
    write_gguf(folder / "model-q8_0.gguf", config, weights)
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


def llama_config(shape: Shape) -> dict:
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


def tokenizer_config() -> dict:
    end, pad = tokenizer.SPECIAL[tokenizer.END], tokenizer.SPECIAL[tokenizer.PAD]
    return {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "pad_token": pad, "add_bos_token": False}


def manifest(config: Config) -> str:
    """What fimble has to know beside the files: above all, how long a prompt the model has seen."""
    return (
        f'name = "{config.name}"\n'
        'description = "trained by models/train"\n'
        'licence = "MIT OR Apache-2.0"\n'
        'family = "qwen2.5-coder"\n'
        f"context_length = {config.rows.context}\n"
        'quantize = "q8_0"\n'
    )


def write_gguf(path: Path, config: Config, weights: dict[str, Tensor]) -> None:
    shape = config.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("fimble")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(POSITIONS)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(EPSILON)
    vocabulary = json.loads(tokenizer.path(config).read_text())["model"]
    tokens = sorted(vocabulary["vocab"], key=vocabulary["vocab"].get)
    special = len(tokenizer.SPECIAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * special + [gguf.TokenType.NORMAL] * (len(tokens) - special))
    writer.add_token_merges([" ".join(merge) for merge in vocabulary["merges"]])
    writer.add_bos_token_id(tokenizer.END)
    writer.add_eos_token_id(tokenizer.END)
    writer.add_add_bos_token(False)
    for name, weight in weights.items():
        if "q_proj" in name or "k_proj" in name:
            weight = interleaved(weight)
        array = weight.float().numpy()
        for ours, theirs in NAMES.items():
            name = name.replace(ours, theirs)
        if array.ndim == 1:
            writer.add_tensor(name, array)
        else:
            quantised = gguf.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def interleaved(weight: Tensor) -> Tensor:
    """GGUF's Llama rotates neighbouring pairs, Hugging Face's the two halves of a head: reorders a head's rows."""
    return weight.unflatten(0, (-1, 2, HEAD // 2)).transpose(1, 2).reshape(weight.shape)


if __name__ == "__main__":
    main()
