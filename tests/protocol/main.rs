//! The server as a client sees it: JSON-RPC over an in-memory pipe, with an engine that follows a script.

mod ahead;
mod capabilities;
mod client;
mod completions;
mod configuration;
mod documents;
mod engines;
mod lifecycle;
mod malformed;
mod order;
mod outcomes;
mod routing;
mod workspace;
