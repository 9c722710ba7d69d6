//! Talks to the editor: messages, progress, status, and registrations.

use fimble_completion::language::Language;
use serde_json::{Value, json};
use tower_lsp::Client;
use tower_lsp::ls_types::{ConfigurationItem, Registration};

use super::capabilities::ClientFeatures;
use super::event::{Event, EventSender};
use super::progress::Progress;
use super::server_status::{ServerStatus, StatusSender};
use super::to_proto;
use crate::notices::Notice;

pub(crate) struct EditorClient {
    client: Client,
    pub(crate) features: ClientFeatures,
    /// For a client that shows the server's status.
    status: Option<StatusSender>,
}

impl EditorClient {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, features: ClientFeatures::default(), status: None }
    }

    pub(crate) fn show(&self, notice: Notice) {
        tracing::warn!("told the user: {}", notice.text);
        let (client, kind) = (self.client.clone(), to_proto::message_type(notice.severity));
        tokio::spawn(async move { client.show_message(kind, notice.text).await });
    }

    /// Sends the status unless it is the one sent last. It is made only for a client that shows it.
    pub(crate) fn show_status(&mut self, status: impl FnOnce() -> ServerStatus) {
        if self.features.server_status {
            self.status.get_or_insert_with(|| StatusSender::new(self.client.clone())).send(status());
        }
    }

    /// `None` for a client that shows no progress.
    pub(crate) fn progress(&self, title: impl Into<String>) -> Option<Progress> {
        self.features.progress.then(|| Progress::begin(self.client.clone(), title.into()))
    }

    /// The answer comes as an event.
    pub(crate) fn ask_for_configuration(&self, events: &EventSender) {
        if !self.features.configuration {
            return;
        }
        let (client, events) = (self.client.clone(), events.clone());
        tokio::spawn(async move {
            let item = ConfigurationItem { scope_uri: None, section: Some("fimble".to_owned()) };
            match client.configuration(vec![item]).await {
                Ok(answers) => {
                    let answer = answers.into_iter().next().unwrap_or(Value::Null);
                    let _ = events.send(Event::Configuration(answer));
                }
                Err(error) => tracing::warn!("the client does not answer for its settings: {error}"),
            }
        });
    }

    /// Some clients report changed settings only after this.
    pub(crate) fn register_configuration_changes(&self) {
        if self.features.registers_configuration {
            self.register("workspace/didChangeConfiguration", json!({ "section": "fimble" }));
        }
    }

    /// Files change without an editor, too.
    pub(crate) fn register_file_changes(&self) {
        if self.features.registers_watchers {
            let extensions: Vec<&str> = Language::parsed_extensions().collect();
            let patterns = [format!("**/*.{{{}}}", extensions.join(",")), "**/.{gitignore,fimbleignore}".to_owned()];
            let watchers = patterns.map(|pattern| json!({ "globPattern": pattern }));
            self.register("workspace/didChangeWatchedFiles", json!({ "watchers": watchers }));
        }
    }

    fn register(&self, method: &'static str, options: Value) {
        let client = self.client.clone();
        tokio::spawn(async move {
            let id = format!("fimble/{method}");
            let registration = Registration { id, method: method.to_owned(), register_options: Some(options) };
            if let Err(error) = client.register_capability(vec![registration]).await {
                tracing::warn!("the client refuses to register {method}: {error}");
            }
        });
    }
}
