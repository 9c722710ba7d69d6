//! What ends a generation from outside: whoever asked for it, or a request that is more urgent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fimble_completion::engine::{Cancel, Priority};

/// How many requests wait that somebody waits for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Urgent(Arc<AtomicUsize>);

/// See the [module](self).
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    cancel: Cancel,
    /// `None` for a generation that gives way to none.
    urgent: Option<Urgent>,
}

/// One that waits. It no longer does when this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(Urgent);

impl Urgent {
    pub(crate) fn arrives(&self) -> Waiting {
        self.0.fetch_add(1, Ordering::AcqRel);
        Waiting(self.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Interrupt {
    pub(crate) fn new(cancel: Cancel, priority: Priority, urgent: &Urgent) -> Self {
        Self { cancel, urgent: (priority == Priority::Background).then(|| urgent.clone()) }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.cancel.is_cancelled() || self.urgent.as_ref().is_some_and(|urgent| urgent.0.load(Ordering::Acquire) > 0)
    }
}
