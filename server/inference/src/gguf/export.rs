//! Writes a model in Hugging Face layout as a GGUF file, so that llama.cpp can run it.

use std::fs::{self, File};
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor, safetensors};
use serde_json::Value as Json;

/// GGUF's names for parts of a tensor's name in Hugging Face layout.
const NAMES: [(&str, &str); 12] = [
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
];

/// What GGUF says about a token.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;

/// Why a model cannot be written as a GGUF file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{0}")]
    File(#[from] std::io::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Tensor(#[from] candle_core::Error),
    #[error("only models of the architecture `llama` can be written as GGUF, and `{0}` is another one")]
    Architecture(String),
    #[error("`{file}` lacks `{field}`")]
    Missing { file: &'static str, field: &'static str },
}

/// Writes the model in `folder` (architecture `llama`, tied embeddings, weights in `model.safetensors`) to the file `path`.
/// Matrices are quantized to Q8_0.
pub fn export(folder: &Path, path: &Path) -> Result<(), ExportError> {
    let json = |name: &str| -> Result<Json, ExportError> { Ok(serde_json::from_slice(&fs::read(folder.join(name))?)?) };
    let (config, tokenizer) = (json("config.json")?, json("tokenizer.json")?);
    let architecture = config["model_type"].as_str().unwrap_or_default();
    if architecture != "llama" {
        return Err(ExportError::Architecture(architecture.to_owned()));
    }
    let missing = |field| ExportError::Missing { file: "config.json", field };
    let number = |field| {
        let value = config[field].as_u64().and_then(|value| u32::try_from(value).ok());
        value.ok_or(missing(field))
    };
    let real = |field| Ok::<_, ExportError>(Value::F32(config[field].as_f64().ok_or(missing(field))? as f32));
    let (heads, kv_heads) = (number("num_attention_heads")?, number("num_key_value_heads")?);

    let mut metadata = vec![
        ("general.architecture", text(architecture)),
        ("llama.context_length", Value::U32(number("max_position_embeddings")?)),
        ("llama.embedding_length", Value::U32(number("hidden_size")?)),
        ("llama.block_count", Value::U32(number("num_hidden_layers")?)),
        ("llama.feed_forward_length", Value::U32(number("intermediate_size")?)),
        ("llama.attention.head_count", Value::U32(heads)),
        ("llama.attention.head_count_kv", Value::U32(kv_heads)),
        ("llama.attention.layer_norm_rms_epsilon", real("rms_norm_eps")?),
        ("llama.rope.dimension_count", Value::U32(number("head_dim")?)),
        ("llama.rope.freq_base", real("rope_theta")?),
    ];
    metadata.extend(tokenizer_metadata(&tokenizer)?);

    let weights = safetensors::load(folder.join("model.safetensors"), &Device::Cpu)?;
    let mut tensors = Vec::new();
    for (name, weight) in weights.iter().filter(|(name, _)| *name != "lm_head.weight") {
        let mut weight = weight.to_dtype(DType::F32)?;
        if name.contains("q_proj") {
            weight = interleaved(&weight, heads as usize)?;
        } else if name.contains("k_proj") {
            weight = interleaved(&weight, kv_heads as usize)?;
        }
        let dtype = if weight.rank() == 1 { GgmlDType::F32 } else { GgmlDType::Q8_0 };
        let name = NAMES.iter().fold(name.clone(), |name, (ours, theirs)| name.replace(ours, theirs));
        tensors.push((name, QTensor::quantize(&weight, dtype)?));
    }
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(name, value)| (*name, value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    Ok(gguf_file::write(&mut File::create(path)?, &metadata, &tensors)?)
}

fn tokenizer_metadata(tokenizer: &Json) -> Result<Vec<(&'static str, Value)>, ExportError> {
    let missing = |field| ExportError::Missing { file: "tokenizer.json", field };
    let vocabulary = tokenizer["model"]["vocab"].as_object().ok_or(missing("model.vocab"))?;
    let mut tokens: Vec<(&String, Option<u64>)> = vocabulary.iter().map(|(token, id)| (token, id.as_u64())).collect();
    tokens.sort_by_key(|(_, id)| *id);
    let added = tokenizer["added_tokens"].as_array().ok_or(missing("added_tokens"))?;
    let special: Vec<Option<u64>> = added.iter().map(|token| token["id"].as_u64()).collect();
    let kind = |id: &Option<u64>| Value::I32(if special.contains(id) { CONTROL } else { NORMAL });
    let merges = tokenizer["model"]["merges"].as_array().ok_or(missing("model.merges"))?;
    let merges = merges.iter().map(|merge| match merge {
        Json::Array(pair) => {
            text(&pair.iter().map(|part| part.as_str().unwrap_or_default()).collect::<Vec<_>>().join(" "))
        }
        merge => text(merge.as_str().unwrap_or_default()),
    });
    Ok(vec![
        ("tokenizer.ggml.model", text("gpt2")),
        // llama.cpp's name for the expression of this project's own tokenizers.
        ("tokenizer.ggml.pre", text("ufakzeka")),
        ("tokenizer.ggml.tokens", Value::Array(tokens.iter().map(|(token, _)| text(token)).collect())),
        ("tokenizer.ggml.token_type", Value::Array(tokens.iter().map(|(_, id)| kind(id)).collect())),
        ("tokenizer.ggml.merges", Value::Array(merges.collect())),
        ("tokenizer.ggml.bos_token_id", Value::U32(0)),
        ("tokenizer.ggml.eos_token_id", Value::U32(0)),
    ])
}

/// Reorders the rows of each head: GGUF's Llama rotates neighboring pairs of rows, Hugging Face's rotates the two halves.
fn interleaved(weight: &Tensor, heads: usize) -> Result<Tensor, candle_core::Error> {
    let (rows, columns) = weight.dims2()?;
    let halves = weight.reshape((heads, 2, rows / heads / 2, columns))?;
    halves.transpose(1, 2)?.contiguous()?.reshape((rows, columns))
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
