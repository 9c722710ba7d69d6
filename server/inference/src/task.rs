//! A generation on its way to the model.

use std::sync::mpsc::Sender;

use fimble_completion::engine::{EngineError, Generation, Search};
use fimble_completion::foreground::ForegroundGuard;

use crate::decoder::Decoder;
use crate::interrupt::Interrupt;

/// See the [module](self).
pub(crate) struct GenerationTask {
    pub(crate) prompt: Vec<u32>,
    /// If its token limit is 0, only the prompt is evaluated.
    pub(crate) decoder: Decoder,
    pub(crate) search: Search,
    pub(crate) interrupt: Interrupt,
    /// Makes background generations give way until this task's turn comes. `None` for a background task.
    pub(crate) waiting: Option<ForegroundGuard>,
    pub(crate) reply: Sender<Result<Generation, EngineError>>,
}

impl GenerationTask {
    pub(crate) fn is_background(&self) -> bool {
        self.waiting.is_none()
    }
}
