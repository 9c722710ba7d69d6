//! The one place where the session changes. Events are applied in the order in which they came, and nothing here waits
//! for the client or for an engine: what takes time runs elsewhere and comes back as an event.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fimble_completion::complete::Completion;
use fimble_completion::engine::{Cancel, Engine, EngineError};
use fimble_completion::language::Language;
use fimble_completion::settings::ContextScope;
use fimble_completion::suggestion_cache::Origin;
use fimble_remote::Routing;
use fimble_remote::router::{SecondOpinion, is_better};
use serde_json::Value;
use tokio::sync::mpsc;
use tower_lsp::Client;
use tower_lsp::ls_types::{ConfigurationItem, MessageType, Registration, Uri};

use crate::usage::drift::drifts;
use crate::engine_slot::EngineState;
use crate::event::{Event, EventSender, Reply};
use crate::lsp::handlers::models::Models;
use crate::lsp::handlers::{self, completion, inline_completion};
use crate::in_flight::CompletionReply;
use crate::log::LogControl;
use crate::settings::Settings;
use crate::progress::Progress;
use crate::remote::{Connect, RemoteRequest, Remote, spend, spent, today};
use crate::serve::{ListModels, LoadEngine, ServeOptions};
use crate::server_status::{ServerStatus, StatusSender};
use crate::session::{PendingRequest, TaskError, CompletionReply, Prepared, CompletionRequest, Session, CompletionTask};
use crate::usage::{Subject, UsageStats};
use crate::work_ahead::{PAUSE, Prefetcher};
use crate::workspace::Reading;

/// A crash loses what was counted in this time.
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// A full disk is not helped by trying at once again.
const SAVE_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// For what is held back until it is there.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct MainLoop {
    session: Session,
    client: Client,
    events: EventSender,
    load: LoadEngine,
    user_file: Option<PathBuf>,
    log: LogControl,
    /// The client has been greeted: it can be talked to, and the model is being loaded.
    begun: bool,
    shut_down: bool,
    /// What the user was told; nobody wants to read it twice.
    told: HashSet<String>,
    /// What to tell the user as soon as the client listens.
    untold: Vec<(MessageType, String)>,
    ahead: Prefetcher,
    /// The document opened last, until it was read or the user has gone on.
    opened: Option<Uri>,
    /// What the client shows of the latest load.
    loaded: Option<Progress>,
    /// The same for reading the workspace.
    reading: Option<Progress>,
    /// For a client that shows how the server is doing.
    status: Option<StatusSender>,
    models: ListModels,
    usage_stats: Option<PathBuf>,
    connect: Connect,
    daily_quota_file: Option<PathBuf>,
    /// [`Event::Save`] is on its way.
    save_planned: bool,
    save_failed: bool,
}

impl MainLoop {
    pub(crate) fn new(client: Client, load: LoadEngine, options: ServeOptions, events: EventSender) -> Self {
        let mut session = Session::new(options.mechanisms);
        session.sources.command_line = options.command_line;
        session.sources.machine = options.machine_policy;
        Self {
            session,
            client,
            events,
            load,
            user_file: options.user_file,
            log: options.log,
            begun: false,
            shut_down: false,
            told: HashSet::new(),
            untold: Vec::new(),
            ahead: Prefetcher::default(),
            opened: None,
            loaded: None,
            reading: None,
            status: None,
            models: options.models,
            usage_stats: options.usage_stats,
            connect: options.connect,
            daily_quota_file: options.daily_quota_file,
            save_planned: false,
            save_failed: false,
        }
    }

