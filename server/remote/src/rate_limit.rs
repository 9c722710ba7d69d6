//! Limits the requests per minute and per day.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct RateLimit {
    per_minute: Option<u32>,
    per_day: Option<u32>,
    /// The times of the requests in the last minute, oldest first.
    latest: VecDeque<Instant>,
    today: DailyUsage,
}

/// The number of requests in one day, of all processes and servers of a user together. `day` counts days since
/// 1970-01-01 in UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DailyUsage {
    pub day: u64,
    #[serde(rename = "asked")]
    pub requests: u32,
}

impl DailyUsage {
    /// The usage after one more request on `day`.
    pub fn plus_one(self, day: u64) -> Self {
        Self { day, requests: if self.day == day { self.requests.saturating_add(1) } else { 1 } }
    }
}

impl RateLimit {
    pub(crate) fn new(per_minute: Option<u32>, per_day: Option<u32>) -> Self {
        Self { per_minute, per_day, latest: VecDeque::new(), today: DailyUsage::default() }
    }

    pub(crate) fn allows(&mut self, now: Instant, day: u64) -> bool {
        while self.latest.front().is_some_and(|sent| now.saturating_duration_since(*sent) >= MINUTE) {
            self.latest.pop_front();
        }
        let today = if self.today.day == day { self.today.requests } else { 0 };
        let is_within = |limit: Option<u32>, spent| limit.is_none_or(|limit| spent < limit);
        is_within(self.per_minute, u32::try_from(self.latest.len()).unwrap_or(u32::MAX))
            && is_within(self.per_day, today)
    }

    pub(crate) fn spend(&mut self, now: Instant, day: u64) {
        self.today = self.today.plus_one(day);
        if self.per_minute.is_some() {
            self.latest.push_back(now);
        }
    }

    /// Takes the usage of other processes into account.
    pub(crate) fn raise_to(&mut self, today: DailyUsage) {
        if today.day > self.today.day || today.day == self.today.day && today.requests > self.today.requests {
            self.today = today;
        }
    }

    pub(crate) fn has_daily_limit(&self) -> bool {
        self.per_day.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn neither_limit_is_exceeded(
            per_minute in 0u32..4, per_day in 0u32..20,
            steps in prop::collection::vec((0u64..40, 0u32..3), 1..80),
        ) {
            let mut rate_limit = RateLimit::new(Some(per_minute), Some(per_day));
            let start = Instant::now();
            let (mut now, mut day) = (start, 100);
            let mut spent: Vec<(Instant, u64)> = Vec::new();
            for (seconds, midnight) in steps {
                now += Duration::from_secs(seconds);
                day += u64::from(midnight == 0);
                let in_minute = spent.iter().filter(|(at, _)| now - *at < MINUTE).count();
                let in_day = spent.iter().filter(|(_, on)| *on == day).count();
                let is_within = in_minute < per_minute as usize && in_day < per_day as usize;
                prop_assert_eq!(rate_limit.allows(now, day), is_within);
                if is_within {
                    rate_limit.spend(now, day);
                    spent.push((now, day));
                }
            }
        }
    }

    #[test]
    fn requests_of_other_processes_count() {
        let mut rate_limit = RateLimit::new(None, Some(2));
        let now = Instant::now();
        rate_limit.spend(now, 7);
        assert!(rate_limit.allows(now, 7));
        rate_limit.raise_to(DailyUsage { day: 7, requests: 2 });
        assert!(!rate_limit.allows(now, 7) && rate_limit.allows(now, 8));
        rate_limit.raise_to(DailyUsage { day: 6, requests: 0 });
        assert!(!rate_limit.allows(now, 7), "an older day does not reset the count");
    }
}
