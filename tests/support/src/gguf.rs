//! A GGUF file from a model in Hugging Face layout, for tests that need one.

use std::fs::{self, File};
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor, safetensors};
use serde_json::Value as Json;

/// Writes the model in the folder `model`, a Llama in Hugging Face layout, to the GGUF file `path`, in 8 bits.
pub fn write_gguf(model: &Path, path: &Path) {
    let json = |name: &str| -> Json { serde_json::from_slice(&fs::read(model.join(name)).unwrap()).unwrap() };
    let (config, tokenizer) = (json("config.json"), json("tokenizer.json"));
    let number = |name: &str| u32::try_from(config[name].as_u64().unwrap()).unwrap();
    let real = |name: &str| Value::F32(config[name].to_string().parse().unwrap());
    let text = |text: &str| Value::String(text.to_owned());
    let heads = number("num_attention_heads") as usize;
    let kv_heads = number("num_key_value_heads") as usize;

    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut tokens: Vec<(&String, u64)> = vocabulary.iter().map(|(token, id)| (token, id.as_u64().unwrap())).collect();
    tokens.sort_by_key(|(_, id)| *id);
    let special: Vec<u64> =
        tokenizer["added_tokens"].as_array().unwrap().iter().map(|token| token["id"].as_u64().unwrap()).collect();
    let kind = |id: &u64| Value::I32(if special.contains(id) { 3 } else { 1 });
    let merges = tokenizer["model"]["merges"].as_array().unwrap().iter().map(|merge| match merge {
        Json::Array(pair) => text(&format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap())),
        merge => text(merge.as_str().unwrap()),
    });
    let metadata = [
        ("general.architecture", text("llama")),
        ("llama.context_length", Value::U32(number("max_position_embeddings"))),
        ("llama.embedding_length", Value::U32(number("hidden_size"))),
        ("llama.block_count", Value::U32(number("num_hidden_layers"))),
        ("llama.feed_forward_length", Value::U32(number("intermediate_size"))),
        ("llama.attention.head_count", Value::U32(number("num_attention_heads"))),
        ("llama.attention.head_count_kv", Value::U32(number("num_key_value_heads"))),
        ("llama.attention.layer_norm_rms_epsilon", real("rms_norm_eps")),
        ("llama.rope.dimension_count", Value::U32(number("head_dim"))),
        ("llama.rope.freq_base", real("rope_theta")),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.tokens", Value::Array(tokens.iter().map(|(token, _)| text(token)).collect())),
        ("tokenizer.ggml.token_type", Value::Array(tokens.iter().map(|(_, id)| kind(id)).collect())),
        ("tokenizer.ggml.merges", Value::Array(merges.collect())),
        ("tokenizer.ggml.bos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eos_token_id", Value::U32(0)),
    ];

    let weights = safetensors::load(model.join("model.safetensors"), &Device::Cpu).unwrap();
    let tensors: Vec<(String, QTensor)> = weights
        .iter()
        .filter(|(name, _)| *name != "lm_head.weight")
        .map(|(name, weight)| {
            let mut weight = weight.to_dtype(DType::F32).unwrap();
            if name.contains("q_proj") {
                weight = interleaved(&weight, heads);
            } else if name.contains("k_proj") {
                weight = interleaved(&weight, kv_heads);
            }
            let dtype = if weight.rank() == 1 { GgmlDType::F32 } else { GgmlDType::Q8_0 };
            (gguf_name(name), QTensor::quantize(&weight, dtype).unwrap())
        })
        .collect();
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(name, value)| (*name, value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut File::create(path).unwrap(), &metadata, &tensors).unwrap();
}

/// Reorders the rows of each head: GGUF's Llama rotates neighboring pairs of rows, Hugging Face's rotates the two halves.
fn interleaved(weight: &Tensor, heads: usize) -> Tensor {
    let (rows, columns) = weight.dims2().unwrap();
    let halves = weight.reshape((heads, 2, rows / heads / 2, columns)).unwrap();
    halves.transpose(1, 2).unwrap().contiguous().unwrap().reshape((rows, columns)).unwrap()
}

fn gguf_name(name: &str) -> String {
    [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("model.layers", "blk"),
        ("input_layernorm", "attn_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ]
    .iter()
    .fold(name.to_owned(), |name, (ours, theirs)| name.replace(ours, theirs))
}
