//! What an engine needs of a loaded model, whichever library loads it.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use fimble_completion::engine::{ModelId, ModelInfo};
use fimble_completion::prompt::{FimTemplate, detect_family};
use fimble_models::{AdapterError, DamagedModel, LocateError, Manifest};

use crate::backend::Backend;
use crate::ngrams::{Mixture, PromptMarkers};
use crate::vocabulary::Vocabulary;

/// A model that is ready to generate.
pub(crate) struct Loaded<'model> {
    pub(crate) description: Description,
    pub(crate) backend: Box<dyn Backend + 'model>,
}

/// What an engine knows of its model.
pub(crate) struct Description {
    pub(crate) info: ModelInfo,
    pub(crate) template: FimTemplate,
    pub(crate) vocabulary: Arc<Vocabulary>,
    /// The tokens that end a generation.
    pub(crate) stops: Arc<HashSet<u32>>,
    /// The token that ends a text.
    pub(crate) end_of_text: u32,
    /// `None` if the model's folder has no table of n-grams.
    pub(crate) mixture: Option<Mixture>,
}

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Locate(#[from] LocateError),
    #[error(transparent)]
    Damaged(#[from] DamagedModel),
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    #[error("cannot load the model `{name}`: {message}")]
    Load { name: String, message: String },
    #[error(
        "the model `{name}` does not support fill-in-the-middle: its vocabulary lacks the special tokens of every \
         model family that fimble knows; use a base model that was trained for code completion, or describe the \
         model's format in a `fimble-model.toml` beside its files"
    )]
    NoFamily { name: String },
    #[error(
        "the vocabulary of the model `{name}` lacks the special token `{token}`, which the format in its manifest needs"
    )]
    MissingToken { name: String, token: String },
    #[error("fimble cannot find the end-of-text token of the model `{name}`; name it in `fim.stops` of its manifest")]
    NoStop { name: String },
    #[error(
        "this fimble was built without llama.cpp; set `engine` to `mistralrs` or `auto`, or build fimble with \
         `--features llama-cpp`"
    )]
    NoLlamaCpp,
    #[error(
        "llama.cpp runs GGUF files, and the model `{name}` is {found}; set `engine` to `mistralrs` or `auto`, or choose a \
         GGUF file"
    )]
    NeedsGguf { name: String, found: &'static str },
}

/// What a backend's loader has found in a model's files.
pub(crate) struct Found<'a> {
    /// What runs the model.
    pub(crate) engine: &'static str,
    pub(crate) version: Option<String>,
    pub(crate) vocabulary: Vocabulary,
    /// The tokens that end a text, according to the model's files.
    pub(crate) ends: Vec<u32>,
    /// The most tokens of a sequence.
    pub(crate) longest: usize,
    /// The folder that may hold a table of n-grams.
    pub(crate) ngrams_folder: Option<&'a Path>,
}

/// Completes what a loader has found with what the manifest says.
pub(crate) fn describe(manifest: &Manifest, found: Found<'_>) -> Result<Description, LoadError> {
    let Found { engine, version, vocabulary, ends, longest, ngrams_folder } = found;
    let name = manifest.name.clone();
    let failed = |message: String| LoadError::Load { name: name.clone(), message };
    let template = template(manifest, &vocabulary)?;
    if let Some(token) = template.special_tokens().into_iter().find(|token| vocabulary.id(token).is_none()) {
        return Err(LoadError::MissingToken { name, token: token.to_owned() });
    }
    let known_stops: Vec<u32> = template.stops().iter().filter_map(|token| vocabulary.id(token)).collect();
    let end_of_text = ends.first().or(known_stops.first()).copied();
    let Some(end_of_text) = end_of_text else { return Err(LoadError::NoStop { name }) };
    let stops: HashSet<u32> = known_stops.into_iter().chain(ends).collect();
    let context_length = manifest.context_length.map_or(longest, |length| length.min(longest));
    let mixture = ngrams_folder.map_or(Ok(None), |folder| mixture(folder, &vocabulary, end_of_text)).map_err(failed)?;
    let uses_excerpts = manifest.excerpts.unwrap_or(true);
    Ok(Description {
        info: ModelInfo { id: Arc::new(ModelId { name, version }), context_length, uses_excerpts, engine },
        template: template.fitted_to(|token| vocabulary.id(token).is_some()),
        vocabulary: Arc::new(vocabulary),
        stops: Arc::new(stops),
        end_of_text,
        mixture,
    })
}

/// Runs a library's loader. A damaged file can make one panic instead of returning an error.
pub(crate) fn without_panic<T>(load: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(load)).unwrap_or_else(|panic| Err(panic_message(&*panic)))
}

/// The format from the manifest or else the detected one.
fn template(manifest: &Manifest, vocabulary: &Vocabulary) -> Result<FimTemplate, LoadError> {
    let given = manifest.template().map_err(|error| LoadError::Load {
        name: manifest.name.clone(),
        message: format!("its manifest is invalid: {error}"),
    })?;
    let detected = || detect_family(|token| vocabulary.id(token).is_some()).map(|family| family.template());
    given.or_else(detected).ok_or_else(|| LoadError::NoFamily { name: manifest.name.clone() })
}

/// `None` if the folder has no table of n-grams, or if the model does not mark the parts of a prompt with the special
/// tokens of this project's own models.
fn mixture(folder: &Path, vocabulary: &Vocabulary, end_of_text: u32) -> Result<Option<Mixture>, String> {
    let ids = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"].map(|token| vocabulary.id(token));
    let [Some(prefix), Some(_), Some(middle)] = ids else { return Ok(None) };
    Mixture::load(folder, vocabulary, PromptMarkers { prefix, middle }, end_of_text)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "it panicked".to_owned())
}
