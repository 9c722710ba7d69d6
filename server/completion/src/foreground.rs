//! Background work gives way to requests that somebody waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the requests that somebody waits for. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Foreground(Arc<AtomicUsize>);

/// One request that somebody waits for, until the guard is dropped.
#[derive(Debug)]
pub struct ForegroundGuard(Foreground);

impl Foreground {
    /// Background work pauses until the guard is dropped.
    pub fn enter(&self) -> ForegroundGuard {
        self.0.fetch_add(1, Ordering::AcqRel);
        ForegroundGuard(self.clone())
    }

    /// Whether nobody waits, so that background work may go on.
    pub fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

impl Drop for ForegroundGuard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
