//! Chooses the library that loads a model.

use fimble_models::{LocatedModel, ModelFiles};

use crate::mistralrs;
use crate::model::{LoadError, Loaded};
use crate::options::{EngineChoice, EngineOptions, MISTRAL_RS};

/// Checks the files of `model`, loads them with the library of the user's choice, and calls `run` with the result. Blocks
/// until `run` returns.
pub(crate) fn load(
    model: LocatedModel,
    options: &EngineOptions,
    run: impl FnOnce(Loaded<'_>),
) -> Result<(), LoadError> {
    model.verify()?;
    model.check_adapter()?;
    let suits_llama_cpp = matches!(model.files, ModelFiles::Gguf { .. }) || model.is_embedded();
    match options.engine.library(suits_llama_cpp) {
        // Only mistral.rs merges adapters into the weights.
        _ if model.adapter.is_some() && options.engine != EngineChoice::LlamaCpp => {
            mistralrs::load(model, options, run)
        }
        Some(MISTRAL_RS) => mistralrs::load(model, options, run),
        #[cfg(feature = "llama-cpp")]
        Some(_) if model.adapter.is_none() => crate::llama_cpp::load(model, options, run),
        Some(_) => Err(LoadError::NeedsGguf { name: model.name(), found: "used with an adapter" }),
        None if EngineChoice::HAS_LLAMA_CPP => {
            Err(LoadError::NeedsGguf { name: model.name(), found: "a folder of safetensors" })
        }
        None => Err(LoadError::NoLlamaCpp),
    }
}
