//! Loads a model's files and prepares what an engine needs to generate with them.

use std::any::Any;
use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use fimble_completion::engine::{ModelId, ModelInfo};
use fimble_completion::prompt::{FimTemplate, detect_family};
use fimble_models::{
    AdapterError, DamagedModel, LocateError, LocatedAdapter, LocatedModel, Manifest, ModelFiles, Quantization,
};
use mistralrs::core::Pipeline;
use mistralrs::model_builder_trait::{build_gguf_pipeline, build_text_pipeline};
use mistralrs::{GgufModelBuilder, IsqType, ModelDType, SchedulerConfig, TextModelBuilder, TokenSource};
use tokio::runtime::{self, Runtime};

use super::adapted;
use super::backend::{KV_STEP, LoadedPipeline, MistralrsBackend};
use crate::byte_budget::KvLayout;
use crate::ngrams::{Mixture, PromptMarkers};
use crate::vocabulary::Vocabulary;

/// On a CPU, unquantized weights of more than this many bytes run in half precision. f32 is faster but takes twice the
/// memory.
const LARGE_WEIGHTS: u64 = 2 << 30;

/// A model that is ready to generate.
pub(crate) struct Loaded {
    pub(crate) info: ModelInfo,
    pub(crate) template: FimTemplate,
    pub(crate) vocabulary: Arc<Vocabulary>,
    /// The tokens that end a generation.
    pub(crate) stops: Arc<HashSet<u32>>,
    pub(crate) backend: MistralrsBackend,
    pub(crate) kv_layout: KvLayout,
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
}

/// Checks the files of `model`, loads them and starts the backend.
pub(crate) fn load(model: LocatedModel) -> Result<Loaded, LoadError> {
    model.verify()?;
    model.check_adapter()?;
    let (name, version) = (model.name(), model.version());
    let LocatedModel { manifest, files, adapter, .. } = model;
    let failed = |message: String| LoadError::Load { name: name.clone(), message };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("cannot start an async runtime: {error}")))?;

    // A damaged file can make the libraries below panic instead of returning an error.
    let pipeline = catch_unwind(AssertUnwindSafe(|| build_pipeline(&runtime, &manifest, &files, adapter.as_ref())))
        .unwrap_or_else(|panic| Err(panic_message(&*panic)))
        .map_err(|message| {
            failed(format!("{message}; the files may be damaged, or mistral.rs may not support this kind of model"))
        })?;
    // The weights of the mixture were fitted to the model without an adapter. They would drown what the adapter
    // changes.
    let ngrams_folder = adapter.is_none().then(|| files.folder());
    prepare(Manifest { name, ..manifest }, version, ngrams_folder, pipeline, runtime)
}

fn build_pipeline(
    runtime: &Runtime,
    manifest: &Manifest,
    files: &ModelFiles,
    adapter: Option<&LocatedAdapter>,
) -> Result<(LoadedPipeline, SchedulerConfig), String> {
    let pipeline = match files {
        ModelFiles::Safetensors { folder } => {
            let dtype = dtype(manifest, folder);
            let quantization = manifest.quantize.map(|quantization| match quantization {
                Quantization::Q8_0 => IsqType::Q8_0,
                Quantization::Q4k => IsqType::Q4K,
            });
            if let Some(adapter) = adapter {
                let weights = files.weights().map_err(|error| error.to_string())?;
                let built = adapted::build(folder, weights, adapter, dtype, quantization);
                return built.map_err(|error| format!("{error:#}"));
            }
            let mut builder =
                TextModelBuilder::new(folder.display()).with_token_source(TokenSource::None).with_dtype(dtype);
            if let Some(quantization) = quantization {
                builder = builder.with_isq(quantization);
            }
            runtime.block_on(build_text_pipeline(builder))
        }
        ModelFiles::Gguf { file } => {
            let folder = file.parent().unwrap_or(Path::new("."));
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let mut builder = GgufModelBuilder::new(folder.display(), vec![name]).with_token_source(TokenSource::None);
            // mistral.rs does not honor every detail of the tokenizer that a GGUF file describes.
            let tokenizer = folder.join("tokenizer.json");
            if tokenizer.is_file() {
                builder = builder.with_tokenizer_json(tokenizer.display());
            }
            runtime.block_on(build_gguf_pipeline(builder))
        }
    };
    let (pipeline, scheduler, _) = pipeline.map_err(|error| format!("{error:#}"))?;
    Ok((pipeline, scheduler))
}

