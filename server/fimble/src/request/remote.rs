//! Whether a server is asked too, when, and whose answer is shown. The pure part of these decisions is
//! [`fimble_remote::Router`].
//!
//! With `routing = "hybrid"` the local model answers first. If that answer leaves something to be desired, the server gives
//! a second opinion, after a pause between keys; the local answer may be held back for it. With `routing = "remote"` the
//! server answers, and the local model takes over if the server fails.

use std::time::{Duration, Instant};

use fimble_completion::complete::{Completion, Cursor};
use fimble_completion::engine::{Cancel, EngineError};
use fimble_completion::settings::CompletionSettings;
use fimble_completion::suggestion::cache::Origin;
use fimble_remote::router::{LocalAnswer, SecondOpinion, is_better};

use super::daily_quota::{read_quota, record_request, today};
use super::remote_server::{RemoteServer, RemoteStatus};
use super::task::{CompletionTask, PendingRequest, TaskError};
use super::{Event, Requests};
use crate::session::Session;

/// Nothing is held back for longer, so this stands for "until the server answers".
const UNTIL_ANSWERED: Duration = Duration::from_secs(24 * 60 * 60);

/// A request that goes to the server.
pub(crate) struct RemoteRequest {
    pending: PendingRequest,
    /// What the local model said; `None` if it was not asked.
    local: Option<Completion>,
    /// How long the local answer is held back.
    hold: Duration,
}

impl RemoteRequest {
    /// The server is asked instead of the local model.
    pub(super) fn instead(pending: PendingRequest) -> Self {
        Self { pending, local: None, hold: UNTIL_ANSWERED }
    }
}

impl Requests {
    pub(crate) fn remote_status(&self) -> Option<RemoteStatus> {
        self.remote.as_ref().map(RemoteServer::status)
    }

    /// Takes the server that the settings name. A new server replaces the old one and what was known of it.
    pub(crate) fn configure_remote(&mut self, session: &Session) {
        let Some(settings) = &session.settings.remote else {
            self.remote = None;
            return;
        };
        let routing = session.settings.routing;
        match &mut self.remote {
            Some(server) if server.settings == *settings => {
                server.router.set_routing(routing);
                server.clear_denied();
            }
            remote => {
                let server = remote.insert(RemoteServer::new(settings, routing, &self.connect));
                if let Some(file) = self.quota_file.clone().filter(|_| server.router.has_daily_limit()) {
                    self.tasks.spawn_blocking(move || Event::QuotaRead(read_quota(&file)));
                }
            }
        }
    }

    /// The workspace's folders have changed, and with them the files that may be sent.
    pub(crate) fn folders_changed(&mut self) {
        self.remote.iter_mut().for_each(RemoteServer::clear_denied);
    }

    /// Whether the server should be asked about what the local model has answered, and how.
    pub(super) fn second_opinion(
        &mut self,
        session: &Session,
        pending: &PendingRequest,
        local: &Completion,
    ) -> Option<SecondOpinion> {
        let document = &pending.task.cursor.document;
        let server = self.remote.as_mut()?;
        if !server.settings.allows_language(document.language().id()) || server.denies(document.name()) {
            return None;
        }
        // Past the deadline nothing that can be shown is held back.
        let deadline = session.settings.completion.deadline;
        let time_left = deadline.map(|deadline| deadline.saturating_sub(pending.asked.elapsed()));
        let local = LocalAnswer { invoked: pending.invoked, completion: local, time_left };
        let opinion = server.router.second_opinion(local, server.timeout())?;
        server.allows().then_some(opinion)
    }

    /// Asks the server after the debounce. Replies with the local answer now, unless that is held back.
    pub(super) fn plan_second_opinion(
        &mut self,
        session: &mut Session,
        mut pending: PendingRequest,
        local: Completion,
        opinion: SecondOpinion,
    ) {
        if opinion.hold.is_zero() {
            self.finish(session, &pending, local.clone());
            // The reply has set the old flag.
            pending.cancel = Cancel::default();
        }
        let request = RemoteRequest { pending, local: Some(local), hold: opinion.hold };
        if opinion.debounce.is_zero() {
            self.ask_remote(session, request);
        } else {
            self.tasks.later(opinion.debounce, Event::RemoteDue(Box::new(request)));
        }
    }

