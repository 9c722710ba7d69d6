//! What tests of several crates share: an engine that follows a script ([`FakeEngine`]), a language client
//! ([`TestClient`]), and a simulated user who types through that client ([`typist`]).

mod client;
mod fake_engine;
pub mod typist;

pub use client::{PATIENCE, TestClient, ghost_text, inline_params};
pub use fake_engine::{FakeEngine, Gate};
