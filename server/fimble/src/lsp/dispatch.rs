//! The main loop: the one place where the session changes. It applies events in the order in which they came, and waits
//! neither for the client nor for an engine. What takes time runs as a task and comes back as an event.

use std::path::PathBuf;

use fimble_completion::settings::ContextScope;
use tokio::sync::mpsc;
use tower_lsp::Client;

use super::capabilities::ClientFeatures;
use super::client::EditorClient;
use super::event::{ClientEvent, CompletionCall, Event, EventSender, Reply};
use super::from_proto;
use super::handlers::models::Models;
use super::handlers::{did_change, did_change_configuration, did_close, did_open, execute_command, initialize, status};
use super::options::{ListModels, ServeOptions};
use super::position::offset_at;
use super::progress::Progress;
use super::server_status::ServerStatus;
use crate::engine_slot::{EngineSlot, EngineState, LoadEngine, Loaded, Settled};
use crate::log::LogControl;
use crate::notices::Notices;
use crate::request::{CompletionRequest, Requests};
use crate::session::{Session, Sources};
use crate::settings::Settings;
use crate::tasks::Tasks;
use crate::usage::Usage;
use crate::workspace::{Reading, Workspace};

pub(crate) struct Dispatch {
    session: Session,
    requests: Requests,
    client: EditorClient,
    events: EventSender,
    user_file: Option<PathBuf>,
    models: ListModels,
    log: LogControl,
    phase: Phase,
    /// The progress that the client shows of a load, and of reading the workspace.
    loading: Option<Progress>,
    reading: Option<Progress>,
}

/// How far the session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Before `initialize`.
    New,
    /// The client may not listen yet.
    Initialized,
    /// The client listens, and the model is loaded.
    Running,
    ShutDown,
}

impl Dispatch {
    pub(crate) fn new(client: Client, load: LoadEngine, options: ServeOptions, events: EventSender) -> Self {
        let session = Session {
            documents: Default::default(),
            workspace: Workspace::new(tasks(&events, Event::Workspace)),
            sources: Sources {
                command_line: options.command_line,
                machine: options.machine_policy,
                ..Sources::default()
            },
            settings: Settings::default(),
            engine: EngineSlot::new(load, tasks(&events, Event::EngineLoaded)),
            usage: Usage::new(options.usage_stats, tasks(&events, Event::Usage)),
            notices: Notices::default(),
            ablations: options.ablations,
        };
        Self {
            session,
            requests: Requests::new(
                options.connect,
                options.daily_quota_file,
                tasks(&events, |event| Event::Request(Box::new(event))),
            ),
            client: EditorClient::new(client),
            events,
            user_file: options.user_file,
            models: options.models,
            log: options.log,
            phase: Phase::New,
            loading: None,
            reading: None,
        }
    }

