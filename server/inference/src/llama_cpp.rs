//! The llama.cpp backend: loads GGUF files and runs sequences on them. Nothing outside this module uses llama.cpp.

mod backend;
mod ffi;
mod load;

pub(crate) use load::load;
