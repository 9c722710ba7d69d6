//! Ends a generation from outside: the caller cancels it, or a foreground request needs its turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fimble_completion::engine::{Cancel, Priority};
use fimble_completion::foreground::Foreground;

use crate::prefix::common_prefix;

/// See the [module](self).
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    cancel: Cancel,
    /// `None` for a foreground generation, which gives way to no other.
    foreground: Option<Foreground>,
    progress: Arc<Progress>,
}

impl Interrupt {
    pub(crate) fn new(cancel: Cancel, priority: Priority, foreground: &Foreground, progress: Arc<Progress>) -> Self {
        let foreground = (priority == Priority::Background).then(|| foreground.clone());
        Self { cancel, foreground, progress }
    }

    /// Whether the generation should end. What was evaluated until then stays useful.
    pub(crate) fn is_set(&self) -> bool {
        self.cancel.is_cancelled() || self.foreground.as_ref().is_some_and(|foreground| !foreground.is_idle())
    }

    /// Whether the step that runs should be abandoned: the generation should end, and a waiting request has no use for what
    /// the step evaluates. Cheap enough to be asked many times in a step.
    #[cfg_attr(not(any(test, feature = "llama-cpp")), expect(dead_code, reason = "only llama.cpp can abandon a step"))]
    pub(crate) fn is_overtaken(&self) -> bool {
        self.progress.is_overtaken.load(Ordering::Relaxed) && self.is_set()
    }

    /// Notes that the token at the index `from` of `tokens` and those after it are evaluated now.
    pub(crate) fn evaluates(&self, tokens: &[u32], from: usize) {
        self.progress.set(tokens, from);
    }
}

/// What the engine evaluates at the moment, for the threads of its callers.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    evaluating: Mutex<(Vec<u32>, usize)>,
    is_overtaken: AtomicBool,
}

impl Progress {
    /// Notes that a foreground request with this prompt waits for its turn.
    pub(crate) fn awaited_by(&self, prompt: &[u32]) {
        let evaluating = self.evaluating.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, from) = &*evaluating;
        if common_prefix(tokens, prompt) <= *from {
            self.is_overtaken.store(true, Ordering::Relaxed);
        }
    }

    fn set(&self, tokens: &[u32], from: usize) {
        let mut evaluating = self.evaluating.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, place) = &mut *evaluating;
        before.clear();
        before.extend_from_slice(tokens);
        *place = from;
        self.is_overtaken.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_that_shares_nothing_overtakes_a_step() {
        let (foreground, progress) = (Foreground::default(), Arc::<Progress>::default());
        let background = Interrupt::new(Cancel::default(), Priority::Background, &foreground, progress.clone());
        background.evaluates(&[1, 2, 3, 4], 2);
        let _waiting = foreground.enter();
        progress.awaited_by(&[1, 2, 3, 9]);
        assert!(background.is_set() && !background.is_overtaken());
        progress.awaited_by(&[1, 2, 9]);
        assert!(background.is_overtaken());
        background.evaluates(&[1, 2, 9], 2);
        assert!(!background.is_overtaken());
        let awaited = Interrupt::new(Cancel::default(), Priority::Foreground, &foreground, progress.clone());
        progress.awaited_by(&[7]);
        assert!(!awaited.is_overtaken());
    }
}
