//! [`LocalEngine`], a local model as the rest of fimble uses it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use fimble_completion::ablations::{Ablations, Mechanism};
use fimble_completion::engine::{Engine, EngineError, Generation, GenerationRequest, ModelInfo, Priority, Search};
use fimble_completion::foreground::Foreground;
use fimble_completion::prompt::FimTemplate;
use fimble_models::{LocatedModel, locate};

use crate::decoder::Decoder;
use crate::drafts::Drafter;
use crate::generator::Generator;
use crate::interrupt::{Interrupt, Progress};
use crate::kv_cache::KvCache;
use crate::load::load;
use crate::model::{Description, LoadError, Loaded};
use crate::options::EngineOptions;
use crate::scheduler::Scheduler;
use crate::task::GenerationTask;
use crate::vocabulary::Vocabulary;

/// A local model that runs in mistral.rs or llama.cpp. It has a thread of its own, which ends when the engine is dropped.
pub struct LocalEngine {
    info: ModelInfo,
    template: FimTemplate,
    vocabulary: Arc<Vocabulary>,
    stops: Arc<HashSet<u32>>,
    ablations: Ablations,
    foreground: Foreground,
    progress: Arc<Progress>,
    tasks: Sender<GenerationTask>,
}

impl LocalEngine {
    /// Loads the model with this name or path, or the embedded model for `None`. Blocks while the weights are read. Accepts
    /// unsigned manifests; fimble itself locates a model with the key that its settings name and calls [`Self::start`].
    pub fn load(name_or_path: Option<&str>, options: EngineOptions) -> Result<Self, LoadError> {
        Self::load_adapted(name_or_path, None, options)
    }

    /// Loads a model as [`Self::load`] does, with the LoRA adapter of this name or path.
    pub fn load_adapted(
        name_or_path: Option<&str>,
        adapter: Option<&str>,
        options: EngineOptions,
    ) -> Result<Self, LoadError> {
        let model = locate(name_or_path, None)?;
        Self::start(if let Some(adapter) = adapter { model.with_adapter(adapter, None)? } else { model }, options)
    }

    /// Loads a model that was located before. Blocks while the weights are read.
    pub fn start(model: LocatedModel, options: EngineOptions) -> Result<Self, LoadError> {
        let name = model.name();
        let failed = |message: String| LoadError::Load { name: name.clone(), message };
        let (loaded_sender, loaded) = mpsc::channel();
        let (tasks, task_receiver) = mpsc::channel();
        let (foreground, ablations) = (Foreground::default(), options.ablations);
        // mistral.rs needs an async runtime that is not inside another one, so the model is loaded on the engine's
        // thread.
        let (sender, arriving, cache_budget) = (loaded_sender.clone(), foreground.clone(), options.cache_budget);
        let serve = move |Loaded { description, backend }: Loaded<'_>| {
            let Description { info, template, vocabulary, stops, mixture, .. } = description;
            if sender.send(Ok((info, template, vocabulary, stops))).is_ok() {
                let cache = KvCache::new(backend, cache_budget, ablations);
                let mixture = mixture.filter(|_| ablations.keeps(Mechanism::Ngrams)).map(Arc::new);
                let drafter = Drafter::new(ablations.keeps(Mechanism::Drafts));
                Scheduler::new(Generator::new(cache, drafter, mixture), arriving).serve(&task_receiver);
            }
        };
        let run = move || {
            if let Err(error) = load(model, &options, serve) {
                drop(loaded_sender.send(Err(error)));
            }
        };
        thread::Builder::new()
            .name("fimble-engine".to_owned())
            .spawn(run)
            .map_err(|error| failed(format!("cannot start its thread: {error}")))?;
        let (info, template, vocabulary, stops) =
            loaded.recv().map_err(|_| failed("its thread ended while it was loading".to_owned()))??;
        let progress = Arc::default();
        Ok(Self { info, template, vocabulary, stops, ablations, foreground, progress, tasks })
    }
}

impl Engine for LocalEngine {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, text: &str) -> usize {
        // Text that cannot be tokenized counts as too long. Generating from it reports the error.
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
        let interrupt = Interrupt::new(cancel, priority, &self.foreground, self.progress.clone());
        let (vocabulary, stops) = (self.vocabulary.clone(), self.stops.clone());
        let decoder =
            Decoder::new(vocabulary, stops, prompt.typed, max_tokens, stopping, interrupt.clone()).avoiding(avoid);
        let (reply, answer) = mpsc::channel();
        let waiting = (priority == Priority::Foreground).then(|| self.foreground.enter());
        if waiting.is_some() {
            self.progress.awaited_by(&prompt.tokens);
        }
        let search = if self.ablations.keeps(Mechanism::Search) { search } else { Search::default() };
        let task = GenerationTask { prompt: prompt.tokens, decoder, search, interrupt, waiting, reply };
        self.tasks.send(task).map_err(|_| EngineError::Stopped)?;
        answer.recv().map_err(|_| EngineError::Stopped)?
    }
}
