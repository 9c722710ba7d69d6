//! Pauses background work while a user waits for a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the requests that a user waits for. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Foreground(Arc<AtomicUsize>);

/// One request that a user waits for. Dropping the guard ends the request.
#[derive(Debug)]
pub struct ForegroundGuard(Foreground);

impl Foreground {
    /// Counts a request until the returned guard is dropped. Background work pauses in the meantime.
    pub fn enter(&self) -> ForegroundGuard {
        self.0.fetch_add(1, Ordering::AcqRel);
        ForegroundGuard(self.clone())
    }

    /// Whether no user is waiting, so that background work can continue.
    pub fn is_idle(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

impl Drop for ForegroundGuard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
