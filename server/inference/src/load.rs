//! From a model's files to a pipeline of mistral.rs that can generate.

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
use mistralrs::model_builder_trait::{build_gguf_pipeline, build_text_pipeline};
use mistralrs::{GgufModelBuilder, IsqType, ModelDType, SchedulerConfig, TextModelBuilder, TokenSource};
use tokio::runtime::{self, Runtime};

use crate::adapted;
use crate::mistralrs_backend::{BackendError, KV_STEP, LoadedPipeline, MistralrsBackend};
use crate::ngrams::{Marks, Mixture};
use crate::vocabulary::Vocabulary;

/// Weights beyond this run in half precision on a CPU unless they are quantized: f32 is faster, but twice as large.
const LARGE_WEIGHTS: u64 = 2 << 30;

pub(crate) struct Loaded {
    pub(crate) info: ModelInfo,
    pub(crate) template: FimTemplate,
    pub(crate) vocabulary: Arc<Vocabulary>,
    pub(crate) stops: Arc<HashSet<u32>>,
    pub(crate) backend: MistralrsBackend,
    /// Bytes of KV a token takes.
    pub(crate) kv_bytes_per_token: usize,
    /// What is asked beside the model, where its folder has a table for that.
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
        "the model `{name}` knows no fill-in-the-middle: its vocabulary has the special tokens of none of the known \
         families; take a base model trained for code completion, or describe its format in a `fimble-model.toml` \
         beside its files"
    )]
    NoFamily { name: String },
    #[error("the model `{name}` lacks the special token `{token}` that its manifest's format needs")]
    MissingToken { name: String, token: String },
    #[error("the model `{name}` has no end-of-text token that fimble knows; name one in `fim.stops` of its manifest")]
    NoStop { name: String },
}

pub(crate) fn load(model: LocatedModel) -> Result<Loaded, LoadError> {
    model.verify()?;
    model.check_adapter()?;
    let (name, version) = (model.name(), model.version());
    let LocatedModel { manifest, files, adapter, .. } = model;
    let failed = |message: String| LoadError::Load { name: name.clone(), message };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("no runtime: {error}")))?;

    // A damaged file can make the libraries below panic instead of returning an error.
    let pipeline = catch_unwind(AssertUnwindSafe(|| build_pipeline(&runtime, &manifest, &files, adapter.as_ref())))
        .unwrap_or_else(|panic| Err(panic_message(&*panic)))
        .map_err(|message| {
            failed(format!("{message}; the files may be damaged, or of a kind mistral.rs cannot run"))
        })?;
    let (pipeline, scheduler) = pipeline;
    // The weights of the mixture were fitted to the model as it is, and would drown what an adapter changes.
    let table_folder = adapter.is_none().then(|| files.folder());
    prepare(Manifest { name, ..manifest }, table_folder, version, pipeline, scheduler, runtime)
}

fn build_pipeline(
    runtime: &Runtime,
    manifest: &Manifest,
    files: &ModelFiles,
    adapter: Option<&LocatedAdapter>,
) -> Result<(LoadedPipeline, SchedulerConfig), String> {
    let pipeline = match files {
        ModelFiles::Safetensors { folder } => {
            let dtype = match manifest.quantize {
                _ if cfg!(any(feature = "cuda", feature = "metal")) => ModelDType::Auto,
                None if weights_size(folder) > LARGE_WEIGHTS => ModelDType::F16,
                _ => ModelDType::F32,
            };
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
            // A GGUF's own description of its tokenizer is not honoured in full.
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

fn prepare(
    manifest: Manifest,
    table_folder: Option<&Path>,
    version: Option<String>,
    pipeline: LoadedPipeline,
    scheduler: SchedulerConfig,
    runtime: Runtime,
) -> Result<Loaded, LoadError> {
    let name = manifest.name.clone();
    let failed = |message: String| LoadError::Load { name: name.clone(), message };
    let (vocabulary, metadata) = {
        let pipeline = runtime.block_on(pipeline.lock());
        (Vocabulary::new(&*pipeline).map_err(failed)?, pipeline.get_metadata())
    };
    let template = template(&manifest, &vocabulary)?;
    if let Some(token) = template.special_tokens().into_iter().find(|token| vocabulary.id(token).is_none()) {
        return Err(LoadError::MissingToken { name, token: token.to_owned() });
    }
    let known_stops: Vec<u32> = template.stops().iter().filter_map(|token| vocabulary.id(token)).collect();
    let end_of_text = metadata.eos_tok.first().or(known_stops.first()).copied();
    let Some(end_of_text) = end_of_text else { return Err(LoadError::NoStop { name }) };
    let stops: HashSet<u32> = known_stops.into_iter().chain(metadata.eos_tok.iter().copied()).collect();

    let shape = metadata.model_metadata.as_ref().ok_or_else(|| failed("it is no text model".to_owned()))?;
    let kv_bytes_per_token =
        shape.num_layers() * shape.kv_cache_elements_per_token() * metadata.activation_dtype.size_in_bytes();
    // KV grows in whole steps, and mistral.rs refuses the step that would pass the model's length.
    let longest = (metadata.max_seq_len / KV_STEP * KV_STEP).max(KV_STEP.min(metadata.max_seq_len));
    let context_length = manifest.context_length.map_or(longest, |length| length.min(longest));

    let mixture = table_folder.map_or(Ok(None), |folder| mixture(folder, &vocabulary, end_of_text)).map_err(failed)?;
    let backend = MistralrsBackend::new(pipeline, scheduler, end_of_text, vocabulary.ordinary(), runtime)
        .map_err(|error: BackendError| failed(error.to_string()))?;
    Ok(Loaded {
        info: ModelInfo {
            id: Arc::new(ModelId { name, version }),
            context_length,
            uses_excerpts: manifest.excerpts.unwrap_or(true),
        },
        template: template.fitted_to(|token| vocabulary.id(token).is_some()),
        vocabulary: Arc::new(vocabulary),
        stops: Arc::new(stops),
        backend,
        kv_bytes_per_token,
        mixture,
    })
}

/// A table knows the parts of a prompt by the special tokens that this project's models are trained with.
fn mixture(folder: &Path, vocabulary: &Vocabulary, end_of_text: u32) -> Result<Option<Mixture>, String> {
    let ids = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"].map(|token| vocabulary.id(token));
    let [Some(prefix), Some(suffix), Some(middle)] = ids else { return Ok(None) };
    Mixture::load(folder, vocabulary, Marks { prefix, suffix, middle, end_of_text })
}

fn template(manifest: &Manifest, vocabulary: &Vocabulary) -> Result<FimTemplate, LoadError> {
    let given = manifest.template().map_err(|error| LoadError::Load {
        name: manifest.name.clone(),
        message: format!("its manifest is wrong: {error}"),
    })?;
    let detected = || detect_family(|token| vocabulary.id(token).is_some()).map(|family| family.template());
    given.or_else(detected).ok_or_else(|| LoadError::NoFamily { name: manifest.name.clone() })
}

fn weights_size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let weights = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "safetensors"));
    weights.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_else(|| "it panicked".to_owned())
}
