"""The GGUF file of a model: Q8_0 matrices, f32 norms, and the vocabulary."""

import json
from pathlib import Path

import gguf
from torch import Tensor

from fimble_train.data import tokenizer
from fimble_train.model.llama import EPSILON, HEAD
from fimble_train.settings import Config

# Parts of parameter names, ours and GGUF's.
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


def write(path: Path, config: Config, positions: int, weights: dict[str, Tensor]) -> None:
    shape = config.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("fimble")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(positions)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(EPSILON)
    add_tokenizer(writer, config)
    for name, weight in weights.items():
        if "q_proj" in name or "k_proj" in name:
            weight = interleaved(weight)
        array = weight.float().numpy()
        for ours, theirs in NAMES.items():
            name = name.replace(ours, theirs)
        if array.ndim == 1:
            writer.add_tensor(name, array)
        else:
            quantized = gguf.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer: gguf.GGUFWriter, config: Config) -> None:
    vocabulary = json.loads(config.tokenizer.read_text())["model"]
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


def interleaved(weight: Tensor) -> Tensor:
    """Reorders the rows of each head: GGUF's Llama rotates neighbouring pairs, Hugging Face's the two halves of a head."""
    return weight.unflatten(0, (-1, 2, HEAD // 2)).transpose(1, 2).reshape(weight.shape)
