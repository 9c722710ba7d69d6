//! Runs local models: loads them, keeps the KV of what was evaluated, and generates completions. The other crates use
//! [`LocalEngine`] through [`fimble_completion::engine::Engine`].
//!
//! A generation passes through these modules:
//!
//! 1. `engine` fills the prompt template, and `vocabulary` turns the prompt into tokens and prepares token healing.
//! 2. `scheduler` runs one `task` at a time, foreground tasks first; `interrupt` ends a task early.
//! 3. `generator` replays what `logit_cache` knows. `kv_cache` finds the kept sequence that the rest continues, and limits the
//!    memory.
//! 4. `decoder` chooses each token from its `distribution`, after `ngrams` were mixed in. A search compares each
//!    `hypothesis`. `drafts` proposes tokens that one step verifies.
//!
//! `load` chooses one of two libraries for a model. `mistralrs` runs models in Hugging Face layout, and is the only module
//! that uses mistral.rs; `llama_cpp` runs GGUF files, with as many `threads` as help, and is the only one that uses llama.cpp.
//! Everything else sees them as a `backend`.

#![warn(clippy::unwrap_used)]

mod backend;
mod decoder;
mod distribution;
mod drafts;
mod engine;
mod generator;
mod gguf;
mod hypothesis;
mod interrupt;
mod kv_cache;
#[cfg(feature = "llama-cpp")]
mod llama_cpp;
mod load;
mod logit_cache;
mod mistralrs;
mod model;
mod ngrams;
mod options;
mod prefix;
mod scheduler;
mod task;
#[cfg(feature = "llama-cpp")]
mod threads;
mod vocabulary;

pub use crate::engine::LocalEngine;
pub use crate::gguf::{ExportError, export as export_gguf};
pub use crate::model::LoadError;
pub use crate::options::{EngineChoice, EngineOptions, LLAMA_CPP, MISTRAL_RS};
