//! `fimble/status`, a request of fimble's own: what an editor may show in its status line.

use serde::Serialize;

use crate::engine_slot::EngineState;
use crate::session::Session;

#[derive(Debug, Serialize)]
pub(crate) struct Status {
    state: State,
    /// The name of the model that serves, else the model setting; `None` for the embedded model.
    model: Option<String>,
    /// What is wrong with the model last asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Requests for completions since the start.
    requests: u64,
    /// Those answered with a suggestion.
    shown: u64,
    accepted: u64,
    /// Those answered without the model.
    cache_hits: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Loading,
    Ready,
    Failed,
    Disabled,
}

pub(crate) fn status(session: &Session) -> Status {
    let statistics = session.statistics;
    let (state, model) = match session.engine.state() {
        EngineState::Ready(engine) => (State::Ready, Some(engine.model().name.clone())),
        EngineState::Loading => (State::Loading, session.settings.model.clone()),
        EngineState::Failed => (State::Failed, session.settings.model.clone()),
    };
    Status {
        state: if session.settings.enabled { state } else { State::Disabled },
        model,
        message: session.engine.failure().map(str::to_owned),
        requests: statistics.requests,
        shown: statistics.shown,
        accepted: statistics.accepted,
        cache_hits: statistics.cache_hits,
    }
}
