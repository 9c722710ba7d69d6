//! The notification `experimental/serverStatus`: the server's health, for a status line. rust-analyzer defined it, and
//! several clients show it.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::ls_types::notification::Notification;

use fimble_completion::engine::ModelInfo;
use fimble_remote::Routing;

use crate::engine_slot::EngineState;
use crate::request::RemoteStatus;
use crate::session::Session;

enum ServerStatusNotification {}

impl Notification for ServerStatusNotification {
    type Params = ServerStatus;
    const METHOD: &'static str = "experimental/serverStatus";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerStatus {
    health: Health,
    /// False while a model is being loaded.
    quiescent: bool,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    Ok,
    /// The server works, but not with the model that the settings name.
    Warning,
    Error,
}

impl ServerStatus {
    pub(crate) fn of(session: &Session, remote: Option<RemoteStatus>) -> Self {
        let engine = &session.engine;
        let wanted = session.settings.model.as_deref().unwrap_or("the embedded model");
        let (health, quiescent, message) = match (engine.state(), engine.failure()) {
            _ if !session.settings.enabled => (Health::Ok, true, "fimble is switched off".to_owned()),
            _ if engine.is_loading() => (Health::Ok, false, format!("Loading {wanted}")),
            (EngineState::Ready(serving), Some(failure)) => {
                let message = format!("{failure} The model {} stays in use.", serving.model().id.name);
                (Health::Warning, true, message)
            }
            (EngineState::Ready(serving), None) => {
                let ModelInfo { id: model, engine, .. } = serving.model();
                let mut message = format!("Model: {} ({engine})", model.name);
                if let Some(remote) = remote.filter(|remote| remote.routing != Routing::Local) {
                    let host = &remote.host;
                    message += &match (remote.is_backing_off, remote.routing) {
                        (true, _) => format!(" alone, because {host} does not respond"),
                        (false, Routing::Remote) => format!(", used only if {host} is unavailable"),
                        (false, _) => format!(", and {host} if the model is not sure"),
                    };
                }
                if let Some(drift) = session.usage.drifts.iter().find(|drift| drift.model == **model) {
                    message += &format!(". {drift}; see `fimble stats`");
                }
                (Health::Ok, true, message)
            }
            (EngineState::Failed, Some(failure)) => (Health::Error, true, failure.to_owned()),
            (EngineState::Failed | EngineState::Loading, _) => (Health::Ok, false, "Starting".to_owned()),
        };
        Self { health, quiescent, message }
    }
}

/// Sends statuses in order, and skips those that are out of date before the client can read them.
pub(crate) struct StatusSender(watch::Sender<Option<ServerStatus>>);

impl StatusSender {
    pub(crate) fn new(client: Client) -> Self {
        let (sender, mut latest) = watch::channel(None);
        tokio::spawn(async move {
            while latest.changed().await.is_ok() {
                let status = latest.borrow_and_update().clone();
                if let Some(status) = status {
                    client.send_notification::<ServerStatusNotification>(status).await;
                }
            }
        });
        Self(sender)
    }

    pub(crate) fn send(&self, status: ServerStatus) {
        self.0.send_if_modified(|latest| {
            let differs = latest.as_ref() != Some(&status);
            *latest = Some(status);
            differs
        });
    }
}
