//! Loads a model's files with mistral.rs.

use std::fs;
use std::path::Path;

use fimble_models::{LocatedAdapter, LocatedModel, Manifest, ModelFiles, Quantization};
use mistralrs::core::Pipeline;
use mistralrs::model_builder_trait::{build_gguf_pipeline, build_text_pipeline};
use mistralrs::{GgufModelBuilder, IsqType, ModelDType, SchedulerConfig, TextModelBuilder, TokenSource};
use tokio::runtime::{self, Runtime};

use super::adapted;
use super::backend::{LoadedPipeline, MistralrsBackend};
use super::kv_memory::{KV_STEP, KvMemory};
use crate::model::{Found, LoadError, Loaded, describe, without_panic};
use crate::options::{EngineOptions, MISTRAL_RS};
use crate::vocabulary::Vocabulary;

/// On a CPU, unquantized weights of more than this many bytes run in half precision. f32 is faster but takes twice the
/// memory.
const LARGE_WEIGHTS: u64 = 2 << 30;

/// Loads the model and calls `run` with it.
pub(crate) fn load(
    model: LocatedModel,
    _options: &EngineOptions,
    run: impl FnOnce(Loaded<'_>),
) -> Result<(), LoadError> {
    let (name, version) = (model.name(), model.version());
    let LocatedModel { manifest, files, adapter, .. } = model;
    let failed = |message: String| LoadError::Load { name: name.clone(), message };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("cannot start an async runtime: {error}")))?;
    let (pipeline, scheduler) = without_panic(|| build_pipeline(&runtime, &manifest, &files, adapter.as_ref()))
        .map_err(|message| {
            failed(format!("{message}; the files may be damaged, or mistral.rs may not support this kind of model"))
        })?;
    let (vocabulary, metadata) = {
        let pipeline = runtime.block_on(pipeline.lock());
        (vocabulary(&*pipeline).map_err(failed)?, pipeline.get_metadata())
    };
    let shape = metadata.model_metadata.as_ref().ok_or_else(|| failed("it is not a text model".to_owned()))?;
    let bytes_per_token =
        shape.num_layers() * shape.kv_cache_elements_per_token() * metadata.activation_dtype.size_in_bytes();
    let found = Found {
        engine: MISTRAL_RS,
        version,
        vocabulary,
        ends: metadata.eos_tok.clone(),
        longest: longest_sequence(metadata.max_seq_len),
        // The weights of the mixture were fitted to the model without an adapter. They would drown what the adapter
        // changes.
        ngrams_folder: adapter.is_none().then(|| files.folder()),
    };
    let description = describe(&Manifest { name: name.clone(), ..manifest }, found)?;
    let (end_of_text, filler) = (description.end_of_text, description.vocabulary.filler_token());
    let memory = KvMemory::new(bytes_per_token);
    let backend = MistralrsBackend::new(pipeline, scheduler, end_of_text, filler, runtime, memory)
        .map_err(|error| failed(error.to_string()))?;
    run(Loaded { description, backend: Box::new(backend) });
    Ok(())
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

fn vocabulary(pipeline: &dyn Pipeline) -> Result<Vocabulary, String> {
    let tokenizer = pipeline.tokenizer().ok_or("it has no tokenizer")?;
    let environment = pipeline.get_metadata().tok_env().ok_or("its tokenizer cannot list the bytes of its tokens")?;
    let trie = environment.tok_trie();
    let size = u32::try_from(trie.vocab_size()).map_err(|_| "its vocabulary is too large")?;
    let bytes = (0..size).map(|id| if trie.is_special_token(id) { Box::default() } else { trie.token(id).into() });
    Vocabulary::new(tokenizer, bytes.collect())
}

/// The most tokens that a sequence of a model with `max_tokens` positions may have. mistral.rs grows KV in whole steps,
/// and refuses a step that goes beyond the model's length.
fn longest_sequence(max_tokens: usize) -> usize {
    (max_tokens / KV_STEP * KV_STEP).max(KV_STEP.min(max_tokens))
}

/// Bytes of the weights in a folder.
fn weights_size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let weights = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "safetensors"));
    weights.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}
