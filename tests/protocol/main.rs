//! The language server over an in-memory pipe, with an engine that follows a script.

mod capabilities;
mod completions;
mod configuration;
mod documents;
mod engines;
mod lifecycle;
mod malformed;
mod order;
mod prefetch;
mod routing;
mod server;
mod usage;
mod workspace;