    /// Applies events until the client has sent its last message; returns whether it asked for the shutdown.
    pub(crate) async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>) -> bool {
        while let Some(event) = events.recv().await {
            if matches!(event, Event::Ended) {
                break;
            }
            self.apply(event);
            self.plan_save();
        }
        self.session.in_flight.end_all();
        self.save_last().await;
        // Freeing a model takes a while, which the client need not wait for.
        let session = self.session;
        std::thread::spawn(move || drop(session));
        self.shut_down
    }

    fn apply(&mut self, event: Event) {
        let session = &mut self.session;
        match event {
            Event::Initialize(params, reply) => {
                let (result, problems) = handlers::initialize(session, &params, self.user_file.as_deref());
                let _ = reply.send(result);
                self.settings_changed(problems);
            }
            Event::Initialized => {
                self.begin();
                self.ask_for_configuration_changes();
                self.ask_for_file_changes();
                self.ask_for_configuration();
            }
            Event::DidOpen(params) => {
                // For a client that leaves out `initialized`.
                self.begin();
                let uri = params.text_document.uri.clone();
                handlers::did_open(&mut self.session, params);
                self.note_activity();
                self.opened = Some(uri);
                self.read_opened();
            }
            Event::DidChange(params) => {
                self.ahead.note_activity();
                self.opened = None;
                if let Some(warning) = handlers::did_change(session, params) {
                    self.show(MessageType::WARNING, warning);
                }
            }
            Event::UnreadableChange(uri) => {
                if let Some(warning) = handlers::lost_edit(session, &uri, "it could not be read") {
                    self.show(MessageType::WARNING, warning);
                }
            }
            Event::DidClose(params) => {
                self.ahead.note_activity();
                handlers::did_close(session, &params);
            }
            Event::FilesChanged(files) => session.workspace.changed(&files),
            Event::FoldersChanged(params) => {
                session.workspace.change_folders(&params.event);
                session.remote.iter_mut().for_each(Remote::permit_anew);
                self.read_workspace();
            }
            Event::DidChangeConfiguration(settings) => match handlers::did_change_configuration(session, &settings) {
                Some(problems) => self.settings_changed(problems),
                None => self.ask_for_configuration(),
            },
            Event::Configuration(settings) => {
                let problems = handlers::configuration(session, &settings);
                self.settings_changed(problems);
            }
            Event::InlineCompletion(params, cancel, reply) => {
                self.complete(inline_completion::question(params), cancel, CompletionReply::Inline(reply));
            }
            Event::Completion(params, cancel, reply) => {
                self.complete(completion::question(params), cancel, CompletionReply::Menu(reply));
            }
            Event::ExecuteCommand(params, reply) => drop(reply.send(handlers::execute_command(session, params))),
            Event::Status(reply) => drop(reply.send(handlers::status(session))),
            Event::Models(reply) => self.list_models(reply),
            Event::Shutdown => {
                self.shut_down = true;
                self.ahead.note_activity();
                session.in_flight.end_all();
            }
            Event::Save => self.save(),
            Event::Drifted(drifts) => {
                drifts.iter().for_each(|drift| tracing::info!("{drift}"));
                session.drifts = drifts;
                self.tell_status();
            }
            Event::Unsaved(record, error) => {
                session.statistics.unsaved.add(&record);
                self.save_failed = true;
                self.show_once(MessageType::WARNING, format!("fimble: {error}. It goes on without."));
            }
            Event::WorkspaceRead(reading) => self.workspace_read(reading),
            Event::EngineLoaded(load, result) => self.engine_loaded(load, result),
            Event::JobEnded(job, result) => self.job_ended(job, result),
            Event::RemoteDue(remote_request) => self.ask_elsewhere(*remote_request),
            Event::HeldLongEnough(job, local) => self.finish(&job, local),
            Event::RemoteEnded(remote_request, work, result, latency) => {
                self.remote_ended(*remote_request, &work, result, latency);
            }
            Event::RemoteSpent(today) => {
                session.remote.iter_mut().for_each(|remote| remote.router.note_today(today));
            }
            Event::Paused(activity) => self.step_ahead(activity),
            Event::AheadEnded(work, cancel, result) => self.ahead_ended(&work, &cancel, result),
            Event::Ended => {}
        }
    }

    fn complete(&mut self, question: CompletionRequest, cancel: Cancel, reply: CompletionReply) {
        let asked = Instant::now();
        self.note_activity();
        let place = self.session.place(&question);
        self.session.in_flight.supersede(&question.uri, place, &reply);
        match self.session.prepare(&question) {
            Prepared::Known(work, suggestion) => {
                let encoding = self.session.client.encoding;
                let author = self.session.author(&work, suggestion.as_ref());
                let subject = work.subject_by(author.clone());
                let offer = suggestion.clone().map(|suggestion| work.offer(suggestion, Vec::new(), author, encoding));
                self.answer(&question.uri, reply, offer.as_ref(), &subject, asked);
                self.pause(|ahead| ahead.plan_after(work, suggestion));
            }
            Prepared::CompletionTask(work) => {
                let CompletionRequest { uri, invoked, .. } = question;
                let number = self.session.in_flight.insert(&uri, work.place, cancel.clone(), reply);
                let job = PendingRequest { uri, number, asked, invoked, cancel, work };
                if self.session.remote.as_ref().is_some_and(|remote| remote.router.routing() == Routing::Remote) {
                    self.ask_elsewhere(RemoteRequest { job, local: None, hold: LONG });
                } else {
                    self.start(job);
                }
            }
            Prepared::Nothing(reason) => {
                tracing::debug!("nothing to complete: {reason}");
                reply.send(None);
            }
        }
    }

    fn answer(&mut self, uri: &Uri, reply: CompletionReply, offer: Option<&CompletionReply>, subject: &Subject, asked: Instant) {
        self.session.statistics.count_answer(subject, asked.elapsed());
        if reply.send(offer)
            && let Some(offer) = offer
        {
            self.session.shown(uri, offer, subject);
        }
    }

    fn start(&self, job: PendingRequest) {
        let events = self.events.clone();
        // Who asks by hand does not type on.
        let awaited = self.session.workspace.enter_foreground();
        let debounce = if job.invoked { Duration::ZERO } else { self.session.statistics.debounce() };
        tokio::spawn(async move {
            if !debounce.is_zero() {
                tokio::time::sleep(debounce).await;
                if job.cancel.is_cancelled() {
                    let _ = events.send(Event::JobEnded(job, Ok(Completion::interrupted())));
                    return;
                }
            }
            let (work, cancel) = (job.work.clone(), job.cancel.clone());
            let run = move || {
                let _awaited = awaited;
                work.run(&cancel)
            };
            let result = tokio::task::spawn_blocking(run).await;
            let _ = events.send(Event::JobEnded(job, result.unwrap_or(Err(TaskError::Panicked))));
        });
    }

    fn job_ended(&mut self, job: PendingRequest, result: Result<Completion, TaskError>) {
        let completion = match result {
            Ok(completion) => {
                self.session.statistics.count_work(&job.work.subject(), &completion);
                completion
            }
            Err(error) => {
                self.report(&error);
                Completion::interrupted()
            }
        };
        self.session.remember(&job.work, &completion, Origin::Request);
        match self.session.second_opinion(&job, &completion) {
            Some(opinion) => self.plan_second_opinion(job, completion, opinion),
            None => self.finish(&job, completion),
        }
    }

    /// Answers the request of `job`, if that was not done yet.
    fn finish(&mut self, job: &PendingRequest, completion: Completion) {
        let Completion { suggestion, others, .. } = completion;
        if let Some(reply) = self.session.in_flight.take(&job.uri, job.number) {
            // Ghost text would stand in the wrong place once the text has gone on; the next request at the right one
            // finds it in the cache. A menu is for the place that was asked for, and filtered by what came since.
            let fits = matches!(reply, CompletionReply::Menu(_)) || self.session.is_current(job);
            let shown = suggestion.filter(|_| fits);
            let encoding = self.session.client.encoding;
            let author = self.session.author(&job.work, shown.as_ref());
            let subject = job.work.subject_by(author.clone());
            let offer = shown.clone().map(|shown| job.work.offer(shown, others, author, encoding));
            self.answer(&job.uri, reply, offer.as_ref(), &subject, job.asked);
            if self.session.is_current(job) {
                self.pause(|ahead| ahead.plan_after(job.work.clone(), shown));
            }
        }
    }

    /// Asks elsewhere in a moment, and answers with what the local model has said unless that is worth being held back.
    fn plan_second_opinion(&mut self, mut job: PendingRequest, local: Completion, opinion: SecondOpinion) {
        if opinion.hold.is_zero() {
            self.finish(&job, local.clone());
            // An answered request counts as cancelled.
            job.cancel = Cancel::default();
        }
        let remote_request = RemoteRequest { job, local: Some(local), hold: opinion.hold };
        if opinion.debounce.is_zero() {
            return self.ask_elsewhere(remote_request);
        }
        let events = self.events.clone();
        tokio::spawn(async move {
            tokio::time::sleep(opinion.debounce).await;
            let _ = events.send(Event::RemoteDue(Box::new(remote_request)));
        });
    }

    /// Asks elsewhere, unless the user has gone on or it may not be asked; then the local model has to do.
    fn ask_elsewhere(&mut self, remote_request: RemoteRequest) {
        let RemoteRequest { job, hold, .. } = &remote_request;
        let is_wanted = self.session.is_current(job) && !job.cancel.is_cancelled();
        let work = self.session.elsewhere(job).filter(|_| is_wanted);
        let remote = self.session.remote.as_mut();
        let Some((remote, work)) = remote.and_then(|remote| remote.allows().then_some(remote)).zip(work) else {
            return self.go_on_locally(remote_request);
        };
        remote.ask(&job.cancel);
        let (hold, counts_days, day) = (*hold, remote.router.counts_days(), today());
        self.spend(counts_days, day);
        let events = self.events.clone();
        tokio::spawn(async move {
            let begun = Instant::now();
            let (running, cancel) = (work.clone(), remote_request.job.cancel.clone());
            let mut answer = tokio::task::spawn_blocking(move || running.run(&cancel));
            let result = match (tokio::time::timeout(hold, &mut answer).await, &remote_request.local) {
                (Ok(result), _) => result,
                (Err(_), local) => {
                    if let Some(local) = local.clone().filter(|_| remote_request.is_held()) {
                        let _ = events.send(Event::HeldLongEnough(remote_request.job.clone(), local));
                    }
                    answer.await
                }
            };
            let result = result.unwrap_or(Err(TaskError::Panicked));
            let _ = events.send(Event::RemoteEnded(Box::new(remote_request), work, result, begun.elapsed()));
        });
    }

    fn remote_ended(&mut self, remote_request: RemoteRequest, work: &CompletionTask, result: Result<Completion, TaskError>, latency: Duration) {
        let Some(remote) = &mut self.session.remote else { return self.go_on_locally(remote_request) };
        let (failure, was_left_alone) = (remote.answered(work.document(), &result, latency), remote.is_left_alone());
        if let Some(failure) = failure {
            tracing::warn!("{failure}");
            // One that does not answer now and then is not worth a word; that it is not asked any more is.
            if was_left_alone {
                self.show_once(
                    MessageType::WARNING,
                    format!("fimble: {failure}. The local model goes on alone, and asks again later."),
                );
            }
            self.tell_status();
        }
        let Ok(completion) = result.map_err(|error| self.note(&error)) else { return self.go_on_locally(remote_request) };
        if !completion.completed {
            return self.go_on_locally(remote_request);
        }
        self.session.statistics.count_remote_work(&work.subject(), &completion);
        let better = remote_request.local.as_ref().is_none_or(|local| is_better(&completion, local));
        if better {
            self.session.remember(work, &completion, Origin::Request);
            self.finish(&remote_request.job, completion);
        } else {
            self.go_on_locally(remote_request);
        }
    }

    /// With what the local model has said, or will say.
    fn go_on_locally(&mut self, remote_request: RemoteRequest) {
        let RemoteRequest { job, local, .. } = remote_request;
        match local {
            Some(local) => self.finish(&job, local),
            None if job.cancel.is_cancelled() => self.finish(&job, Completion::interrupted()),
            None => self.start(job),
        }
    }

    fn note(&self, error: &TaskError) {
        match error {
            TaskError::Engine(EngineError::Unavailable { .. }) => {}
            TaskError::Engine(error) => tracing::debug!("nothing was asked elsewhere: {error}"),
            TaskError::Panicked => tracing::error!("fimble failed at asking elsewhere"),
        }
    }

    /// Counts a request, for all of the user's processes.
    fn spend(&self, counts_days: bool, day: u64) {
        let Some(path) = self.daily_quota_file.clone().filter(|_| counts_days) else { return };
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || match spend(&path, day) {
            Ok(today) => drop(events.send(Event::RemoteSpent(today))),
            Err(error) => {
                tracing::warn!("requests elsewhere are counted in memory alone, as `{}`: {error}", path.display())
            }
        });
    }

    fn report(&mut self, error: &TaskError) {
        let message = match error {
            TaskError::Engine(error) => format!("fimble cannot complete: {error}"),
            TaskError::Panicked => "fimble failed at a completion; its log says where".to_owned(),
        };
        self.show_once(MessageType::ERROR, message);
    }

    fn note_activity(&mut self) {
        self.ahead.note_activity();
        self.opened = None;
    }

    /// Reads the document opened last, as soon as there is a model and a moment for it.
    fn read_opened(&mut self) {
        if let Some(work) = self.opened.as_ref().and_then(|uri| self.session.opened(uri)) {
            self.opened = None;
            self.pause(|ahead| ahead.plan_warm_up(work));
        }
    }

    /// Goes on with what `plan` has planned if the user does nothing for a moment.
    fn pause(&mut self, plan: impl FnOnce(&mut Prefetcher) -> u64) {
        if !self.session.mechanisms.work_ahead {
            return;
        }
        let (activity, events) = (plan(&mut self.ahead), self.events.clone());
        tokio::spawn(async move {
            tokio::time::sleep(PAUSE).await;
            let _ = events.send(Event::Paused(activity));
        });
    }

    fn step_ahead(&mut self, activity: u64) {
        let Some((work, cancel)) = self.ahead.next(activity, &mut self.session) else { return };
        let events = self.events.clone();
        tokio::spawn(async move {
            let (running, stop) = (work.clone(), cancel.clone());
            let result = tokio::task::spawn_blocking(move || running.run(&stop)).await;
            let _ = events.send(Event::AheadEnded(work, cancel, result.unwrap_or(Err(TaskError::Panicked))));
        });
    }

    fn ahead_ended(&mut self, work: &CompletionTask, cancel: &Cancel, result: Result<Completion, TaskError>) {
        match result {
            Ok(completion) => {
                let activity = self.ahead.ended(work, completion, cancel, &mut self.session);
                self.step_ahead(activity);
            }
            // Whoever asks will be told.
            Err(TaskError::Engine(error)) => tracing::warn!("nothing was done ahead: {error}"),
            Err(TaskError::Panicked) => tracing::error!("fimble failed at what it does ahead"),
        }
    }

    /// What waited for a client that listens.
    fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.status = self.session.client.server_status.then(|| StatusSender::new(self.client.clone()));
            for (kind, message) in std::mem::take(&mut self.untold) {
                self.show(kind, message);
            }
            self.load_if_asked();
            self.read_workspace();
            self.tell_status();
        }
    }

    /// Reads the workspace if its files count, else forgets what was read.
    fn read_workspace(&mut self) {
        let Session { settings, workspace, .. } = &mut self.session;
        workspace.exclude(&settings.exclude);
        if !settings.enabled || settings.context < ContextScope::Workspace {
            workspace.close();
            self.reading = None;
        } else if workspace.open(&self.events) {
            self.reading = self.progress("Reading the workspace");
        }
    }

    fn workspace_read(&mut self, reading: Reading) {
        if let Some(limit) = reading.limit {
            let message = format!(
                "fimble knows {} files of this workspace, and not the others: that is {limit}. What it need not look at \
                 can be named in a file .fimbleignore.",
                reading.files
            );
            tracing::warn!("{message}");
        }
        let message = format!("{} files", reading.files);
        match (&self.reading, reading.ended) {
            (Some(progress), false) => progress.report(message),
            (Some(_), true) => self.reading.take().into_iter().for_each(|progress| progress.end(message.clone())),
            (None, _) => {}
        }
        // What is open was read before the files were known.
        if self.session.workspace.note(reading) {
            self.session.forget_pins();
            self.read_opened();
        }
    }

    fn tell_status(&self) {
        if let Some(status) = &self.status {
            status.send(ServerStatus::of(&self.session));
        }
    }

    fn list_models(&self, reply: Reply<Models>) {
        let current = self.session.settings.model.clone().unwrap_or_else(|| "embedded".to_owned());
        let list = self.models.clone();
        tokio::task::spawn_blocking(move || reply.send(Models { current, models: list() }));
    }

    /// Saves a while from now, unless there is nothing to save.
    fn plan_save(&mut self) {
        if !self.save_planned && !self.session.statistics.unsaved.is_empty() && self.usage_stats.is_some() {
            self.save_planned = true;
            let events = self.events.clone();
            let after = if self.save_failed { SAVE_AGAIN_AFTER } else { SAVE_AFTER };
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                let _ = events.send(Event::Save);
            });
        }
    }

    fn save(&mut self) {
        self.save_planned = false;
        if let Some((record, path)) = self.take_unsaved() {
            let events = self.events.clone();
            tokio::task::spawn_blocking(move || {
                if let Err(error) = record.add_to(&path) {
                    let _ = events.send(Event::Unsaved(record, error));
                }
            });
        }
    }

    /// What the end of the session leaves, while the process still waits for it.
    async fn save_last(&mut self) {
        let Session { documents, statistics, .. } = &mut self.session;
        documents.values_mut().for_each(|open| open.leave(statistics));
        if let Some((record, path)) = self.take_unsaved() {
            let saved = tokio::task::spawn_blocking(move || record.add_to(&path)).await;
            if let Ok(Err(error)) = saved {
                tracing::warn!("{error}");
            }
        }
    }

    fn take_unsaved(&mut self) -> Option<(UsageStats, PathBuf)> {
        let record = std::mem::take(&mut self.session.statistics.unsaved);
        let path = self.usage_stats.clone().filter(|_| self.session.settings.statistics && !record.is_empty())?;
        Some((record, path))
    }

    fn look_for_drift(&self) {
        let Some(path) = self.usage_stats.clone().filter(|_| self.session.settings.statistics) else { return };
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || {
            // One that cannot be read is put aside, and told of, when it is written to.
            let drifts = UsageStats::read(&path).map(|record| drifts(&record)).unwrap_or_default();
            let _ = events.send(Event::Drifted(drifts));
        });
    }

    fn settings_changed(&mut self, problems: Vec<String>) {
        for problem in problems {
            self.show_once(MessageType::WARNING, problem);
        }
        let (changed, problems) = self.session.resolve_settings();
        for problem in problems {
            self.show_once(MessageType::WARNING, problem);
        }
        self.name_remote();
        if changed {
            self.ahead.note_activity();
            self.session.forget_prompts();
            self.log.set_level(self.session.settings.log_level);
            tracing::info!(settings = ?self.session.settings, "settings");
        }
        if self.begun {
            self.load_if_asked();
            self.read_workspace();
            self.tell_status();
        }
    }

    /// Takes the server that the settings name in place of the one before, with which goes what was known of it.
    fn name_remote(&mut self) {
        let Settings { remote, routing, .. } = &self.session.settings;
        let Some(settings) = remote else {
            self.session.remote = None;
            return;
        };
        match &mut self.session.remote {
            Some(remote) if remote.settings == *settings => {
                remote.router.set_routing(*routing);
                remote.permit_anew();
            }
            remote => {
                let named = remote.insert(Remote::new(settings, *routing, &self.connect));
                let path = self.daily_quota_file.clone().filter(|_| named.router.counts_days());
                if let Some(path) = path {
                    let events = self.events.clone();
                    tokio::task::spawn_blocking(move || drop(events.send(Event::RemoteSpent(spent(&path)))));
                }
            }
        }
    }

    fn load_if_asked(&mut self) {
        let settings = &self.session.settings;
        if !settings.enabled {
            return;
        }
        let choice = settings.choice();
        let Some(number) = self.session.engine.ask(&choice) else { return };
        let title = format!("Loading {choice}");
        self.loaded = self.progress(title);
        let (load, events) = (self.load.clone(), self.events.clone());
        // Not one of the runtime's threads: those are waited for when the process ends, and a model may load for long.
        let thread = std::thread::Builder::new().name("load model".to_owned()).spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| load(&choice)));
            let panicked = |_| Err("The model cannot be loaded: fimble failed at it; its log says where.".to_owned());
            let _ = events.send(Event::EngineLoaded(number, result.unwrap_or_else(panicked)));
        });
        if let Err(error) = thread {
            let _ = self.events.send(Event::EngineLoaded(number, Err(format!("No thread to load a model: {error}"))));
        }
    }

    fn engine_loaded(&mut self, load: u64, result: Result<Arc<dyn Engine>, String>) {
        let failed = result.as_ref().err().cloned();
        if !self.session.engine.settle(load, result) {
            return;
        }
        if let Some(loaded) = self.loaded.take() {
            loaded.end(if failed.is_some() { "failed" } else { "ready" });
        }
        // Editors may not say whose message it is.
        let failed = failed.map(|message| format!("fimble: {message}"));
        match (failed, self.session.engine.state()) {
            (None, _) => {
                self.ahead.note_activity();
                self.session.forget_prompts();
                self.read_opened();
                self.look_for_drift();
            }
            (Some(message), EngineState::Ready(engine)) => {
                let message = format!("{message} It goes on with the model {}.", engine.model().name);
                self.show(MessageType::ERROR, message);
            }
            (Some(message), _) => self.show(MessageType::ERROR, message),
        }
        self.tell_status();
    }

    /// `None` for a client that does not show any.
    fn progress(&self, title: impl Into<String>) -> Option<Progress> {
        self.session.client.progress.then(|| Progress::begin(self.client.clone(), title.into()))
    }

    fn ask_for_configuration(&self) {
        if !self.session.client.configuration {
            return;
        }
        let (client, events) = (self.client.clone(), self.events.clone());
        tokio::spawn(async move {
            let item = ConfigurationItem { scope_uri: None, section: Some("fimble".to_owned()) };
            match client.configuration(vec![item]).await {
                Ok(answers) => {
                    let answer = answers.into_iter().next().unwrap_or(Value::Null);
                    let _ = events.send(Event::Configuration(answer));
                }
                Err(error) => tracing::warn!("the client does not tell its settings: {error}"),
            }
        });
    }

    /// Some clients tell of changed settings only after being asked to.
    fn ask_for_configuration_changes(&self) {
        if !self.session.client.registers_configuration {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            let registration = Registration {
                id: "fimble/configuration".to_owned(),
                method: "workspace/didChangeConfiguration".to_owned(),
                register_options: Some(serde_json::json!({ "section": "fimble" })),
            };
            if let Err(error) = client.register_capability(vec![registration]).await {
                tracing::warn!("the client does not tell of changed settings: {error}");
            }
        });
    }

    /// Files change without an editor, too.
    fn ask_for_file_changes(&self) {
        if !self.session.client.registers_watchers {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            let extensions: Vec<&str> = Language::parsed_extensions().collect();
            let watchers = [format!("**/*.{{{}}}", extensions.join(",")), "**/.{gitignore,fimbleignore}".to_owned()];
            let watchers = watchers.map(|pattern| serde_json::json!({ "globPattern": pattern }));
            let registration = Registration {
                id: "fimble/files".to_owned(),
                method: "workspace/didChangeWatchedFiles".to_owned(),
                register_options: Some(serde_json::json!({ "watchers": watchers })),
            };
            if let Err(error) = client.register_capability(vec![registration]).await {
                tracing::warn!("the client does not tell of changed files: {error}");
            }
        });
    }

    fn show_once(&mut self, kind: MessageType, message: String) {
        if self.told.insert(message.clone()) {
            self.show(kind, message);
        }
    }

    fn show(&mut self, kind: MessageType, message: String) {
        if !self.begun {
            self.untold.push((kind, message));
            return;
        }
        tracing::warn!("told the user: {message}");
        let client = self.client.clone();
        tokio::spawn(async move { client.show_message(kind, message).await });
    }
}
