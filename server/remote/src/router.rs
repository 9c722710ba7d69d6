//! Which requests a server elsewhere is asked, and whose answer is better. Pure: time is passed in, and nothing is sent.
//!
//! In a hybrid the local model answers first. What it says, how sure it is and what kind of place it is decide whether a
//! bigger model is worth asking; how fast that has been of late decides whether the local answer waits for it.

use std::time::{Duration, Instant};

use fimble_completion::complete::Completion;
use fimble_completion::cursor_kind::CursorKind;
use fimble_completion::debounce::{RecentCosts, debounce};
use fimble_completion::suggestion::Suggestion;
use serde::{Deserialize, Serialize};

use crate::breaker::Breaker;
pub use crate::rate_limit::DailyUsage;
use crate::rate_limit::RateLimit;
use crate::settings::RemoteSettings;

/// Before the first answer the server is taken to be this fast: what a GPU in the same building takes.
const INITIAL_LATENCY: Duration = Duration::from_millis(150);

/// An answer that takes longer comes when the user is elsewhere.
const MAX_LATENCY: Duration = Duration::from_millis(1500);

/// Of less than this the local model is not sure enough to do without a second opinion: above it asking twice as often brings
/// little more (`benches/hybrid.py`, cases that its table does not count).
const MIN_CONFIDENCE: f32 = 0.4;

/// Who answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Routing {
    /// The model on this machine, and nobody else.
    #[default]
    Local,
    /// The server elsewhere, and the local model where that may not be asked or fails.
    Remote,
    /// The local model, and where it is not sure the server, too.
    Hybrid,
}

/// Decides for one server. It knows what was asked and what came of it.
#[derive(Debug)]
pub struct Router {
    routing: Routing,
    breaker: Breaker,
    rate_limit: RateLimit,
    latencies: RecentCosts,
}

/// A request that the local model has answered.
#[derive(Debug, Clone, Copy)]
pub struct LocalAnswer<'a> {
    /// Somebody has asked with a key of its own, and waits.
    pub invoked: bool,
    pub completion: &'a Completion,
    /// Until the local answer is due; `None` for as long as it takes.
    pub time_left: Option<Duration>,
}

/// How to ask for a second opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondOpinion {
    /// How long the local answer is held back for it; zero shows it at once, and the other one when it is there.
    pub hold: Duration,
    /// How long to wait for the next key before asking.
    pub debounce: Duration,
}

impl Router {
    pub fn new(routing: Routing, settings: &RemoteSettings) -> Self {
        let rate_limit = RateLimit::new(settings.per_minute, settings.per_day);
        Self { routing, breaker: Breaker::default(), rate_limit, latencies: RecentCosts::default() }
    }

    pub fn routing(&self) -> Routing {
        self.routing
    }

    /// The same server, asked by other rules.
    pub fn set_routing(&mut self, routing: Routing) {
        self.routing = routing;
    }

    /// Whether one request more may be sent. `day` is that of [`DailyUsage`].
    pub fn allows(&mut self, now: Instant, day: u64) -> bool {
        self.routing != Routing::Local && self.breaker.allows(now) && self.rate_limit.allows(now, day)
    }

    /// Whether a second opinion is wanted of what the local model has said, and how.
    pub fn second_opinion(&self, local: LocalAnswer<'_>, timeout: Duration) -> Option<SecondOpinion> {
        let LocalAnswer { invoked, completion, time_left } = local;
        if self.routing != Routing::Hybrid || !completion.completed {
            return None;
        }
        let expected = self.expected();
        let debounce = debounce(expected);
        if invoked {
            return Some(SecondOpinion { hold: timeout, debounce: Duration::ZERO });
        }
        // Prose is nobody's strength, and an import is one word.
        if matches!(completion.kind, Some(CursorKind::Comment | CursorKind::String | CursorKind::Import))
            || expected > MAX_LATENCY
        {
            return None;
        }
        let Some(suggestion) = &completion.suggestion else {
            return Some(SecondOpinion { hold: timeout, debounce });
        };
        if suggestion.confidence >= MIN_CONFIDENCE && !suggestion.is_cut {
            return None;
        }
        let in_time = time_left.is_none_or(|left| debounce + expected <= left);
        let hold = if in_time { time_left.unwrap_or(timeout) } else { Duration::ZERO };
        Some(SecondOpinion { hold, debounce })
    }

    /// How long the next answer is expected to take: the median of the latest.
    pub fn expected(&self) -> Duration {
        self.latencies.median().unwrap_or(INITIAL_LATENCY)
    }

    /// Until when the server is left alone because it has failed.
    pub fn backing_off_until(&self) -> Option<Instant> {
        self.breaker.open_until()
    }

    pub fn sent(&mut self, now: Instant, day: u64) {
        self.breaker.sent(now);
        self.rate_limit.spend(now, day);
    }

    pub fn succeeded(&mut self, latency: Duration) {
        self.breaker.succeeded();
        self.latencies.note(latency);
    }

    /// `retry_after` is how long the server wants to be left alone, if it says.
    pub fn failed(&mut self, now: Instant, retry_after: Option<Duration>) {
        self.breaker.failed(now, retry_after);
    }

    /// Nobody waited for the answer any more.
    pub fn abandoned(&mut self, now: Instant) {
        self.breaker.abandoned(now);
    }

    /// Whether days are counted.
    pub fn has_daily_limit(&self) -> bool {
        self.rate_limit.has_daily_limit()
    }

    /// What all processes of the user have asked today.
    pub fn note_daily_usage(&mut self, today: DailyUsage) {
        self.rate_limit.raise_to(today);
    }
}

/// Whether the second opinion is to be shown and not what the local model has said.
pub fn is_better(remote: &Completion, local: &Completion) -> bool {
    match (&remote.suggestion, &local.suggestion) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(remote), Some(local)) => remote.confidence >= local.confidence || extends(remote, local),
    }
}

/// It says the same and more.
fn extends(remote: &Suggestion, local: &Suggestion) -> bool {
    remote.text.starts_with(&local.text)
}
