//! Local models through mistral.rs: loading them, reusing their KV cache, and generating under the limits
//! that fimble needs. The only crate that knows mistral.rs; everyone else sees
//! [`fimble_completion::engine::Engine`].
//!
//! A generation goes [`engine`] → [`vocabulary`] (text to tokens, healing) → [`scheduler`] (one at a time, urgent ones first)
//! → [`logit_cache`] (what needs no evaluation) → [`mistralrs_backend`] (mistral.rs) → [`decoder`] (chooses each token, inside
//! mistral.rs's step). [`cache`] adds up what is kept.

#![warn(clippy::unwrap_used)]

mod adapted;
mod cache;
mod decoder;
mod engine;
mod interrupt;
mod load;
mod logit_cache;
mod mistralrs_backend;
mod ngrams;
mod scheduler;
mod vocabulary;

pub use engine::{EngineOptions, MistralEngine};
pub use load::LoadError;
