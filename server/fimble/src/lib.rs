//! The language server `fimble`, without its command line.
//!
//! [`lsp`] is the protocol's edge. It changes the [`session`], which is everything the server knows: [`documents`],
//! [`settings`], the [`workspace`], the engine in service ([`engine_slot`]) and [`usage`]. [`request`] takes a completion from
//! its request to its reply. `request` and `usage` never import `lsp`.

#![warn(clippy::unwrap_used)]

mod documents;
mod engine_slot;
pub mod log;
pub mod lsp;
mod notices;
pub mod request;
mod session;
pub mod settings;
mod shared_file;
pub mod stored;
mod tasks;
pub mod usage;
mod workspace;

pub use engine_slot::LoadEngine;
pub use lsp::{KnownModel, ListModels, ServeOptions, serve};
pub use workspace::read_workspace;
