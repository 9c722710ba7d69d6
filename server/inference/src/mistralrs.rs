//! The mistral.rs backend: loads a model's files and runs sequences on it. Nothing outside this module uses mistral.rs.

mod adapted;
mod backend;
mod load;

pub(crate) use backend::MistralrsBackend;
pub use load::LoadError;
pub(crate) use load::{Loaded, load};
