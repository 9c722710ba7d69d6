//! Decides whose turn it is. Generations run one at a time, foreground tasks before background tasks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use fimble_completion::engine::EngineError;

use crate::generator::Generator;
use crate::task::GenerationTask;

/// After this long without a task, the user is not typing, and an eviction delays nobody.
const IDLE_BEFORE_EVICTION: Duration = Duration::from_secs(2);

/// See the [module](self).
pub(crate) struct Scheduler {
    generator: Generator,
    background: VecDeque<GenerationTask>,
    /// The prompt of the latest foreground task.
    latest_prompt: Vec<u32>,
}

impl Scheduler {
    pub(crate) fn new(generator: Generator) -> Self {
        Self { generator, background: VecDeque::new(), latest_prompt: Vec::new() }
    }

    /// Runs tasks until every sender is dropped.
    pub(crate) fn serve(&mut self, tasks: &Receiver<GenerationTask>) {
        while let Some(task) = self.next(tasks) {
            if !task.is_background() {
                self.latest_prompt.clone_from(&task.prompt);
            }
            let reply = task.reply.clone();
            // A bug in one generation must not end the engine.
            let answer = catch_unwind(AssertUnwindSafe(|| self.generator.generate(task))).unwrap_or_else(|_| {
                self.generator.evict_all()?;
                Err(EngineError::Failed("fimble panicked during a generation; please report this bug".to_owned()))
            });
            // If the caller no longer waits for the reply, the caches still keep what was evaluated.
            drop(reply.send(answer));
        }
    }

    /// Waits for the next task. If that takes long, evicts what the caches keep.
    fn next(&mut self, tasks: &Receiver<GenerationTask>) -> Option<GenerationTask> {
        loop {
            while let Ok(task) = tasks.try_recv() {
                if !task.is_background() {
                    return Some(task);
                }
                self.background.push_back(task);
            }
            if let Some(task) = self.background.pop_front() {
                return Some(task);
            }
            let is_worth_evicting = self.generator.is_worth_evicting(&self.latest_prompt);
            let patience = if is_worth_evicting { IDLE_BEFORE_EVICTION } else { Duration::MAX };
            match tasks.recv_timeout(patience) {
                Ok(task) => return Some(task),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(task) = self.evict_while_idle(tasks) {
                        return Some(task);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Evicts everything and evaluates the latest prompt again, because the user will probably continue there. Returns
    /// a task that arrives meanwhile.
    fn evict_while_idle(&mut self, tasks: &Receiver<GenerationTask>) -> Option<GenerationTask> {
        if let Err(error) = self.generator.evict_all() {
            tracing::warn!("cannot evict the KV cache: {error}");
        }
        let mut arrived = None;
        let is_idle = || {
            arrived = tasks.try_recv().ok();
            arrived.is_none()
        };
        if let Err(error) = self.generator.prefill_when_idle(&self.latest_prompt, is_idle) {
            tracing::warn!("cannot evaluate the latest prompt again after an eviction: {error}");
        }
        arrived
    }
}
