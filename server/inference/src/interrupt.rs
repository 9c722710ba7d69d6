//! Ends a generation from outside: the caller cancels it, or a foreground request needs its turn.

use fimble_completion::engine::{Cancel, Priority};
use fimble_completion::foreground::Foreground;

/// See the [module](self).
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    cancel: Cancel,
    /// `None` for a foreground generation, which gives way to no other.
    foreground: Option<Foreground>,
}

impl Interrupt {
    pub(crate) fn new(cancel: Cancel, priority: Priority, foreground: &Foreground) -> Self {
        Self { cancel, foreground: (priority == Priority::Background).then(|| foreground.clone()) }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.cancel.is_cancelled() || self.foreground.as_ref().is_some_and(|foreground| !foreground.is_idle())
    }
}
