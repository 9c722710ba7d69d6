//! Decides whose turn it is. Generations run one at a time, foreground tasks before background tasks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use fimble_completion::engine::{Cancel, EngineError, Priority};
use fimble_completion::foreground::Foreground;

use crate::generator::Generator;
use crate::interrupt::Interrupt;
use crate::task::GenerationTask;

/// After this long without a task, the user is not typing, and freeing memory delays nobody.
const IDLE_BEFORE_CLEARING: Duration = Duration::from_secs(2);

/// See the [module](self).
pub(crate) struct Scheduler<'model> {
    generator: Generator<'model>,
    foreground: Foreground,
    background: VecDeque<GenerationTask>,
    /// The prompt of the latest foreground task.
    latest_prompt: Vec<u32>,
}

impl<'model> Scheduler<'model> {
    /// `foreground` counts the foreground tasks on their way here.
    pub(crate) fn new(generator: Generator<'model>, foreground: Foreground) -> Self {
        Self { generator, foreground, background: VecDeque::new(), latest_prompt: Vec::new() }
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
                self.generator.clear()?;
                Err(EngineError::Failed("fimble panicked during a generation; please report this bug".to_owned()))
            });
            // If the caller no longer waits for the reply, the caches still keep what was evaluated.
            drop(reply.send(answer));
        }
    }

    /// Waits for the next task. If that takes long, frees memory.
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
            let is_worth_clearing = self.generator.is_worth_clearing(&self.latest_prompt);
            let patience = if is_worth_clearing { IDLE_BEFORE_CLEARING } else { Duration::MAX };
            match tasks.recv_timeout(patience) {
                Ok(task) => return Some(task),
                Err(RecvTimeoutError::Timeout) => self.clear_while_idle(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Forgets everything and evaluates the latest prompt again, because the user will probably continue there.
    fn clear_while_idle(&mut self) {
        if let Err(error) = self.generator.clear() {
            tracing::warn!("cannot free the KV cache: {error}");
        }
        let interrupt = Interrupt::new(Cancel::default(), Priority::Background, &self.foreground, Arc::default());
        if let Err(error) = self.generator.prefill_when_idle(self.latest_prompt.clone(), interrupt) {
            tracing::warn!("cannot evaluate the latest prompt again: {error}");
        }
    }
}
