//! How an engine runs its model.

use std::num::NonZeroUsize;

use fimble_completion::ablations::Ablations;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Bytes of memory that the KV cache and the logit cache may take together.
    pub cache_budget: usize,
    /// Mechanisms that are switched off for a measurement.
    pub ablations: Ablations,
    /// Which library runs the model.
    pub engine: EngineChoice,
    /// How many threads llama.cpp computes with. `None` is one per physical core.
    pub threads: Option<NonZeroUsize>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { cache_budget: 256 << 20, ablations: Ablations::default(), engine: EngineChoice::Auto, threads: None }
    }
}

/// Which library runs the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EngineChoice {
    /// llama.cpp for a GGUF file and the embedded model if this build has it, and mistral.rs for everything else.
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

/// The names of the libraries, as `ModelInfo::engine` has them.
pub const MISTRAL_RS: &str = "mistral.rs";
pub const LLAMA_CPP: &str = "llama.cpp";

impl EngineChoice {
    /// Whether this build can run llama.cpp.
    pub const HAS_LLAMA_CPP: bool = cfg!(feature = "llama-cpp");

    /// The library that runs a model. `suits_llama_cpp` says whether the model is a GGUF file or the embedded model. `None`
    /// if the user chose a library that cannot run it.
    pub fn library(self, suits_llama_cpp: bool) -> Option<&'static str> {
        // A GPU is faster than llama.cpp on a CPU.
        let only_mistralrs_has_gpu = cfg!(any(feature = "cuda", feature = "metal"))
            && !cfg!(any(feature = "llama-cuda", feature = "llama-metal", feature = "llama-vulkan"));
        let llama_cpp = (suits_llama_cpp && Self::HAS_LLAMA_CPP).then_some(LLAMA_CPP);
        match self {
            Self::Auto if only_mistralrs_has_gpu => Some(MISTRAL_RS),
            Self::Auto => llama_cpp.or(Some(MISTRAL_RS)),
            Self::MistralRs => Some(MISTRAL_RS),
            Self::LlamaCpp => llama_cpp,
        }
    }
}
