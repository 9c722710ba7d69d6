//! `fimble/status`, a request of fimble's own: what an editor may show in its status line.

use fimble_completion::engine::Usage;
use serde::Serialize;

use crate::engine_slot::EngineState;
use crate::request::RemoteStatus;
use crate::session::Session;
use crate::usage::counters::Hits;
use crate::workspace::Reading;

#[derive(Debug, Serialize)]
pub(crate) struct Status {
    state: State,
    /// The name of the model that serves, else the model setting; `None` for the embedded model.
    model: Option<String>,
    /// Of the weights that serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// What is wrong with the model last asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Requests for completions since the start.
    requests: u64,
    /// Suggestions; one that is typed along is one.
    shown: u64,
    accepted: u64,
    partly_accepted: u64,
    typed_over: u64,
    /// Those answered without the model, by how.
    hits: Hits,
    /// Tokens that requests took.
    tokens: Usage,
    /// Tokens that were taken in pauses, ahead of requests.
    background_tokens: Usage,
    /// From a request to its answer.
    latency_ms: Latency,
    /// A server elsewhere, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<RemoteStatus>,
    /// What is known of the workspace's files.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<Reading>,
}

#[derive(Debug, Serialize)]
struct Latency {
    p50: f64,
    p95: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Loading,
    Ready,
    Failed,
    Disabled,
}

pub(crate) fn status(session: &Session, remote: Option<RemoteStatus>) -> Status {
    let counters = &session.usage.counters;
    let milliseconds = |percent| (counters.latency(percent).as_secs_f64() * 1e6).round() / 1e3;
    let (state, model, version) = match session.engine.state() {
        EngineState::Ready(engine) => {
            let model = &engine.model().id;
            (State::Ready, Some(model.name.clone()), model.version.clone())
        }
        EngineState::Loading => (State::Loading, session.settings.model.clone(), None),
        EngineState::Failed => (State::Failed, session.settings.model.clone(), None),
    };
    Status {
        state: if session.settings.enabled { state } else { State::Disabled },
        model,
        version,
        message: session.engine.failure().map(str::to_owned),
        requests: counters.requests,
        shown: counters.shown,
        accepted: counters.accepted,
        partly_accepted: counters.partly_accepted,
        typed_over: counters.typed_over,
        hits: counters.hits,
        tokens: counters.foreground,
        background_tokens: counters.background,
        latency_ms: Latency { p50: milliseconds(50), p95: milliseconds(95) },
        remote,
        workspace: session.workspace.reading(),
    }
}
