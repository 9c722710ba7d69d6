//! How long to wait for the next key before sending a request. Cheap requests are sent at once.

use std::collections::VecDeque;
use std::time::Duration;

/// How many costs the median is taken of.
const KEPT: usize = 9;

/// A request with this cost or less is sent at once.
const CHEAP: Duration = Duration::from_millis(60);

/// The longest delay.
const LONGEST: Duration = Duration::from_millis(150);

/// The costs of the latest requests.
#[derive(Debug, Clone, Default)]
pub struct RecentCosts(VecDeque<Duration>);

impl RecentCosts {
    /// Adds the cost of the latest request.
    pub fn note(&mut self, cost: Duration) {
        self.0.truncate(KEPT - 1);
        self.0.push_front(cost);
    }

    /// The median of the costs, which outliers do not move. `None` before the first cost.
    pub fn median(&self) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

/// The delay before a request that is expected to cost `expected`: a quarter of the cost. This way, most requests that
/// the next key would make useless are never sent.
pub fn debounce(expected: Duration) -> Duration {
    if expected <= CHEAP { Duration::ZERO } else { (expected / 4).min(LONGEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_follows_the_median_cost() {
        assert_eq!(RecentCosts::default().median(), None);
        // The costs in milliseconds, oldest first, and the delay before the next request.
        for (costs, delay) in [
            (&[20][..], 0),
            (&[60], 0),
            (&[64], 16),
            (&[200], 50),
            (&[600], 150),
            (&[5000], 150),
            // An outlier does not move the median, in either direction.
            (&[20, 20, 5000], 0),
            (&[200, 5000, 200], 50),
            (&[200, 1, 200], 50),
            // Only the latest costs count.
            (&[5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 5000, 20, 20, 20, 20, 20], 0),
        ] {
            let mut recent = RecentCosts::default();
            costs.iter().for_each(|cost| recent.note(Duration::from_millis(*cost)));
            let median = recent.median().expect("there are costs");
            assert_eq!(debounce(median), Duration::from_millis(delay), "{costs:?}");
        }
    }
}
