//! The language server, from its first byte to its exit status.

use std::path::PathBuf;
use std::sync::Arc;

use fimble_completion::ablations::Ablations;
use fimble_remote::RemoteEngine;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::dispatch::Dispatch;
use super::event::{ClientEvent, Event};
use super::handlers::models::KnownModel;
use super::{service, transport};
use crate::engine_slot::LoadEngine;
use crate::log::LogControl;
use crate::request::Connect;
use crate::settings::{MachinePolicy, Options};

/// Lists the models that have a name. Reads the disk.
pub type ListModels = Arc<dyn Fn() -> Vec<KnownModel> + Send + Sync>;

/// What the command line decides. The default takes everything from the client and keeps nothing on disk.
#[derive(Clone)]
pub struct ServeOptions {
    /// Settings that override every other source but the machine's policy.
    pub command_line: Options,
    /// The user's settings; the binary uses [`user_file`](crate::settings::user_file).
    pub user_file: Option<PathBuf>,
    /// Where counts are kept over the weeks; the binary uses [`user_stats_file`](crate::usage::user_stats_file).
    pub usage_stats: Option<PathBuf>,
    pub machine_policy: Arc<MachinePolicy>,
    /// How the server that the settings name is asked.
    pub connect: Connect,
    /// Where remote requests are counted by day; the binary uses
    /// [`daily_quota_file`](crate::request::daily_quota::daily_quota_file).
    pub daily_quota_file: Option<PathBuf>,
    /// The models that users may choose from.
    pub models: ListModels,
    /// The log, whose level is a setting.
    pub log: LogControl,
    /// What a measurement switches off.
    pub ablations: Ablations,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            command_line: Options::default(),
            user_file: None,
            usage_stats: None,
            machine_policy: Arc::default(),
            connect: Arc::new(|settings| Arc::new(RemoteEngine::new(settings.clone()))),
            daily_quota_file: None,
            models: Arc::new(Vec::new),
            log: LogControl::default(),
            ablations: Ablations::default(),
        }
    }
}

/// Speaks LSP on two byte streams until the client sends `exit` or goes away; returns the process's exit status, which
/// is 0 after a `shutdown` and 1 without.
///
/// CompletionTask that a model is in the middle of ends by itself a moment later, and a standard input never read to its end
/// keeps a thread. So the caller should let its runtime go with `shutdown_background`.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
    load: LoadEngine,
    options: ServeOptions,
) -> u8 {
    let (events, received) = mpsc::unbounded_channel();
    let (service, socket, client) = service::service(events.clone());
    let mut main_loop = tokio::spawn(Dispatch::new(client, load, options, events.clone()).run(received));

    let notify = |message| service::notify(message, &events);
    let ended = || drop(events.send(Event::Client(ClientEvent::Ended)));
    let speaking = async {
        if let Err(error) = transport::run(input, output, service, socket, notify, ended).await {
            tracing::warn!("the client does not read any more: {error}");
            ended();
        }
    };
    tokio::pin!(speaking);
    let shut_down = tokio::select! {
        () = &mut speaking => main_loop.await,
        result = &mut main_loop => {
            // The last replies are still to be written, unless it panicked: a server that answers nothing must not
            // live on.
            if result.is_ok() {
                speaking.await;
            }
            result
        }
    };
    match shut_down {
        Ok(true) => 0,
        Ok(false) => {
            tracing::warn!("the client went away without a shutdown request");
            1
        }
        Err(error) => {
            tracing::error!("fimble has crashed: {error}");
            1
        }
    }
}