fn dtype(manifest: &Manifest, folder: &Path) -> ModelDType {
    match manifest.quantize {
        _ if cfg!(any(feature = "cuda", feature = "metal")) => ModelDType::Auto,
        None if weights_size(folder) > LARGE_WEIGHTS => ModelDType::F16,
        _ => ModelDType::F32,
    }
}

fn prepare(
    manifest: Manifest,
    version: Option<String>,
    ngrams_folder: Option<&Path>,
    (pipeline, scheduler): (LoadedPipeline, SchedulerConfig),
    runtime: Runtime,
) -> Result<Loaded, LoadError> {
    let name = manifest.name.clone();
    let failed = |message: String| LoadError::Load { name: name.clone(), message };
    let (vocabulary, metadata) = {
        let pipeline = runtime.block_on(pipeline.lock());
        (vocabulary(&*pipeline).map_err(failed)?, pipeline.get_metadata())
    };
    let template = template(&manifest, &vocabulary)?;
    if let Some(token) = template.special_tokens().into_iter().find(|token| vocabulary.id(token).is_none()) {
        return Err(LoadError::MissingToken { name, token: token.to_owned() });
    }
    let known_stops: Vec<u32> = template.stops().iter().filter_map(|token| vocabulary.id(token)).collect();
    let end_of_text = metadata.eos_tok.first().or(known_stops.first()).copied();
    let Some(end_of_text) = end_of_text else { return Err(LoadError::NoStop { name }) };
    let stops: HashSet<u32> = known_stops.into_iter().chain(metadata.eos_tok.iter().copied()).collect();

    let shape = metadata.model_metadata.as_ref().ok_or_else(|| failed("it is not a text model".to_owned()))?;
    let kv_layout = KvLayout {
        bytes_per_token: shape.num_layers()
            * shape.kv_cache_elements_per_token()
            * metadata.activation_dtype.size_in_bytes(),
        tokens_per_step: KV_STEP,
    };
    let longest = longest_sequence(metadata.max_seq_len);
    let context_length = manifest.context_length.map_or(longest, |length| length.min(longest));

    let mixture = ngrams_folder.map_or(Ok(None), |folder| mixture(folder, &vocabulary, end_of_text)).map_err(failed)?;
    let backend = MistralrsBackend::new(pipeline, scheduler, end_of_text, vocabulary.filler_token(), runtime)
        .map_err(|error| failed(error.to_string()))?;
    Ok(Loaded {
        info: ModelInfo {
            id: Arc::new(ModelId { name, version }),
            context_length,
            uses_excerpts: manifest.excerpts.unwrap_or(true),
            engine: "mistral.rs",
        },
        template: template.fitted_to(|token| vocabulary.id(token).is_some()),
        vocabulary: Arc::new(vocabulary),
        stops: Arc::new(stops),
        backend,
        kv_layout,
        mixture,
    })
}

fn vocabulary(pipeline: &dyn Pipeline) -> Result<Vocabulary, String> {
    let tokenizer = pipeline.tokenizer().ok_or("it has no tokenizer")?;
    let environment = pipeline.get_metadata().tok_env().ok_or("its tokenizer cannot list the bytes of its tokens")?;
    let trie = environment.tok_trie();
    let size = u32::try_from(trie.vocab_size()).map_err(|_| "its vocabulary is too large")?;
    let bytes = (0..size).map(|id| if trie.is_special_token(id) { Box::default() } else { trie.token(id).into() });
    Vocabulary::new(tokenizer, bytes.collect())
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

/// The most tokens that a sequence of a model with `max_tokens` positions may have. mistral.rs grows KV in whole steps,
/// and refuses a step that goes beyond the model's length.
fn longest_sequence(max_tokens: usize) -> usize {
    (max_tokens / KV_STEP * KV_STEP).max(KV_STEP.min(max_tokens))
}

/// `None` if the folder has no table of n-grams, or if the model does not mark the parts of a prompt with the special
/// tokens of this project's own models.
fn mixture(folder: &Path, vocabulary: &Vocabulary, end_of_text: u32) -> Result<Option<Mixture>, String> {
    let ids = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"].map(|token| vocabulary.id(token));
    let [Some(prefix), Some(_), Some(middle)] = ids else { return Ok(None) };
    Mixture::load(folder, vocabulary, PromptMarkers { prefix, middle }, end_of_text)
}

/// Bytes of the weights in a folder.
fn weights_size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let weights = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "safetensors"));
    weights.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "it panicked".to_owned())
}
