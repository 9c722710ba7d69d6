//! The request `fimble/status`, an extension of LSP: the state and the counters that an editor may show.

use fimble_completion::engine::{ModelInfo, Usage};
use serde::Serialize;

use crate::engine_slot::EngineState;
use crate::request::RemoteStatus;
use crate::session::Session;
use crate::usage::counters::Hits;
use crate::workspace::Reading;

#[derive(Debug, Serialize)]
pub(crate) struct Status {
    state: State,
    /// The name of the loaded model. If none is loaded, the setting `model`, where `None` means the embedded model.
    model: Option<String>,
    /// The version of the loaded weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// What runs the loaded model.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'static str>,
    /// Why the model in the settings could not be loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Completion requests since the start of the server.
    requests: u64,
    /// Suggestions. A suggestion that the user types along counts once.
    shown: u64,
    accepted: u64,
    partly_accepted: u64,
    typed_over: u64,
    /// Requests that the suggestion cache answered.
    hits: Hits,
    /// Tokens for requests.
    tokens: Usage,
    /// Tokens for prefetching.
    background_tokens: Usage,
    /// The time from a request to its answer.
    latency_ms: Latency,
    /// The remote server, if the settings name one.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<RemoteStatus>,
    /// The progress of reading the workspace.
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
    let (state, model, version, engine) = match session.engine.state() {
        EngineState::Ready(engine) => {
            let ModelInfo { id, engine, .. } = engine.model();
            (State::Ready, Some(id.name.clone()), id.version.clone(), Some(*engine))
        }
        EngineState::Loading => (State::Loading, session.settings.model.clone(), None, None),
        EngineState::Failed => (State::Failed, session.settings.model.clone(), None, None),
    };
    Status {
        state: if session.settings.enabled { state } else { State::Disabled },
        model,
        version,
        engine,
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
