//! Completions from a remote server, such as a team's machine or a cluster. A server is only used if the user
//! configured it. [`RemoteEngine`] is the only way to it.
//!
//! [`settings`] describe the server, [`connection`] speaks HTTP, [`protocol`] translates requests and answers, and
//! [`router`] decides which requests are sent.

mod breaker;
mod connection;
mod engine;
pub mod protocol;
mod rate_limit;
pub mod router;
pub mod settings;

pub use engine::RemoteEngine;
pub use router::{Router, Routing};
pub use settings::RemoteSettings;
