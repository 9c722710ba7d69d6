//! Decides which requests go to a remote server, and which answer is better. The router sends nothing itself, and the
//! caller passes the time.
//!
//! In hybrid mode, the local model answers first. Its answer, its confidence and the kind of position decide whether
//! the remote model is asked as well. The recent latency of the server decides whether the local answer waits for it.

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

/// The expected latency before the first answer, as with a GPU in the same building.
const INITIAL_LATENCY: Duration = Duration::from_millis(150);

/// A slower answer would arrive after the user has moved on.
const MAX_LATENCY: Duration = Duration::from_millis(1500);

/// If the local model is less confident than this, a second opinion is worth a request. A higher threshold doubles the
/// requests and hardly improves the answers (`benches/hybrid.py`, on cases that its table does not count).
const MIN_CONFIDENCE: f32 = 0.4;

/// Which model answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Routing {
    /// Only the model on this machine.
    #[default]
    Local,
    /// The server, or the local model where fimble may not ask the server or the server fails.
    Remote,
    /// The local model, and also the server if the local model is not confident.
    Hybrid,
}

/// Makes the decisions for one server. It keeps track of the requests and their results.
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
    /// Whether the user requested the completion explicitly and is waiting for it.
    pub invoked: bool,
    pub completion: &'a Completion,
    /// The time until the local answer must be shown; `None` if there is no deadline.
    pub time_left: Option<Duration>,
}

/// How to ask the remote model for a second opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondOpinion {
    /// How long the local answer is held back. With zero, the local answer is shown at once and replaced later.
    pub hold: Duration,
    /// How long to wait for the next key before sending the request.
    pub debounce: Duration,
}

impl Router {
    /// Creates a router for a server without a record.
    pub fn new(routing: Routing, settings: &RemoteSettings) -> Self {
        let rate_limit = RateLimit::new(settings.per_minute, settings.per_day);
        Self { routing, breaker: Breaker::default(), rate_limit, latencies: RecentCosts::default() }
    }

    pub fn routing(&self) -> Routing {
        self.routing
    }

    /// Changes the routing and keeps the server's record.
    pub fn set_routing(&mut self, routing: Routing) {
        self.routing = routing;
    }

    /// Whether one more request may be sent. For `day`, see [`DailyUsage`].
    pub fn allows(&mut self, now: Instant, day: u64) -> bool {
        self.routing != Routing::Local && self.breaker.allows(now) && self.rate_limit.allows(now, day)
    }

    /// Decides whether to ask the remote model after the local model has answered. `timeout` is the timeout of a remote
    /// request.
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
        // Neither model is good at prose, and an import is a single word.
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

    /// The expected latency of the next answer: the median of the latest latencies.
    pub fn expected(&self) -> Duration {
        self.latencies.median().unwrap_or(INITIAL_LATENCY)
    }

    /// The end of the pause after failures, if the server is paused.
    pub fn backing_off_until(&self) -> Option<Instant> {
        self.breaker.open_until()
    }

    /// Records that a request was sent.
    pub fn sent(&mut self, now: Instant, day: u64) {
        self.breaker.sent(now);
        self.rate_limit.spend(now, day);
    }

    /// Records an answer and its latency.
    pub fn succeeded(&mut self, latency: Duration) {
        self.breaker.succeeded();
        self.latencies.note(latency);
    }

    /// Records a failure. `retry_after` is the pause that the server asked for, if any.
    pub fn failed(&mut self, now: Instant, retry_after: Option<Duration>) {
        self.breaker.failed(now, retry_after);
    }

    /// Records that a request was cancelled before its answer.
    pub fn abandoned(&mut self, now: Instant) {
        self.breaker.abandoned(now);
    }

    /// Whether there is a daily limit.
    pub fn has_daily_limit(&self) -> bool {
        self.rate_limit.has_daily_limit()
    }

    /// Updates the day's usage with the requests of all processes of the user.
    pub fn note_daily_usage(&mut self, today: DailyUsage) {
        self.rate_limit.raise_to(today);
    }
}

/// Whether to show the remote answer instead of the local one.
pub fn is_better(remote: &Completion, local: &Completion) -> bool {
    match (&remote.suggestion, &local.suggestion) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(remote), Some(local)) => remote.confidence >= local.confidence || extends(remote, local),
    }
}

/// Whether the remote answer starts with the local one.
fn extends(remote: &Suggestion, local: &Suggestion) -> bool {
    remote.text.starts_with(&local.text)
}