    /// Asks the server, unless the user has gone on or the server may not be asked; the local model then has to do.
    pub(super) fn ask_remote(&mut self, session: &mut Session, request: RemoteRequest) {
        let RemoteRequest { pending, hold, .. } = &request;
        let is_wanted = pending.is_current(session) && !pending.cancel.is_cancelled();
        let task = self.remote_task(session, pending).filter(|_| is_wanted);
        let server = self.remote.as_mut().and_then(|server| server.allows().then_some(server));
        let Some((server, task)) = server.zip(task) else {
            return self.fall_back(session, request);
        };
        server.asked(&pending.cancel);
        let hold = *hold;
        self.count_request();
        let tasks = self.tasks.clone();
        self.tasks.spawn(async move {
            let started = Instant::now();
            let answer = task.clone().run(request.pending.cancel.clone(), None);
            tokio::pin!(answer);
            let result = match tokio::time::timeout(hold, &mut answer).await {
                Ok(result) => result,
                Err(_) => {
                    if let Some(local) = request.local.clone().filter(|_| !hold.is_zero()) {
                        tasks.send(Event::HoldExpired(request.pending.clone(), local));
                    }
                    answer.await
                }
            };
            Event::RemoteCompleted(Box::new(request), task, result, started.elapsed())
        });
    }

    pub(super) fn remote_completed(
        &mut self,
        session: &mut Session,
        request: RemoteRequest,
        task: &CompletionTask,
        result: Result<Completion, TaskError>,
        latency: Duration,
    ) {
        let Some(server) = &mut self.remote else { return self.fall_back(session, request) };
        if let Some(failure) = server.completed(task.document_name(), &result, latency) {
            tracing::warn!("{failure}");
            // A single failure is not worth a notice. That the server is not asked any more is.
            if server.is_backing_off() {
                session.notices.warn_once(format!(
                    "fimble: {failure}. The local model answers alone for now; fimble will try the server again later."
                ));
            }
        }
        let completion = match result {
            Ok(completion) if completion.completed => completion,
            Ok(_) => return self.fall_back(session, request),
            Err(error) => {
                log_unasked(&error);
                return self.fall_back(session, request);
            }
        };
        session.usage.counters.count_remote_work(&task.subject(), &completion);
        if request.local.as_ref().is_none_or(|local| is_better(&completion, local)) {
            self.remember(session, task, &completion, Origin::Request);
            self.finish(session, &request.pending, completion);
        } else {
            self.fall_back(session, request);
        }
    }

    /// Replies with what the local model has said, or asks it now.
    fn fall_back(&mut self, session: &mut Session, request: RemoteRequest) {
        let RemoteRequest { pending, local, .. } = request;
        match local {
            Some(local) => self.finish(session, &pending, local),
            None if pending.cancel.is_cancelled() => self.finish(session, &pending, Completion::interrupted()),
            None => self.start(session, pending),
        }
    }

    /// The task of `pending` for the server; `None` if there is no server, the document is closed or must not be sent.
    fn remote_task(&self, session: &mut Session, pending: &PendingRequest) -> Option<CompletionTask> {
        let Cursor { document, offset, .. } = pending.task.cursor.clone();
        let server = self.remote.as_ref().filter(|server| !server.denies(document.name()))?;
        let surroundings = session.surroundings(&pending.document);
        let open = session.documents.get_mut(&pending.document)?;
        let pin = open.remote_pins.at(&document, offset, surroundings);
        // The server has a timeout of its own, and one answer costs enough.
        let context_tokens = server.settings.context_tokens;
        let settings =
            CompletionSettings { context_tokens, deadline: None, candidates: 1, ..pending.task.settings.clone() };
        let engine = server.engine(session.workspace.egress_policy(&server.settings));
        Some(CompletionTask { cursor: Cursor { document, offset, pin }, settings, engine, ..pending.task.clone() })
    }

    /// Counts a request for all of the user's processes, if there is a daily quota.
    fn count_request(&self) {
        let counts_days = self.remote.as_ref().is_some_and(|server| server.router.has_daily_limit());
        let Some(file) = self.quota_file.clone().filter(|_| counts_days) else { return };
        let (tasks, day) = (self.tasks.clone(), today());
        tokio::task::spawn_blocking(move || match record_request(&file, day) {
            Ok(quota) => tasks.send(Event::QuotaRead(quota)),
            Err(error) => tracing::warn!("remote requests are counted in memory only, `{}`: {error}", file.display()),
        });
    }
}

/// Logs why the server was not asked. Failures of the server itself are reported where they are counted.
fn log_unasked(error: &TaskError) {
    match error {
        TaskError::Engine(EngineError::Unavailable { .. }) => {}
        TaskError::Engine(error) => tracing::debug!("the server was not asked: {error}"),
        TaskError::Panicked => tracing::error!("fimble crashed on a remote request"),
    }
}
