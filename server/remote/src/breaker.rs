//! A circuit breaker (Nygard, "Release It!", 2007): a server that fails is left alone for a while, longer each time, and then
//! tried with one request.

use std::time::{Duration, Instant};

/// A single failure may be chance.
const FAILURE_THRESHOLD: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const MAX_PAUSE: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// Failures since the last success.
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
    /// One request is on its way; when it ends it is known how it goes on. One that never ends counts as ended then.
    HalfOpen {
        until: Instant,
    },
}

impl Breaker {
    /// Whether the server may be asked.
    pub(crate) fn allows(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until } | State::HalfOpen { until } => now >= until,
        }
    }

    /// Until when the server is left alone.
    pub(crate) fn open_until(&self) -> Option<Instant> {
        match self.state {
            State::Open { until } => Some(until),
            State::Closed | State::HalfOpen { .. } => None,
        }
    }

    /// The server is asked, as it may be.
    pub(crate) fn sent(&mut self, now: Instant) {
        if !matches!(self.state, State::Closed) {
            self.state = State::HalfOpen { until: now + MAX_PAUSE };
        }
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// `retry_after` is how long the server wants to be left alone, if it says.
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

    /// A request was given up before it ended, which says nothing of the server.
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
    fn a_server_that_fails_is_left_alone_and_tried_again() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut breaker = Breaker::default();
        (0..2).for_each(|_| breaker.failed(start, None));
        assert!(breaker.allows(start), "two failures may be chance");
        breaker.failed(start, None);
        assert!(!breaker.allows(after(9)) && breaker.allows(after(10)));
        breaker.sent(after(10));
        assert!(!breaker.allows(after(10)), "one request is enough to find out");
        breaker.failed(after(11), None);
        assert!(!breaker.allows(after(30)) && breaker.allows(after(31)), "the second pause is longer");
        breaker.sent(after(31));
        breaker.succeeded();
        assert!(breaker.allows(after(31)));
        breaker.failed(after(40), Some(Duration::from_secs(5)));
        assert!(!breaker.allows(after(44)) && breaker.allows(after(45)), "it has said for how long");
    }

    proptest! {
        /// Whatever happens, it is neither asked while it is to be left alone, nor left alone for ever.
        #[test]
        fn no_server_is_pestered_or_given_up(steps in prop::collection::vec((0u8..4, 0u64..400), 1..60)) {
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
