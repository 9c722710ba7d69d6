"""Writes a GGUF file (Q8_0) of a model in the Hugging Face layout, which llama.cpp loads.

    python weights.py FOLDER MODEL.gguf
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

EMBEDDED = Path(__file__).parents[2] / "models" / "embedded"
ARCHITECTURES = {"LlamaForCausalLM": gguf.MODEL_ARCH.LLAMA}
# The pre-tokenizer of llama.cpp that splits text like the embedded model's: Qwen2's without English contractions.
SPLIT = "ufakzeka"


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


if __name__ == "__main__":
    main()
