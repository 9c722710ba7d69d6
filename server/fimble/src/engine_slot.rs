//! The engine in service, and the load that may replace it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use fimble_completion::engine::Engine;

use crate::settings::ModelChoice;
use crate::tasks::Tasks;

/// Loads the model that the settings name, on a thread of its own. The error is a sentence for the user that says what is
/// wrong and what to do.
pub type LoadEngine = Arc<dyn Fn(&ModelChoice) -> Result<Arc<dyn Engine>, String> + Send + Sync>;

pub(crate) struct EngineSlot {
    load: LoadEngine,
    tasks: Tasks<Loaded>,
    serving: Option<Arc<dyn Engine>>,
    /// What the latest load is of; `None` before the first.
    asked: Option<ModelChoice>,
    /// Counts the loads. Only the latest one's result is wanted.
    latest: u64,
    /// The latest load has ended.
    settled: bool,
    failure: Option<String>,
}

/// The end of a load.
pub(crate) struct Loaded {
    number: u64,
    result: Result<Arc<dyn Engine>, String>,
}

pub(crate) enum EngineState<'a> {
    Loading,
    Ready(&'a Arc<dyn Engine>),
    Failed,
}

/// What became of the latest load.
pub(crate) enum Settled {
    /// A new engine is in service.
    Ready,
    /// The error is a sentence for the user.
    Failed(String),
}

impl EngineSlot {
    pub(crate) fn new(load: LoadEngine, tasks: Tasks<Loaded>) -> Self {
        Self { load, tasks, serving: None, asked: None, latest: 0, settled: false, failure: None }
    }

    /// Starts to load `choice`; returns `false` if the latest load was for the same choice.
    pub(crate) fn request(&mut self, choice: &ModelChoice) -> bool {
        if self.asked.as_ref() == Some(choice) {
            return false;
        }
        self.asked = Some(choice.clone());
        self.latest += 1;
        self.settled = false;
        self.failure = None;
        let (number, load, tasks, choice) = (self.latest, self.load.clone(), self.tasks.clone(), choice.clone());
        // The runtime waits for its own threads when the process ends, and a load may take long.
        let started = thread::Builder::new().name("load model".to_owned()).spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| load(&choice))).unwrap_or_else(|_| {
                Err("The model cannot be loaded because fimble crashed on it. The log has the details.".to_owned())
            });
            tasks.send(Loaded { number, result });
        });
        if let Err(error) = started {
            self.tasks.send(Loaded { number, result: Err(format!("No thread to load a model: {error}")) });
        }
        true
    }

    /// Takes the result of a load; `None` if a newer load has made it useless.
    pub(crate) fn settle(&mut self, loaded: Loaded) -> Option<Settled> {
        let wanted = loaded.number == self.latest;
        self.settled |= wanted;
        let (retired, settled) = match loaded.result {
            Ok(engine) if wanted => (self.serving.replace(engine), Some(Settled::Ready)),
            Ok(engine) => (Some(engine), None),
            Err(message) if wanted => {
                self.failure = Some(message.clone());
                (None, Some(Settled::Failed(message)))
            }
            Err(_) => (None, None),
        };
        if retired.is_some() {
            // Freeing a model takes a while.
            tokio::task::spawn_blocking(move || drop(retired));
        }
        settled
    }

    /// An engine stays ready while its successor loads, and if that load fails.
    pub(crate) fn state(&self) -> EngineState<'_> {
        match (&self.serving, &self.failure) {
            (Some(engine), _) => EngineState::Ready(engine),
            (None, Some(_)) => EngineState::Failed,
            (None, None) => EngineState::Loading,
        }
    }

    /// The engine in service.
    pub(crate) fn ready(&self) -> Option<&Arc<dyn Engine>> {
        self.serving.as_ref()
    }

    pub(crate) fn is_loading(&self) -> bool {
        self.latest > 0 && !self.settled
    }

    pub(crate) fn serves(&self, engine: &Arc<dyn Engine>) -> bool {
        self.serving.as_ref().is_some_and(|serving| Arc::ptr_eq(serving, engine))
    }

    /// Why the latest load failed.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
