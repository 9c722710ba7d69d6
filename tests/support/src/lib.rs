//! What tests of several crates share: an engine that follows a script.

mod fake_engine;

pub use fake_engine::{FakeEngine, Gate};
