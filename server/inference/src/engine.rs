//! The engine that the rest of fimble sees: a model with a thread of its own, and a queue in front of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use fimble_completion::engine::{Engine, EngineError, Generation, GenerationRequest, ModelInfo, Priority, Search};
use fimble_completion::prompt::FimTemplate;
use fimble_models::{LocatedModel, locate};

use crate::cache::Cache;
use crate::decoder::Decoder;
use crate::interrupt::{Interrupt, Urgent};
use crate::load::{self, LoadError, Loaded};
use crate::vocabulary::Vocabulary;
use crate::worker::{Job, Worker};

#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Bytes that kept KV and known distributions may take together.
    pub cache_budget: usize,
    /// Whether half-typed words are healed. Off only to measure what that brings.
    pub healing: bool,
    /// Whether known tokens are gone along. Off only to measure what that brings.
    pub known_tokens: bool,
    /// Whether a table of n-grams beside the weights is asked too. Off only to measure what that brings.
    pub ngrams: bool,
    /// Whether other answers than the greedy one are tried. Off only to measure what that brings.
    pub search: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { cache_budget: 256 << 20, healing: true, known_tokens: true, ngrams: true, search: true }
    }
}

/// A model in memory, with a thread of its own that ends when the engine is dropped.
pub struct MistralEngine {
    info: ModelInfo,
    template: FimTemplate,
    vocabulary: Arc<Vocabulary>,
    stops: Arc<HashSet<u32>>,
    healing: bool,
    search: bool,
    urgent: Urgent,
    jobs: Sender<Job>,
}

impl MistralEngine {
    /// Loads the model that the user calls `name_or_path` (`None`: the embedded one). Takes as long as reading the
    /// weights does. Accepts unsigned manifests: fimble itself locates the model, and calls [`Self::start`].
    pub fn load(name_or_path: Option<&str>, options: EngineOptions) -> Result<Self, LoadError> {
        Self::load_adapted(name_or_path, None, options)
    }

    /// The same, with the adapter that the user calls `adapter`.
    pub fn load_adapted(
        name_or_path: Option<&str>,
        adapter: Option<&str>,
        options: EngineOptions,
    ) -> Result<Self, LoadError> {
        let model = locate(name_or_path, None)?;
        Self::start(if let Some(adapter) = adapter { model.with_adapter(adapter, None)? } else { model }, options)
    }

    pub fn start(model: LocatedModel, options: EngineOptions) -> Result<Self, LoadError> {
        let name = model.name();
        let (loaded_sender, loaded) = mpsc::channel();
        let (jobs, job_receiver) = mpsc::channel();
        let (healing, search) = (options.healing, options.search);
        let failed = |message: String| LoadError::Load { name: name.clone(), message };
        // mistral.rs wants a runtime that is not inside another one, so the model is loaded where it will run.
        let run = move || match load::load(model) {
            Ok(Loaded { info, template, vocabulary, stops, runner, kv_bytes_per_token, mixture }) => {
                if loaded_sender.send(Ok((info, template, vocabulary, stops))).is_ok() {
                    let cache = Cache::new(options.cache_budget, kv_bytes_per_token);
                    let mixture = mixture.filter(|_| options.ngrams).map(Arc::new);
                    Worker::new(runner, cache, mixture, options.known_tokens).serve(&job_receiver);
                }
            }
            Err(error) => drop(loaded_sender.send(Err(error))),
        };
        thread::Builder::new()
            .name("fimble-engine".to_owned())
            .spawn(run)
            .map_err(|error| failed(format!("no thread: {error}")))?;
        let (info, template, vocabulary, stops) =
            loaded.recv().map_err(|_| failed("its loading ended unexpectedly".to_owned()))??;
        Ok(Self { info, template, vocabulary, stops, healing, search, urgent: Urgent::default(), jobs })
    }
}

impl Engine for MistralEngine {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, text: &str) -> usize {
        // Text that cannot be tokenized cannot be generated from either, which says so in its error.
        self.vocabulary.encode(text).map_or(usize::MAX, |tokens| tokens.len())
    }

    fn generate(&self, request: GenerationRequest) -> Result<Generation, EngineError> {
        let GenerationRequest { text, unlike, max_tokens, priority, watch, search, cancel } = request;
        let prompt = self.template.fill(&text);
        let prompt = self.vocabulary.encode_prompt(&prompt, self.healing).map_err(EngineError::Failed)?;
        let length = prompt.tokens.len();
        if length + max_tokens > self.info.context_length {
            return Err(EngineError::PromptTooLong { prompt: length, context_length: self.info.context_length });
        }
        let interrupt = Interrupt::new(cancel, priority, &self.urgent);
        let (vocabulary, stops) = (self.vocabulary.clone(), self.stops.clone());
        let decoder =
            Decoder::new(vocabulary, stops, prompt.typed, max_tokens, watch, interrupt.clone()).unlike(unlike);
        let (reply, answer) = mpsc::channel();
        let begins = (priority == Priority::Foreground).then(|| self.urgent.arrives());
        let search = if self.search { search } else { Search::default() };
        let job = Job { tokens: prompt.tokens, decoder, search, interrupt, begins, reply };
        self.jobs.send(job).map_err(|_| EngineError::Stopped)?;
        answer.recv().map_err(|_| EngineError::Stopped)?
    }
}
