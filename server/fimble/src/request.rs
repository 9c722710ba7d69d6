//! One completion, from the request to the reply. Replies are domain values: this room knows no protocol.
//!
//! [`task`] makes a request into work with a snapshot, [`in_flight`] holds the requests that wait and hands each one out
//! once, [`remote`] decides whether a server is asked too and whose answer is shown, and [`prefetch`] uses the user's
//! pauses.

pub mod daily_quota;
mod in_flight;
mod prefetch;
mod remote;
mod remote_server;
mod task;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fimble_completion::ablations::Mechanism;
use fimble_completion::complete::Completion;
use fimble_completion::engine::{Cancel, Engine};
use fimble_completion::settings::CompletionSettings;
use fimble_completion::suggestion::Suggestion;
use fimble_completion::suggestion::cache::{CachedAnswer, Origin, SuggestionCache};
use fimble_remote::Routing;
use fimble_remote::router::DailyUsage;

use crate::documents::DocumentId;
use crate::session::Session;
use crate::tasks::Tasks;
use in_flight::InFlight;
use prefetch::Prefetcher;
use remote::RemoteRequest;
use remote_server::RemoteServer;
use task::{CompletionTask, PendingRequest, TaskError};

pub use remote_server::Connect;
pub(crate) use remote_server::RemoteStatus;
pub(crate) use task::{CompletionReply, CompletionRequest, ReplySender, Surface};

/// Enough for the places a user goes back to within minutes. A suggestion takes a few hundred bytes.
const SUGGESTIONS: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");

/// Owns every request from its arrival to its reply.
pub(crate) struct Requests {
    in_flight: InFlight,
    suggestions: SuggestionCache,
    prefetcher: Prefetcher,
    /// The server that the settings name.
    remote: Option<RemoteServer>,
    connect: Connect,
    /// Where the user's processes count remote requests together; `None` counts in memory.
    quota_file: Option<PathBuf>,
    tasks: Tasks<Event>,
}

/// The end of something that a request started.
pub(crate) enum Event {
    Completed(PendingRequest, Result<Completion, TaskError>),
    /// The remote debounce is over.
    RemoteDue(Box<RemoteRequest>),
    /// The local answer has been held back long enough.
    HoldExpired(PendingRequest, Completion),
    /// The server's answer, and how long it took.
    RemoteCompleted(Box<RemoteRequest>, CompletionTask, Result<Completion, TaskError>, Duration),
    /// What all of the user's processes have asked the server today.
    QuotaRead(DailyUsage),
    /// The user has paused, unless they have done something since the activity of this number.
    Paused(u64),
    Prefetched(CompletionTask, Cancel, Result<Completion, TaskError>),
}

impl Requests {
    pub(crate) fn new(connect: Connect, quota_file: Option<PathBuf>, tasks: Tasks<Event>) -> Self {
        Self {
            in_flight: InFlight::default(),
            suggestions: SuggestionCache::new(SUGGESTIONS),
            prefetcher: Prefetcher::default(),
            remote: None,
            connect,
            quota_file,
            tasks,
        }
    }

    /// Answers from the suggestion cache, or starts a task. `reply` gets exactly one value in any case, and the document's
    /// older requests end.
    pub(crate) fn ask(
        &mut self,
        session: &mut Session,
        request: CompletionRequest,
        cancel: Cancel,
        reply: ReplySender,
    ) {
        let asked = Instant::now();
        session.usage.counters.requests += 1;
        self.note_activity();
        self.in_flight.supersede(&request, session.version(&request.document));
        let task = match CompletionTask::prepare(session, &request) {
            Ok(task) => task,
            Err(reason) => {
                tracing::debug!("nothing to complete: {reason}");
                let _ = reply.send(None);
                return;
            }
        };
        let CompletionRequest { document: id, surface, invoked, .. } = request;
        let cached = self.suggestions.get(&task.cursor.document, task.cursor.offset, &task.settings);
        let cached = cached.filter(|_| session.ablations.keeps(Mechanism::SuggestionCache));
        let number = self.in_flight.insert(&id, &task, surface, cancel.clone(), reply);
        let pending = PendingRequest { document: id, number, asked, invoked, cancel, task };
        match cached {
            Some((suggestion, hit)) => {
                session.usage.counters.count_hit(hit);
                self.answer(session, &pending, suggestion, Vec::new());
            }
            None if self.remote.as_ref().is_some_and(|remote| remote.router.routing() == Routing::Remote) => {
                self.ask_remote(session, RemoteRequest::instead(pending));
            }
            None => self.start(session, pending),
        }
    }

    pub(crate) fn handle(&mut self, session: &mut Session, event: Event) {
        match event {
            Event::Completed(pending, result) => self.completed(session, pending, result),
            Event::RemoteDue(request) => self.ask_remote(session, *request),
            Event::HoldExpired(pending, local) => self.finish(session, &pending, local),
            Event::RemoteCompleted(request, task, result, latency) => {
                self.remote_completed(session, *request, &task, result, latency);
            }
            Event::QuotaRead(quota) => self.remote.iter_mut().for_each(|remote| remote.router.note_daily_usage(quota)),
            Event::Paused(activity) => self.prefetch_next(session, activity),
            Event::Prefetched(task, cancel, result) => self.prefetched(session, &task, &cancel, result),
        }
    }