    /// Applies events until the client has sent its last message. Returns whether the client asked for the shutdown.
    pub(crate) async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>) -> bool {
        while let Some(event) = events.recv().await {
            if matches!(event, Event::Client(ClientEvent::Ended)) {
                break;
            }
            self.apply(event);
            self.session.usage.plan_save();
            self.inform_client();
        }
        self.requests.end_all();
        self.session.usage.save_last().await;
        // Freeing a model takes a while, and the client need not wait for it.
        let session = self.session;
        std::thread::spawn(move || drop(session));
        self.phase == Phase::ShutDown
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Client(event) => self.apply_client_event(event),
            Event::Request(event) => self.requests.handle(&mut self.session, *event),
            Event::Usage(event) => self.session.usage.handle(event, &mut self.session.notices),
            Event::Workspace(reading) => self.workspace_read(reading),
            Event::EngineLoaded(loaded) => self.engine_loaded(loaded),
            Event::Configuration(settings) => {
                let problems = did_change_configuration::configuration(&mut self.session, &settings);
                self.settings_changed(problems);
            }
        }
    }

    fn apply_client_event(&mut self, event: ClientEvent) {
        let session = &mut self.session;
        match event {
            ClientEvent::Initialize(params, reply) => {
                self.client.features = ClientFeatures::of(&params);
                let user_file = self.user_file.as_deref();
                let (result, problems) = initialize::initialize(session, &params, &self.client.features, user_file);
                let _ = reply.send(result);
                self.phase = self.phase.max(Phase::Initialized);
                self.settings_changed(problems);
            }
            // The protocol forbids everything else before `initialize`.
            _ if self.phase == Phase::New => tracing::warn!("a message before `initialize` is ignored"),
            ClientEvent::Initialized => {
                self.start();
                self.client.register_configuration_changes();
                self.client.register_file_changes();
                self.client.ask_for_configuration(&self.events);
            }
            ClientEvent::DidOpen(params) => {
                // Some clients leave out `initialized`.
                self.start();
                let id = from_proto::document_id(&params.text_document.uri);
                self.requests.end_document(&id);
                did_open::did_open(&mut self.session, id.clone(), params.text_document);
                self.requests.opened(&mut self.session, id);
            }
            ClientEvent::DidChange(params) => {
                self.requests.note_activity();
                did_change::did_change(session, params, &self.client.features);
            }
            ClientEvent::UnreadableChange(uri) => {
                did_change::lost_edit(session, &from_proto::document_id(&uri), "it could not be read");
            }
            ClientEvent::DidClose(params) => {
                let id = from_proto::document_id(&params.text_document.uri);
                self.requests.end_document(&id);
                did_close::did_close(session, &id);
            }
            ClientEvent::FilesChanged(files) => {
                session.workspace.changed(files.iter().filter_map(from_proto::file_path).collect());
            }
            ClientEvent::FoldersChanged(change) => {
                let paths = |folders: Vec<tower_lsp::ls_types::WorkspaceFolder>| {
                    folders.iter().filter_map(|folder| from_proto::file_path(&folder.uri)).collect::<Vec<_>>()
                };
                session.workspace.change_folders(paths(change.added), &paths(change.removed));
                self.requests.folders_changed();
                self.read_workspace();
            }
            ClientEvent::DidChangeConfiguration(settings) => {
                if did_change_configuration::is_empty(&settings) && self.client.features.configuration {
                    self.client.ask_for_configuration(&self.events);
                } else {
                    let problems = did_change_configuration::configuration(session, &settings);
                    self.settings_changed(problems);
                }
            }
            ClientEvent::Complete(call) => self.complete(call),
            ClientEvent::ExecuteCommand(params, reply) => {
                let _ = reply.send(execute_command::execute_command(session, params));
            }
            ClientEvent::Status(reply) => {
                let _ = reply.send(status::status(session, self.requests.remote_status()));
            }
            ClientEvent::Models(reply) => self.list_models(reply),
            ClientEvent::Shutdown => {
                self.phase = Phase::ShutDown;
                self.requests.end_all();
            }
            ClientEvent::Ended => {}
        }
    }

    fn complete(&mut self, call: CompletionCall) {
        let CompletionCall { position, surface, invoked, cancel, reply } = call;
        let document = from_proto::document_id(&position.text_document.uri);
        let position = from_proto::position(position.position);
        let offset = match self.session.documents.get(&document) {
            Some(open) => offset_at(open.document.text(), position, self.client.features.encoding).ok(),
            None => {
                tracing::warn!("a completion was requested in a document that is not open");
                None
            }
        };
        match offset {
            Some(offset) => {
                let request = CompletionRequest { document, offset, surface, invoked };
                self.requests.ask(&mut self.session, request, cancel, reply);
            }
            None => {
                let _ = reply.send(None);
            }
        }
    }

    /// Begins what has to wait for a client that listens.
    fn start(&mut self) {
        if self.phase == Phase::Initialized {
            self.phase = Phase::Running;
            self.load_model();
            self.read_workspace();
        }
    }

    fn settings_changed(&mut self, problems: Vec<String>) {
        let (changed, more) = self.session.resolve_settings();
        problems.into_iter().chain(more).for_each(|problem| self.session.notices.warn_once(problem));
        self.session.usage.set_kept(self.session.settings.statistics);
        self.requests.configure_remote(&self.session);
        if changed {
            self.requests.forget(&mut self.session);
            self.log.set_level(self.session.settings.log_level);
            tracing::info!(settings = ?self.session.settings, "settings");
        }
        if self.phase == Phase::Running {
            self.load_model();
            self.read_workspace();
        }
    }

    /// Loads the model that the settings name, unless the latest load was of the same one.
    fn load_model(&mut self) {
        if !self.session.settings.enabled {
            return;
        }
        let choice = self.session.settings.choice();
        if self.session.engine.request(&choice) {
            self.loading = self.client.progress(format!("Loading {choice}"));
        }
    }

    fn engine_loaded(&mut self, loaded: Loaded) {
        let Some(settled) = self.session.engine.settle(loaded) else { return };
        if let Some(loading) = self.loading.take() {
            loading.end(if matches!(settled, Settled::Ready) { "ready" } else { "failed" });
        }
        match (settled, self.session.engine.state()) {
            (Settled::Ready, _) => {
                self.requests.forget(&mut self.session);
                self.requests.warm_up_opened(&mut self.session);
                self.session.usage.look_for_drift();
            }
            // Editors may not say whose message it is.
            (Settled::Failed(message), EngineState::Ready(engine)) => {
                let message = format!("fimble: {message} The model {} stays in use.", engine.model().id.name);
                self.session.notices.error(message);
            }
            (Settled::Failed(message), _) => self.session.notices.error(format!("fimble: {message}")),
        }
    }

    /// Reads the workspace if the settings use its files, else forgets what was read.
    fn read_workspace(&mut self) {
        if self.phase != Phase::Running {
            return;
        }
        let Session { settings, workspace, .. } = &mut self.session;
        workspace.exclude(&settings.exclude);
        if !settings.enabled || settings.context < ContextScope::Workspace {
            workspace.close();
            self.reading = None;
        } else if workspace.open() {
            self.reading = self.client.progress("Reading the workspace");
        }
    }

    fn workspace_read(&mut self, reading: Reading) {
        if let Some(limit) = reading.limit {
            tracing::warn!(
                "fimble knows {} files of this workspace and not the others, because of {limit}; name files that it need \
                 not read in a file .fimbleignore",
                reading.files
            );
        }
        let message = format!("{} files", reading.files);
        match (&self.reading, reading.ended) {
            (Some(progress), false) => progress.report(message),
            (Some(_), true) => self.reading.take().into_iter().for_each(|progress| progress.end(message.clone())),
            (None, _) => {}
        }
        if self.session.workspace.note(reading) {
            // The open documents were read before the files were known.
            self.session.clear_pins();
            self.requests.warm_up_opened(&mut self.session);
        }
    }

    fn list_models(&self, reply: Reply<Models>) {
        let current = self.session.settings.model.clone().unwrap_or_else(|| "embedded".to_owned());
        let list = self.models.clone();
        tokio::task::spawn_blocking(move || reply.send(Models { current, models: list() }));
    }

    /// Shows what has come up since the last event.
    fn inform_client(&mut self) {
        if self.phase >= Phase::Running {
            for notice in self.session.notices.take() {
                self.client.show(notice);
            }
            self.client.show_status(|| ServerStatus::of(&self.session, self.requests.remote_status()));
        }
    }
}

/// Tasks whose events `wrap` makes into the main loop's.
fn tasks<E: Send + 'static>(events: &EventSender, wrap: fn(E) -> Event) -> Tasks<E> {
    let events = events.clone();
    // Nobody receives once the server has ended.
    Tasks::new(move |event| drop(events.send(wrap(event))))
}
