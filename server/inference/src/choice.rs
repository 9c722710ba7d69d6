//! Which library runs a model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which library runs the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EngineChoice {
    /// llama.cpp for a GGUF file if this build has it, and mistral.rs for everything else.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// mistral.rs, which is in every build.
    #[serde(rename = "mistralrs")]
    MistralRs,
    /// llama.cpp, which runs GGUF files, in a build with the feature `llama-cpp`.
    #[serde(rename = "llama.cpp")]
    LlamaCpp,
}

impl EngineChoice {
    /// Whether this build can run llama.cpp.
    pub const HAS_LLAMA_CPP: bool = cfg!(feature = "llama-cpp");
}
