//! The engine that the rest of fimble sees: a model with a thread of its own, and a queue in front of it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use fimble_completion::ablations::{Ablations, Mechanism};
use fimble_completion::engine::{Engine, EngineError, Generation, GenerationRequest, ModelInfo, Priority, Search};
use fimble_completion::foreground::Foreground;
use fimble_completion::prompt::FimTemplate;
use fimble_models::{LocatedModel, locate};

use crate::cache::Cache;
use crate::decoder::Decoder;
use crate::interrupt::Interrupt;
use crate::load::{self, LoadError, Loaded};
use crate::scheduler::{GenerationTask, Scheduler};
use crate::vocabulary::Vocabulary;

#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Bytes that kept KV and known distributions may take together.
    pub cache_budget: usize,
    /// Mechanisms that a measurement switches off.
    pub ablations: Ablations,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { cache_budget: 256 << 20, ablations: Ablations::default() }
    }
}

/// A model in memory, with a thread of its own that ends when the engine is dropped.
pub struct MistralEngine {
    info: ModelInfo,
    template: FimTemplate,
    vocabulary: Arc<Vocabulary>,
    stops: Arc<HashSet<u32>>,
    ablations: Ablations,
    foreground: Foreground,
    tasks: Sender<GenerationTask>,
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
        let (tasks, task_receiver) = mpsc::channel();
        let ablations = options.ablations;
        let failed = |message: String| LoadError::Load { name: name.clone(), message };
        // mistral.rs wants a runtime that is not inside another one, so the model is loaded where it will run.
        let run = move || match load::load(model) {
            Ok(Loaded { info, template, vocabulary, stops, backend, kv_bytes_per_token, mixture }) => {
                if loaded_sender.send(Ok((info, template, vocabulary, stops))).is_ok() {
                    let cache = Cache::new(options.cache_budget, kv_bytes_per_token);
                    let mixture = mixture.filter(|_| ablations.keeps(Mechanism::Ngrams)).map(Arc::new);
                    Scheduler::new(backend, cache, mixture, ablations.keeps(Mechanism::LogitCache))
                        .serve(&task_receiver);
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
        Ok(Self { info, template, vocabulary, stops, ablations, foreground: Foreground::default(), tasks })
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
        let GenerationRequest { text, avoid, max_tokens, priority, stopping, search, cancel } = request;
        let prompt = self.template.fill(&text);
        let prompt = self
            .vocabulary
            .encode_prompt(&prompt, self.ablations.keeps(Mechanism::Healing))
            .map_err(EngineError::Failed)?;
        let length = prompt.tokens.len();
        if length + max_tokens > self.info.context_length {
            return Err(EngineError::PromptTooLong { prompt: length, context_length: self.info.context_length });
        }
        let interrupt = Interrupt::new(cancel, priority, &self.foreground);
        let (vocabulary, stops) = (self.vocabulary.clone(), self.stops.clone());
        let decoder =
            Decoder::new(vocabulary, stops, prompt.typed, max_tokens, stopping, interrupt.clone()).avoid(avoid);
        let (reply, answer) = mpsc::channel();
        let waiting = (priority == Priority::Foreground).then(|| self.foreground.enter());
        let search = if self.ablations.keeps(Mechanism::Search) { search } else { Search::default() };
        let task = GenerationTask { tokens: prompt.tokens, decoder, search, interrupt, waiting, reply };
        self.tasks.send(task).map_err(|_| EngineError::Stopped)?;
        answer.recv().map_err(|_| EngineError::Stopped)?
    }
}
