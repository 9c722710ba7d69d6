//! fimble's LSP edge: everything that knows the protocol, and nothing that knows a model.
//!
//! A message goes through the modules in this order: [`transport`] (bytes to requests) → [`backend`] (requests to
//! [`event`]s) → [`main_loop`] (applies events in order) → [`handlers`] (one file for each method) → [`session`] (what
//! the server knows). [`work_ahead`] decides what the engine does in between. [`proto`] converts between LSP's types and the domain's, [`options`] holds every setting.

#![warn(clippy::unwrap_used)]

mod backend;
pub mod drift;
mod engine_slot;
mod event;
mod exclusions;
mod handlers;
mod in_flight;
pub mod log;
pub mod machine_policy;
mod main_loop;
pub mod options;
mod outcomes;
mod progress;
mod proto;
pub mod remote;
mod serve;
mod server_status;
mod session;
mod shared_file;
mod statistics;
pub mod stored;
mod transport;
pub mod usage_stats;
mod work_ahead;
mod workspace;

pub use handlers::models::KnownModel;
pub use serve::{ListModels, LoadEngine, Mechanisms, ServeOptions, serve};
pub use workspace::read_workspace;
