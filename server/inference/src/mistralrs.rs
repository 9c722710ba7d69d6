//! The mistral.rs backend: loads a model's files and runs sequences on it. Nothing outside this module uses mistral.rs.

mod adapted;
mod backend;
mod kv_memory;
mod load;

pub(crate) use load::load;
