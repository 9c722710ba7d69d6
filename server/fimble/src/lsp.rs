//! The edge to the Language Server Protocol, and the only room that knows it.
//!
//! A message passes [`transport`] (bytes to messages) and [`service`] (messages to [`event`]s). [`dispatch`] applies events
//! in order and calls the [`handlers`], one file a method. [`from_proto`] and [`to_proto`] convert types, and [`client`]
//! talks to the editor.

mod capabilities;
mod client;
mod dispatch;
mod event;
mod from_proto;
mod handlers;
mod options;
pub mod position;
mod progress;
mod serve;
mod server_status;
mod service;
pub mod text_sync;
mod to_proto;
mod transport;

pub use handlers::models::KnownModel;
pub use options::{ListModels, ServeOptions};
pub use serve::serve;
