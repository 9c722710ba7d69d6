//! The engine that serves, and the one that may be on its way to replace it.

use std::sync::Arc;

use fimble_completion::engine::Engine;

use crate::settings::ModelChoice;

#[derive(Default)]
pub(crate) struct EngineSlot {
    serving: Option<Arc<dyn Engine>>,
    /// What the latest load is of; `None` before the first.
    asked: Option<ModelChoice>,
    /// Counts the loads; what an earlier one than the latest brings is not wanted any more.
    latest: u64,
    /// The latest load has ended.
    settled: bool,
    failure: Option<String>,
}

pub(crate) enum EngineState<'a> {
    Loading,
    Ready(&'a Arc<dyn Engine>),
    Failed,
}

impl EngineSlot {
    /// The number of the load to begin now; `None` if the latest one was for this choice.
    pub(crate) fn ask(&mut self, choice: &ModelChoice) -> Option<u64> {
        if self.asked.as_ref() == Some(choice) {
            return None;
        }
        self.asked = Some(choice.clone());
        self.latest += 1;
        self.settled = false;
        self.failure = None;
        Some(self.latest)
    }

    /// Takes what a load brought: `false` if it is not wanted any more. The engine replaced, or not wanted, is let go
    /// on another thread, since that may take as long as freeing a model takes.
    pub(crate) fn settle(&mut self, load: u64, result: Result<Arc<dyn Engine>, String>) -> bool {
        let wanted = load == self.latest;
        self.settled |= wanted;
        let retired = match result {
            Ok(engine) if wanted => self.serving.replace(engine),
            Ok(engine) => Some(engine),
            Err(message) => {
                if wanted {
                    self.failure = Some(message);
                }
                None
            }
        };
        if retired.is_some() {
            tokio::task::spawn_blocking(move || drop(retired));
        }
        wanted
    }

    /// An engine that serves is ready, also while its successor loads or has failed to.
    pub(crate) fn state(&self) -> EngineState<'_> {
        match (&self.serving, &self.failure) {
            (Some(engine), _) => EngineState::Ready(engine),
            (None, Some(_)) => EngineState::Failed,
            (None, None) => EngineState::Loading,
        }
    }

    /// The latest load goes on.
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
