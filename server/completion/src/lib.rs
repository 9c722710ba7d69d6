//! What fimble knows about completing code, without a protocol, an engine or I/O.
//!
//! A request goes through the modules in this order: [`document`] (text and syntax tree) → [`pin`] and [`context`] (what
//! to show the model) → [`plan`] (one line or a block, and where to stop) → [`prompt`] (the model family's fill-in-the-middle
//! format) → [`engine`] (the only door to a model) → [`postprocess`] (what of it to show the user). [`complete`] joins
//! them; [`suggestion_cache`] answers without the engine what was suggested a moment ago, and [`acceptance`] finds out what became of
//! a suggestion.

#![warn(clippy::unwrap_used)]

pub mod ablations;
mod brackets;
pub mod complete;
pub mod context;
pub mod cursor_kind;
pub mod debounce;
pub mod document;
pub mod engine;
pub mod foreground;
pub mod language;
pub mod plan;
pub mod prompt;
pub mod secrets;
pub mod settings;
pub mod suggestion;
pub mod text;
