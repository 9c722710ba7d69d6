//! Code completion without a protocol, a concrete model or network access. The engine behind [`engine::Engine`] is the
//! only part that differs between a local and a remote model.
//!
//! A request passes through the modules in this order: [`document`] holds the text, its syntax tree and its outline;
//! [`context`] chooses what the model sees; [`plan`] decides between one line and a block; [`prompt`] writes the
//! fill-in-the-middle format of the model family; [`engine`] generates; [`suggestion`] decides what the user sees.
//! [`complete`] joins them. The dependencies between these modules form no cycle.

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
