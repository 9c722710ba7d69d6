//! Answers cases with the local model, a server, or both, by the same rules as in an editor.

use std::time::{Duration, Instant};

use anyhow::bail;
use fimble_completion::complete::{Completion, Cursor, complete};
use fimble_completion::engine::{Cancel, Engine, EngineError, Priority};
use fimble_completion::settings::CompletionSettings;
use fimble_remote::router::{LocalAnswer, is_better};
use fimble_remote::{RemoteEngine, RemoteSettings, Router, Routing};

use super::super::engine::NO_REMOTE;

pub(super) struct Answers<'a> {
    local: &'a dyn Engine,
    remote: Option<(RemoteEngine, Router)>,
    /// The deadline of a request while the user types. A server's answer after this time is shown only if the local
    /// model has nothing to show.
    deadline: Option<Duration>,
}

pub(super) struct Answer {
    /// Its timing includes the wait for a server.
    pub(super) shown: Completion,
    pub(super) asked_remote: bool,
}

impl<'a> Answers<'a> {
    pub(super) fn new(
        local: &'a dyn Engine,
        routing: Routing,
        remote: Option<RemoteSettings>,
        deadline: Option<Duration>,
    ) -> anyhow::Result<Self> {
        let remote = match (routing, remote) {
            (Routing::Local, _) => None,
            (_, None) => bail!(NO_REMOTE),
            (routing, Some(settings)) => {
                // The quotas protect a server from users who type; an evaluation sends every case.
                let settings = RemoteSettings { per_minute: None, per_day: None, ..settings };
                Some((RemoteEngine::new(settings.clone()), Router::new(routing, &settings)))
            }
        };
        Ok(Self { local, remote, deadline })
    }

    pub(super) fn local(&self) -> &'a dyn Engine {
        self.local
    }

    pub(super) fn to(&mut self, cursor: &Cursor, settings: &CompletionSettings) -> Result<Answer, EngineError> {
        let generate = |cursor: &Cursor, settings: &CompletionSettings, engine: &dyn Engine| {
            complete(cursor, settings, engine, Priority::Foreground, &Cancel::default())
        };
        let Some((remote, router)) = &mut self.remote else {
            return Ok(Answer { shown: generate(cursor, settings, self.local)?, asked_remote: false });
        };
        let local = match router.routing() {
            Routing::Remote => None,
            Routing::Local | Routing::Hybrid => Some(generate(cursor, settings, self.local)?),
        };
        let hold = match &local {
            None => Duration::MAX,
            Some(local) => {
                let time_left = self.deadline.map(|deadline| deadline.saturating_sub(local.timing.total));
                let timeout = Duration::from_millis(remote.settings().timeout_ms);
                let local_answer = LocalAnswer { invoked: false, completion: local, time_left };
                match router.second_opinion(local_answer, timeout) {
                    Some(opinion) => opinion.hold,
                    None => return Ok(Answer { shown: local.clone(), asked_remote: false }),
                }
            }
        };
        let Cursor { document, offset, pin } = cursor;
        let settings =
            CompletionSettings { context_tokens: remote.settings().context_tokens, candidates: 1, ..settings.clone() };
        let cursor = Cursor { pin: pin.apart(document, *offset).into(), ..cursor.clone() };
        let started = Instant::now();
        router.sent(started, 0);
        let mut answer = generate(&cursor, &settings, remote)?;
        router.succeeded(started.elapsed());
        let shown = match local {
            Some(local) if answer.timing.total > hold || !is_better(&answer, &local) => {
                let waited = answer.timing.total.min(hold);
                let mut shown = local;
                shown.timing.total += waited;
                shown
            }
            local => {
                answer.timing.total += local.map_or(Duration::ZERO, |local| local.timing.total);
                answer
            }
        };
        Ok(Answer { shown, asked_remote: true })
    }
}
