//! Work off the main loop. Its result comes back as an event, in the order in which work ends.

use std::sync::Arc;
use std::time::Duration;

/// Starts tasks whose results are events of the type `E`. Each room gets one for its own events.
pub(crate) struct Tasks<E>(Arc<dyn Fn(E) + Send + Sync>);

impl<E> Clone for Tasks<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<E: Send + 'static> Tasks<E> {
    /// `send` must not block. It may lose events once the main loop has ended.
    pub(crate) fn new(send: impl Fn(E) + Send + Sync + 'static) -> Self {
        Self(Arc::new(send))
    }

    pub(crate) fn send(&self, event: E) {
        (self.0)(event);
    }

    pub(crate) fn later(&self, delay: Duration, event: E) {
        self.spawn(async move {
            tokio::time::sleep(delay).await;
            event
        });
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = E> + Send + 'static) {
        let tasks = self.clone();
        tokio::spawn(async move { tasks.send(task.await) });
    }

    /// Runs `work`, which may block, on a thread of the runtime's pool.
    pub(crate) fn spawn_blocking(&self, work: impl FnOnce() -> E + Send + 'static) {
        let tasks = self.clone();
        tokio::task::spawn_blocking(move || tasks.send(work()));
    }
}
