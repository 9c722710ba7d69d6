//! Counters since the start of the server, and the counts that are not in the user's file yet.

use std::collections::VecDeque;
use std::time::Duration;

use fimble_completion::complete::Completion;
use fimble_completion::debounce::{RecentCosts, debounce};
use fimble_completion::engine::Usage;
use fimble_completion::suggestion::acceptance::Acceptance;
use fimble_completion::suggestion::cache::Hit;
use serde::Serialize;

use super::stats::{Subject, UsageStats};

/// How many latencies are kept: a few minutes of typing.
const LATENCIES: usize = 512;

#[derive(Debug, Clone, Default)]
pub(crate) struct Counters {
    /// Completion requests.
    pub(crate) requests: u64,
    /// Suggestions. A suggestion that the user types along counts once.
    pub(crate) shown: u64,
    pub(crate) accepted: u64,
    pub(crate) partly_accepted: u64,
    pub(crate) typed_over: u64,
    /// Counts that the next save adds to the user's file.
    pub(crate) unsaved: UsageStats,
    pub(crate) hits: Hits,
    /// Tokens for requests.
    pub(crate) foreground: Usage,
    /// Tokens for prefetching.
    pub(crate) background: Usage,
    latencies: VecDeque<Duration>,
    costs: RecentCosts,
}

/// Requests that the suggestion cache answered, by [`Hit`].
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Hits {
    typed_through: u64,
    returned: u64,
    prefetched: u64,
}

impl Counters {
    pub(crate) fn count_hit(&mut self, hit: Hit) {
        match hit {
            Hit::TypedThrough => self.hits.typed_through += 1,
            Hit::Returned => self.hits.returned += 1,
            Hit::Prefetched => self.hits.prefetched += 1,
        }
    }

    /// Counts the local model's work for a request, whether or not it led to a reply.
    pub(crate) fn count_work(&mut self, subject: &Subject, completion: &Completion) {
        self.foreground += completion.usage;
        // The cost and the answer of an interrupted request are unknown.
        if completion.completed {
            self.unsaved
                .count_model_answer(subject, completion.suppressed.as_ref().map(|suppressed| suppressed.reason));
            let timing = completion.timing;
            self.costs.note(timing.evaluating + timing.generating);
        }
    }

    /// Counts the answer of a remote server, whether or not it is shown.
    pub(crate) fn count_remote_work(&mut self, subject: &Subject, completion: &Completion) {
        self.unsaved.count_model_answer(subject, completion.suppressed.as_ref().map(|suppressed| suppressed.reason));
    }

    /// `latency` is the time from the request's arrival to its answer.
    pub(crate) fn count_answer(&mut self, subject: &Subject, latency: Duration) {
        keep(&mut self.latencies, latency, LATENCIES);
        self.unsaved.count_answer(subject, latency);
    }

    pub(crate) fn count_shown(&mut self, subject: &Subject) {
        self.shown += 1;
        self.unsaved.count_shown(subject);
    }

    /// `characters` is the length of the suggestion.
    pub(crate) fn count_acceptance(&mut self, subject: &Subject, acceptance: Acceptance, characters: usize) {
        match acceptance {
            Acceptance::Accepted => self.accepted += 1,
            Acceptance::PartlyAccepted => self.partly_accepted += 1,
            Acceptance::TypedOver => self.typed_over += 1,
        }
        self.unsaved.count_acceptance(subject, acceptance, characters);
    }

    /// A percentile of the latest latencies, by nearest rank; zero before the first answer.
    pub(crate) fn latency(&self, percent: usize) -> Duration {
        percentile(&self.latencies, percent)
    }

    /// How long to wait for the next key before running a request. If the next key interrupts a request, the work is
    /// lost and the next request pays for it again.
    pub(crate) fn debounce(&self) -> Duration {
        debounce(self.costs.median().unwrap_or_default())
    }
}

fn keep(durations: &mut VecDeque<Duration>, latest: Duration, limit: usize) {
    durations.truncate(limit - 1);
    durations.push_front(latest);
}

fn percentile(durations: &VecDeque<Duration>, percent: usize) -> Duration {
    let mut sorted: Vec<Duration> = durations.iter().copied().collect();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fimble_completion::complete::Timing;

    fn subject() -> Subject {
        Subject { language: "rust".to_owned(), model: "m".to_owned().into() }
    }

    fn completion(generating: u64) -> Completion {
        let timing = Timing { generating: Duration::from_millis(generating), ..Timing::default() };
        Completion::without_suggestion(true, Usage::default(), timing)
    }

    #[test]
    fn only_expensive_requests_are_debounced() {
        let mut counters = Counters::default();
        assert_eq!(counters.debounce(), Duration::ZERO);
        for (cost, debounce) in [(20, 0), (60, 0), (200, 50), (5000, 150), (10, 0)] {
            (0..9).for_each(|_| counters.count_work(&subject(), &completion(cost)));
            // One outlier changes nothing, and neither do interrupted requests.
            counters.count_work(&subject(), &completion(100_000));
            (0..9).for_each(|_| counters.count_work(&subject(), &Completion::interrupted()));
            assert_eq!(counters.debounce(), Duration::from_millis(debounce), "{cost}");
        }
    }

    #[test]
    fn percentiles_cover_the_latest_latencies_only() {
        let mut counters = Counters::default();
        (1..=1000).for_each(|latency| counters.count_answer(&subject(), Duration::from_millis(latency)));
        assert_eq!(counters.latency(100), Duration::from_millis(1000));
        assert_eq!(counters.latency(50), Duration::from_millis(744));
    }
}
