//! A server elsewhere that completes too: a machine that a team shares, or a cluster. It is asked only where its user has
//! named it, and by one door, [`RemoteEngine`].
//!
//! [`settings`] say which server, [`connection`] speaks HTTP with it, [`protocol`] puts a request into its words, and
//! [`router`] decides which requests are worth asking it.

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
