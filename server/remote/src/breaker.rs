//! A circuit breaker (Nygard, "Release It!", 2007). A server that keeps failing is not asked for a while, longer each
//! time. Then a single request tests it.

use std::time::{Duration, Instant};

/// Fewer failures in a row may be a coincidence.
const FAILURE_THRESHOLD: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const MAX_PAUSE: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// The number of failures since the last success.
    failures: u32,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    /// A single request is under way, and its result decides what happens next. If it never ends, another request is
    /// allowed at this time.
    HalfOpen {
        until: Instant,
    },
}

impl Breaker {
    /// Whether a request may be sent.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until } | State::HalfOpen { until } => now >= until,
        }
    }

    /// The end of the current pause, if there is one.
    pub(crate) fn open_until(&self) -> Option<Instant> {
        match self.state {
            State::Open { until } => Some(until),
            State::Closed | State::HalfOpen { .. } => None,
        }
    }

    /// Records that a request was sent.
    pub(crate) fn sent(&mut self, now: Instant) {
        if !matches!(self.state, State::Closed) {
            self.state = State::HalfOpen { until: now + MAX_PAUSE };
        }
    }

    /// Records a success.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Records a failure. `retry_after` is the pause that the server asked for, if any.
    pub(crate) fn failed(&mut self, now: Instant, retry_after: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let pause = retry_after.or_else(|| {
            let times = self.failures.checked_sub(FAILURE_THRESHOLD)?;
            Some(FIRST_PAUSE.saturating_mul(1 << times.min(16)))
        });
        if let Some(pause) = pause {
            self.state = State::Open { until: now + pause.min(MAX_PAUSE) };
        }
    }

    /// Records that a request was cancelled, which says nothing about the server.
    pub(crate) fn abandoned(&mut self, now: Instant) {
        if let State::HalfOpen { .. } = self.state {
            self.state = State::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_failing_server_is_paused_and_tried_again() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::default();
        (0..2).for_each(|_| breaker.failed(start, None));
        assert!(breaker.allows(start), "two failures may be a coincidence");
        breaker.failed(start, None);
        assert!(!breaker.allows(after(9)) && breaker.allows(after(10)));
        breaker.sent(after(10));
        assert!(!breaker.allows(after(10)), "only one request tests the server");
        breaker.failed(after(11), None);
        assert!(!breaker.allows(after(30)) && breaker.allows(after(31)), "the second pause is longer");
        breaker.sent(after(31));
        breaker.succeeded();
        assert!(breaker.allows(after(31)));
        breaker.failed(after(40), Some(Duration::from_secs(5)));
        assert!(!breaker.allows(after(44)) && breaker.allows(after(45)), "the server's own pause counts");
    }

    proptest! {
        /// For any sequence of results, no request is sent during a pause, and no pause is endless.
        #[test]
        fn pauses_are_kept_and_end(steps in prop::collection::vec((0u8..4, 0u64..400), 1..60)) {
            let mut now = Instant::now();
            let mut breaker = Breaker::default();
            let mut failures = 0;
            for (outcome, seconds) in steps {
                now += Duration::from_secs(seconds);
                if !breaker.allows(now) {
                    prop_assert!(breaker.allows(now + MAX_PAUSE));
                    continue;
                }
                breaker.sent(now);
                match outcome {
                    0 => { breaker.succeeded(); failures = 0; }
                    1 => { breaker.failed(now, None); failures += 1; }
                    2 => { breaker.failed(now, Some(Duration::from_secs(seconds * 10))); failures += 1; }
                    _ => breaker.abandoned(now),
                }
                prop_assert!(failures > 0 || breaker.allows(now));
                prop_assert!(failures < FAILURE_THRESHOLD || outcome != 1 || !breaker.allows(now));
            }
        }
    }
}
