//! How many threads compute. The threads of a step wait for each other by spinning, so a step is as slow as the thread that the
//! system gives the least time. While other programs keep cores busy, fewer threads are faster: on two cores with two compilers,
//! llama.cpp needed 405 ms for a token with two threads and 80 ms with one.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// How much a new reading of the machine's load counts against those before it.
const NEW: f64 = 0.3;

/// A reading that is older than this says nothing about now.
const FRESH: Duration = Duration::from_millis(500);

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
        let now = Instant::now();
        let Some(others) = runnable_threads().map(|threads| threads.saturating_sub(1) as f64) else { return self.most };
        let average = match self.others {
            Some((before, read)) if now - read < FRESH => before + NEW * (others - before),
            _ => others,
        };
        self.others = Some((average, now));
        let cores = available_parallelism().map_or(1, NonZeroUsize::get) as f64;
        let idle = (cores - average).round().max(1.0) as usize;
        self.most.min(idle)
    }
}

/// How many threads of the whole machine run or want to run, the calling one included. `None` where the system does not say.
fn runnable_threads() -> Option<usize> {
    // The fourth field is "runnable/all" (proc_loadavg(5)).
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').nth(3)?.split('/').next()?.parse().ok()
}
