//! The engine with the embedded model, in each library of this build.

mod adapter;
mod gguf;

mod mistralrs {
    const ENGINE: fimble_inference::EngineChoice = fimble_inference::EngineChoice::MistralRs;

    pub(crate) mod suite {
        include!("suite.rs");
    }
}

#[cfg(feature = "llama-cpp")]
mod llama_cpp {
    const ENGINE: fimble_inference::EngineChoice = fimble_inference::EngineChoice::LlamaCpp;

    mod suite {
        include!("suite.rs");
    }
}