    /// The user has done something: prefetching would be about an old text.
    pub(crate) fn note_activity(&mut self) {
        self.prefetcher.note_activity();
    }

    /// Ends the requests of a document that was closed or opened again.
    pub(crate) fn end_document(&mut self, id: &DocumentId) {
        self.prefetcher.restart();
        self.in_flight.end_document(id);
    }

    pub(crate) fn end_all(&mut self) {
        self.prefetcher.restart();
        self.in_flight.end_all();
    }

    /// Forgets prompts and suggestions, because the model or the settings have changed.
    pub(crate) fn forget(&mut self, session: &mut Session) {
        self.prefetcher.restart();
        self.suggestions.clear();
        session.clear_pins();
    }

    /// Starts the engine, after a pause between keys if requests cost much.
    fn start(&self, session: &Session, pending: PendingRequest) {
        let guard = session.workspace.enter_foreground();
        // Users who invoke a completion do not type on.
        let debounce = if pending.invoked { Duration::ZERO } else { session.usage.counters.debounce() };
        self.tasks.spawn(async move {
            if !debounce.is_zero() {
                tokio::time::sleep(debounce).await;
                if pending.cancel.is_cancelled() {
                    return Event::Completed(pending, Ok(Completion::interrupted()));
                }
            }
            let result = pending.task.clone().run(pending.cancel.clone(), Some(guard)).await;
            Event::Completed(pending, result)
        });
    }

    fn completed(&mut self, session: &mut Session, pending: PendingRequest, result: Result<Completion, TaskError>) {
        let completion = match result {
            Ok(completion) => {
                session.usage.counters.count_work(&pending.task.subject(), &completion);
                completion
            }
            Err(error) => {
                session.notices.error_once(match error {
                    TaskError::Engine(error) => format!("fimble cannot complete: {error}"),
                    TaskError::Panicked => "fimble crashed on a completion. The log has the details.".to_owned(),
                });
                Completion::interrupted()
            }
        };
        self.remember(session, &pending.task, &completion, Origin::Request);
        match self.second_opinion(session, &pending, &completion) {
            Some(opinion) => self.plan_second_opinion(session, pending, completion, opinion),
            None => self.finish(session, &pending, completion),
        }
    }

    /// Answers the request, unless that is done already.
    fn finish(&mut self, session: &mut Session, pending: &PendingRequest, completion: Completion) {
        let Completion { suggestion, others, .. } = completion;
        self.answer(session, pending, suggestion, others);
    }

    fn answer(
        &mut self,
        session: &mut Session,
        pending: &PendingRequest,
        suggestion: Option<Suggestion>,
        others: Vec<Suggestion>,
    ) {
        let PendingRequest { document: id, task, .. } = pending;
        let Some((surface, reply)) = self.in_flight.take(id, pending.number) else { return };
        let is_current = pending.is_current(session);
        // Once the text has moved on, ghost text would stand in the wrong place; the next request finds it in the cache. A
        // menu belongs to the position of its request, and the client filters it by what was typed since.
        let suggestion = suggestion.filter(|_| is_current || surface == Surface::Menu);
        let subject = match &suggestion {
            Some(suggestion) => task.subject_of(&suggestion.model),
            None => task.subject(),
        };
        session.usage.counters.count_answer(&subject, pending.asked.elapsed());
        let answer = suggestion.clone().map(|suggestion| task.reply(suggestion, others));
        if reply.send(answer).is_ok()
            && let Some(suggestion) = &suggestion
        {
            let (document, offset) = (&task.cursor.document, task.cursor.offset);
            session.usage.shown(id, document, offset, &suggestion.text, &subject);
        }
        if is_current {
            self.prefetcher.plan_after(task.clone(), suggestion);
            self.wait_for_pause(session);
        }
    }

    /// Caches what came of `task`, if its engine is still in use.
    fn remember(&mut self, session: &Session, task: &CompletionTask, completion: &Completion, origin: Origin) {
        let suggested = completion.suggestion.clone().map(CachedAnswer::Suggested);
        let answer = suggested.or_else(|| completion.suppressed.clone().map(CachedAnswer::Suppressed));
        let Some(answer) = answer else { return };
        if session.engine.serves(&task.engine) || self.is_remote(&task.engine) {
            // A suggestion that was invoked, or finished later, is still offered while the user types along.
            let max_tokens = task.settings.max_tokens;
            let settings = CompletionSettings { max_tokens, ..session.settings.completion.clone() };
            self.suggestions.insert(&task.cursor.document, task.cursor.offset, &settings, answer, origin);
        }
    }

    /// Whether `engine` is the server that the settings name.
    fn is_remote(&self, engine: &Arc<dyn Engine>) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.model().id == engine.model().id)
    }

    fn wait_for_pause(&self, session: &Session) {
        if session.ablations.keeps(Mechanism::Prefetch) {
            self.tasks.later(self.prefetcher.pause(), Event::Paused(self.prefetcher.activity()));
        }
    }
}
