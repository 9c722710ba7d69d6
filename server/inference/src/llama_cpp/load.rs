//! Loads a GGUF file with llama.cpp.

use std::path::Path;

use fimble_models::{LocatedModel, Manifest, ModelFiles};
use tempfile::NamedTempFile;
use tokenizers::Tokenizer;
use toktrie_hf_tokenizers::ByteTokenizer;

use super::backend::LlamaCppBackend;
use super::ffi::Model;
use crate::gguf::{self, GgufText};
use crate::model::{Found, LoadError, Loaded, describe, without_panic};
use crate::options::{EngineOptions, LLAMA_CPP};
use crate::threads::Threads;
use crate::vocabulary::Vocabulary;

/// The part of the cache budget that the KV takes. The rest is for logits.
const KV_SHARE: (usize, usize) = (3, 4);

/// The fewest tokens that the KV cache has room for, whatever the budget.
const LEAST_TOKENS: usize = 2048;

/// What may be wrong with a file that cannot be loaded, and what to do.
const REFUSED: &str = "the file may be damaged, or llama.cpp may not support this kind of model: fetch it again, or set `engine` \
                       to `mistralrs`";

/// The first byte of a special token in toktrie.
const SPECIAL: u8 = 0xff;

/// Loads the model and calls `run` with it. A model in Hugging Face layout is converted first.
pub(crate) fn load(
    model: LocatedModel,
    options: &EngineOptions,
    run: impl FnOnce(Loaded<'_>),
) -> Result<(), LoadError> {
    let (name, version) = (model.name(), model.version());
    let failed = |message: String| LoadError::Load { name: name.clone(), message };
    let LocatedModel { manifest, files, .. } = model;
    let converted = match &files {
        ModelFiles::Safetensors { folder } => Some(converted(folder).map_err(failed)?),
        ModelFiles::Gguf { .. } => None,
    };
    let file = match (&files, &converted) {
        (ModelFiles::Gguf { file }, _) => file,
        (_, Some(file)) => file.path(),
        (ModelFiles::Safetensors { folder }, None) => folder,
    };
    let refused = |message| failed(format!("{message}; {REFUSED}"));
    let GgufText { tokenizer, ends } = without_panic(|| gguf::read_text(file)).map_err(refused)?;
    let raw = Model::load(file).map_err(refused)?;
    // llama.cpp has mapped or read the file.
    drop(converted);
    if !raw.can_cut() {
        return Err(failed("its architecture keeps no KV for each token, so nothing could be reused".to_owned()));
    }
    let beside = files.folder().join("tokenizer.json");
    let tokenizer = if beside.is_file() {
        Tokenizer::from_file(&beside).map_err(|error| failed(format!("cannot read its `tokenizer.json`: {error}")))?
    } else {
        tokenizer.map_err(|message| failed(format!("{message}; put the model's `tokenizer.json` beside the file")))?
    };
    let vocabulary = vocabulary(tokenizer, raw.vocabulary_size()).map_err(failed)?;
    let budget = options.cache_budget / KV_SHARE.1 * KV_SHARE.0;
    let threads = Threads::new(options.threads);
    let backend = LlamaCppBackend::new(&raw, budget, LEAST_TOKENS, threads).map_err(failed)?;
    let found = Found {
        engine: LLAMA_CPP,
        version,
        vocabulary,
        ends,
        longest: raw.context_length().min(backend.capacity()),
        ngrams_folder: Some(files.folder()),
    };
    let description = describe(&Manifest { name, ..manifest }, found)?;
    run(Loaded { description, backend: Box::new(backend) });
    Ok(())
}

/// The model in `folder` as a GGUF file, which is deleted when it is dropped.
fn converted(folder: &Path) -> Result<NamedTempFile, String> {
    let file =
        NamedTempFile::with_suffix(".gguf").map_err(|error| format!("cannot create a temporary file: {error}"))?;
    gguf::export(folder, file.path()).map_err(|error| format!("cannot convert it to GGUF: {error}"))?;
    Ok(file)
}

/// `size` is the number of logits that the model gives, which may be more than the tokenizer has tokens.
fn vocabulary(tokenizer: Tokenizer, size: usize) -> Result<Vocabulary, String> {
    let bytes = ByteTokenizer::from_tokenizer(tokenizer.clone()).map_err(|error| format!("its tokenizer: {error}"))?;
    let special = |token: &Vec<u8>| token.first() == Some(&SPECIAL);
    let mut bytes: Vec<Box<[u8]>> = bytes
        .token_bytes()
        .into_iter()
        .map(|token| if special(&token) { Box::default() } else { token.into_boxed_slice() })
        .collect();
    if bytes.len() > size {
        return Err(format!("its tokenizer has {} tokens, and the model only {size}", bytes.len()));
    }
    bytes.resize(size, Box::default());
    Vocabulary::new(tokenizer.into(), bytes)
}
