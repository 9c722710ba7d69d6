"""Writes the models that both sides load: a GGUF file (Q8_0) of a folder in the Hugging Face layout, and random weights.

    python weights.py FOLDER MODEL.gguf

llama.cpp loads the GGUF file. fimble loads the folder and quantizes its f16 weights to Q8_0.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

EMBEDDED = Path(__file__).parents[2] / "models" / "embedded"
ARCHITECTURES = {"LlamaForCausalLM": gguf.MODEL_ARCH.LLAMA, "Qwen2ForCausalLM": gguf.MODEL_ARCH.QWEN2}
# The pre-tokenizer of llama.cpp that splits text like the embedded model's: Qwen2's without English contractions.
SPLIT = "ufakzeka"
# Qwen2.5-Coder-0.5B's configuration.
SHAPE = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "vocab_size": 151936,
    "max_position_embeddings": 32768,
    "max_window_layers": 24,
    "sliding_window": 32768,
    "use_sliding_window": False,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "tie_word_embeddings": True,
    "hidden_act": "silu",
    "torch_dtype": "float16",
    "bos_token_id": 0,
    "eos_token_id": 0,
}
EMBEDDING = 0.02  # standard deviation
ATTENTION = 0.1  # its weight; with more, the average of many tokens decides, and the model repeats one token for ever
CONFIDENCE = 20.0  # the last norm's weight, which makes the likeliest token's probability mostly larger than a half
LINE_FEED = 1.1  # factor of the embeddings of tokens with a line feed, which makes one token in ten such a token
MANIFEST = 'name = "random-0.5b"\nfamily = "qwen2.5-coder"\ncontext_length = 8192\nquantize = "q8_0"\n'


def main() -> None:
    folder, path = map(Path, sys.argv[1:])
    write_gguf(folder, path)


def write_gguf(folder: Path, path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    architecture = ARCHITECTURES[config["architectures"][0]]
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    add_tokenizer(writer, folder, config)
    names = gguf.get_tensor_name_map(architecture, config["num_hidden_layers"])
    for name, weight in load_file(folder / "model.safetensors").items():
        weight = weight.astype(np.float32)
        if architecture == gguf.MODEL_ARCH.LLAMA:
            if "q_proj" in name:
                weight = interleaved(weight, heads)
            elif "k_proj" in name:
                weight = interleaved(weight, kv_heads)
        kind = gguf.GGMLQuantizationType.F32 if weight.ndim == 1 else gguf.GGMLQuantizationType.Q8_0
        theirs = names.get_name(name, try_suffixes=(".weight", ".bias"))
        writer.add_tensor(theirs, gguf.quantize(weight, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer: gguf.GGUFWriter, folder: Path, config: dict) -> None:
    """Adds the tokenizer. llama.cpp finds the tokens of fill-in-the-middle by their names."""
    fields = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = fields["model"]["vocab"]
    special = {token["id"] for token in fields["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(SPLIT)
    writer.add_token_list(sorted(vocabulary, key=vocabulary.get))
    writer.add_token_types(
        [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in sorted(vocabulary.values())]
    )
    writer.add_token_merges([" ".join(merge) for merge in fields["model"]["merges"]])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(False)


def interleaved(weight: NDArray, heads: int) -> NDArray:
    """Reorders rows: a Llama in GGUF rotates neighbouring pairs, Hugging Face's rotates the two halves of a head."""
    rows, width = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, width).swapaxes(1, 2).reshape(rows, width)


def write_random(folder: Path) -> None:
    """Writes a model of Qwen2.5-Coder-0.5B's shape. It costs as much as that model, but its output means nothing.

    The tokenizer is the embedded model's, padded with tokens that occur in no text. The model never predicts these tokens or
    the special ones, so only tokens with a line feed end a line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(SHAPE))
    (folder / "fimble-model.toml").write_text(MANIFEST)
    (folder / "tokenizer_config.json").write_bytes((EMBEDDED / "tokenizer_config.json").read_bytes())
    tokenizer = json.loads((EMBEDDED / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    used, special = len(vocabulary), len(tokenizer["added_tokens"])
    # The letter stands for the byte 0xFF, which is not in UTF-8.
    vocabulary |= {f"ÿ{number}": number for number in range(used, SHAPE["vocab_size"])}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    weights = random_weights()
    embedding = weights["model.embed_tokens.weight"]
    embedding[:special] = 0
    embedding[used:] = 0
    embedding[[token for text, token in vocabulary.items() if "Ċ" in text]] *= LINE_FEED
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def random_weights() -> dict[str, NDArray]:
    """Returns random weights. The feed-forward layers outweigh the embedding; otherwise each token would predict itself."""
    chance = np.random.default_rng(0)

    def matrix(rows: int, columns: int, scale: float | None = None) -> NDArray:
        return (chance.standard_normal((rows, columns), np.float32) * (scale or columns**-0.5)).astype(np.float16)

    def vector(size: int, value: float) -> NDArray:
        return np.full(size, value, np.float16)

    width, inner = SHAPE["hidden_size"], SHAPE["intermediate_size"]
    kv_width = width // SHAPE["num_attention_heads"] * SHAPE["num_key_value_heads"]
    weights = {
        "model.embed_tokens.weight": matrix(SHAPE["vocab_size"], width, EMBEDDING),
        "model.norm.weight": vector(width, CONFIDENCE),
    }
    for number in range(SHAPE["num_hidden_layers"]):
        layer = f"model.layers.{number}"
        for name, size in {"q_proj": width, "k_proj": kv_width, "v_proj": kv_width}.items():
            weights[f"{layer}.self_attn.{name}.weight"] = matrix(size, width)
            weights[f"{layer}.self_attn.{name}.bias"] = vector(size, 0)
        weights[f"{layer}.self_attn.o_proj.weight"] = matrix(width, width, ATTENTION * width**-0.5)
        weights[f"{layer}.mlp.gate_proj.weight"] = matrix(inner, width)
        weights[f"{layer}.mlp.up_proj.weight"] = matrix(inner, width)
        weights[f"{layer}.mlp.down_proj.weight"] = matrix(width, inner)
        weights[f"{layer}.input_layernorm.weight"] = vector(width, 1)
        weights[f"{layer}.post_attention_layernorm.weight"] = vector(width, 1)
    return weights


if __name__ == "__main__":
    main()
