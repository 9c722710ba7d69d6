//! Which requests a server elsewhere is asked, and whose answer is better. Pure: time is passed in, and nothing is sent.
//!
//! In a hybrid the local model answers first. What it says, how sure it is and what kind of place it is decide whether a
//! bigger model is worth asking; how fast that has been of late decides whether the local answer waits for it.

use std::time::{Duration, Instant};

use fimble_completion::complete::{Completion, Suggestion};
use fimble_completion::cursor_kind::CursorKind;
use fimble_completion::debounce::{RecentCosts, debounce};
use serde::{Deserialize, Serialize};

use crate::breaker::Breaker;
pub use crate::rate_limit::DailyQuota;
use crate::rate_limit::RateLimit;
use crate::settings::RemoteSettings;

/// Before the first answer the server is taken to be this fast: what a GPU in the same building takes.
const FIRST_GUESS: Duration = Duration::from_millis(150);

/// An answer that takes longer comes when the user is elsewhere.
const TOO_SLOW: Duration = Duration::from_millis(1500);

/// Of less than this the local model is not sure enough to do without a second opinion: above it asking twice as often brings
/// little more (`benches/hybrid.py`, cases that its table does not count).
const SURE: f32 = 0.4;

/// Who answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Routing {
    /// Only the model on this machine.
    #[default]
    Local,
    /// The server, or the local model where fimble may not ask the server or the server fails.
    Remote,
    /// The local model, and the server too where the local model is not sure.
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
    pub left: Option<Duration>,
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

    /// Whether one request more may be sent. `day` is that of [`DailyQuota`].
    pub fn allows(&mut self, now: Instant, day: u64) -> bool {
        self.routing != Routing::Local && self.breaker.allows(now) && self.rate_limit.allows(now, day)
    }

    /// Whether a second opinion is wanted of what the local model has said, and how.
    pub fn second_opinion(&self, answered: LocalAnswer<'_>, timeout: Duration) -> Option<SecondOpinion> {
        let LocalAnswer { invoked, completion, left } = answered;
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
            || expected > TOO_SLOW
        {
            return None;
        }
        let Some(suggestion) = &completion.suggestion else {
            return Some(SecondOpinion { hold: timeout, debounce });
        };
        if suggestion.confidence >= SURE && !suggestion.is_cut {
            return None;
        }
        let in_time = left.is_none_or(|left| debounce + expected <= left);
        let hold = if in_time { left.unwrap_or(timeout) } else { Duration::ZERO };
        Some(SecondOpinion { hold, debounce })
    }

    /// How long the next answer is expected to take: the median of the latest.
    pub fn expected(&self) -> Duration {
        self.latencies.median().unwrap_or(FIRST_GUESS)
    }

    /// Until when the server is left alone because it has failed.
    pub fn left_alone_until(&self) -> Option<Instant> {
        self.breaker.open_until()
    }

    pub fn asked(&mut self, now: Instant, day: u64) {
        self.breaker.asked(now);
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
    pub fn given_up(&mut self, now: Instant) {
        self.breaker.given_up(now);
    }

    /// Whether days are counted.
    pub fn counts_days(&self) -> bool {
        self.rate_limit.has_a_day()
    }

    /// What all processes of the user have asked today.
    pub fn note_today(&mut self, today: DailyQuota) {
        self.rate_limit.note(today);
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
