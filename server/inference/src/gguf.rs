//! GGUF files: the tokenizer that one describes, and one made from safetensors.

mod export;
#[cfg(feature = "llama-cpp")]
mod tokenizer;

pub use export::{ExportError, export};
#[cfg(feature = "llama-cpp")]
pub(crate) use tokenizer::{GgufText, read_text};
