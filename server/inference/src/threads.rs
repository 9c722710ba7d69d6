//! How many threads compute. The threads of a step wait for each other by spinning, so a step is as slow as the thread that the
//! system gives the least time. While other programs keep cores busy, fewer threads are faster: on two cores with two compilers,
//! llama.cpp needed 405 ms for a token with two threads and 80 ms with one.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// Over which time the load is averaged. A key press alone keeps an editor busy for some milliseconds.
const WINDOW: Duration = Duration::from_millis(500);

/// See the [module](self).
pub(crate) struct Threads {
    most: usize,
    /// How many threads of other programs want to run, on average, and when that was read.
    others: Option<(f64, Instant)>,
}

impl Threads {
    /// At most `limit` threads; `None` is one per physical core.
    pub(crate) fn new(limit: Option<NonZeroUsize>) -> Self {
        let logical = available_parallelism().map_or(1, NonZeroUsize::get);
        let physical = sysinfo::System::physical_core_count().unwrap_or(logical);
        Self { most: limit.map_or(physical.min(logical), NonZeroUsize::get), others: None }
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many threads to use for the next step.
    pub(crate) fn now(&mut self) -> usize {
        let Some(running) = runnable_threads() else { return self.most };
        // The calling thread is one of them. Those of the latest step sleep by now.
        let (others, now) = (running.saturating_sub(1) as f64, Instant::now());
        let average = self.others.map_or(others, |(before, read)| {
            let weight = 1.0 - (-(now - read).as_secs_f64() / WINDOW.as_secs_f64()).exp();
            before + weight * (others - before)
        });
        self.others = Some((average, now));
        let cores = available_parallelism().map_or(1, NonZeroUsize::get) as f64;
        self.most.min((cores - average).round().max(1.0) as usize)
    }
}

/// How many threads of the whole machine run or want to run, the calling one included. `None` where the system does not say.
fn runnable_threads() -> Option<usize> {
    // The fourth field is "runnable/all" (proc_loadavg(5)).
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').nth(3)?.split('/').next()?.parse().ok()
}
