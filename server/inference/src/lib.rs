//! Local models through mistral.rs: loading them, reusing their KV cache, and generating under the limits
//! that fimble needs. The only crate that knows mistral.rs; everyone else sees
//! [`fimble_completion::engine::Engine`].
//!
//! A generation goes [`engine`] → [`vocabulary`] (text to tokens, healing) → [`worker`] (one at a time, urgent ones first)
//! → [`known_tokens`] (what needs no evaluation) → [`runner`] (mistral.rs) → [`decoder`] (chooses each token, inside
//! mistral.rs's step). [`cache`] adds up what is kept.

#![warn(clippy::unwrap_used)]

mod adapted;
mod cache;
mod decoder;
mod engine;
mod interrupt;
mod known_tokens;
mod load;
mod ngrams;
mod runner;
mod vocabulary;
mod worker;

pub use engine::{EngineOptions, MistralEngine};
pub use load::LoadError;
