//! What tests of several crates share: an engine that follows a script ([`FakeEngine`]), a language client
//! ([`TestClient`]), a simulated user who types through that client ([`typist`]), and a model in GGUF ([`write_gguf`]).

mod client;
mod fake_engine;
mod gguf;
pub mod typist;

pub use client::{PATIENCE, TestClient, ghost_text, inline_params};
pub use fake_engine::{FakeEngine, Gate};
pub use gguf::write_gguf;
