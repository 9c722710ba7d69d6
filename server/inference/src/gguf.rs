//! GGUF files: the tokenizer that one describes, and one made from safetensors.

mod export;
mod tokenizer;

pub use export::{ExportError, export};
pub(crate) use tokenizer::{GgufText, read_text};
