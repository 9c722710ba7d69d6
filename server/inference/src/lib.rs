//! Runs local models with mistral.rs: loads them, reuses their KV cache and generates completions. The other crates use
//! [`LocalEngine`] through [`fimble_completion::engine::Engine`] and know nothing of mistral.rs.
//!
//! A generation passes through these modules:
//!
//! 1. `engine` fills the prompt template, and `vocabulary` turns the prompt into tokens and prepares token healing.
//! 2. `scheduler` runs one `task` at a time, foreground tasks first; `interrupt` ends a task early.
//! 3. `generator` replays what `logit_cache` knows, and sends the rest to the backend as a `sequence`. `byte_budget`
//!    limits the memory of both caches.
//! 4. `mistralrs` evaluates the sequence. `backend` is what it shares with the code above it.
//! 5. `decoder` chooses each token from its `distribution`, after `ngrams` were mixed in. A search compares each
//!    `hypothesis`.
//!
//! Only `mistralrs` uses the mistral.rs crate.

#![warn(clippy::unwrap_used)]

mod backend;
mod byte_budget;
mod choice;
mod decoder;
mod distribution;
mod engine;
mod generator;
mod hypothesis;
mod interrupt;
mod logit_cache;
mod mistralrs;
mod ngrams;
mod scheduler;
mod sequence;
mod task;
mod vocabulary;

pub use crate::choice::EngineChoice;
pub use crate::engine::{EngineOptions, LocalEngine};
pub use crate::mistralrs::LoadError;
