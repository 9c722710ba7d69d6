//! How long to hold a request back for the next key. Requests that cost little are never held back.

use std::collections::VecDeque;
use std::time::Duration;

/// The median of this many costs predicts the next one.
const KEPT: usize = 9;

/// A request that costs less is sent at once.
const CHEAP: Duration = Duration::from_millis(60);

/// No request is held back for longer.
const LONGEST: Duration = Duration::from_millis(150);

/// What the latest requests cost.
#[derive(Debug, Clone, Default)]
pub struct RecentCosts(VecDeque<Duration>);

impl RecentCosts {
    pub fn note(&mut self, cost: Duration) {
        self.0.truncate(KEPT - 1);
        self.0.push_front(cost);
    }

    /// The median, which one outlier does not move; `None` before the first cost.
    pub fn median(&self) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

/// How long to wait for the next key before sending a request that is expected to cost `expected`: a quarter of the cost,
/// so that most requests that the next key makes useless are never sent.
pub fn debounce(expected: Duration) -> Duration {
    if expected <= CHEAP { Duration::ZERO } else { (expected / 4).min(LONGEST) }
}
