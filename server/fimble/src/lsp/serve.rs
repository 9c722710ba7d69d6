//! The language server, from its first byte to its exit status.

use std::path::PathBuf;
use std::sync::Arc;

use fimble_completion::engine::Engine;
use fimble_completion::pin::PinScope;
use fimble_remote::RemoteEngine;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::backend;
use crate::event::Event;
use crate::lsp::handlers::models::KnownModel;
use crate::log::LogControl;
use crate::settings::MachinePolicy;
use crate::main_loop::MainLoop;
use crate::settings::{ModelChoice, Options};
use crate::remote::Connect;
use crate::transport;

/// Loads the model that the settings name (`None`: the embedded one), on a thread of its own. The error is a sentence
/// for the user that says what is wrong and what to do.
pub type LoadEngine = Arc<dyn Fn(&ModelChoice) -> Result<Arc<dyn Engine>, String> + Send + Sync>;

/// The models that have a name. Looks at the disk.
pub type ListModels = Arc<dyn Fn() -> Vec<KnownModel> + Send + Sync>;

/// What the command line decides. The default takes everything from the client.
#[derive(Clone)]
pub struct ServeOptions {
    /// Settings that win over every other source of them.
    pub command_line: Options,
    /// The user's settings, [`crate::settings::user_file`] in earnest; `None` reads none.
    pub user_file: Option<PathBuf>,
    /// Where counts are kept over the weeks, [`crate::usage::user_stats_file`] in earnest; `None` keeps none.
    pub usage_stats: Option<PathBuf>,
    /// What was decided for the machine.
    pub machine_policy: Arc<MachinePolicy>,
    /// How a server elsewhere is asked, if the user names one.
    pub connect: Connect,
    /// Where it is counted how often that was today, [`crate::remote::daily_quota_file`] in earnest; `None` counts in memory.
    pub daily_quota_file: Option<PathBuf>,
    /// What users may choose from.
    pub models: ListModels,
    /// The log whose level the settings decide.
    pub log: LogControl,
    /// What the server does beyond asking the model.
    pub mechanisms: Mechanisms,
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
            mechanisms: Mechanisms::default(),
        }
    }
}

/// What makes most keys cheap. All of it is on but for measuring what it brings.
#[derive(Debug, Clone, Copy)]
pub struct Mechanisms {
    /// See [`PinScope`].
    pub pins: PinScope,
    /// Whether suggestions are kept for typing along and coming back.
    pub suggestion_cache: bool,
    /// Whether the engine is given something to do in pauses.
    pub work_ahead: bool,
}

impl Default for Mechanisms {
    fn default() -> Self {
        Self { pins: PinScope::Place, suggestion_cache: true, work_ahead: true }
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
    let (service, socket, client) = backend::service(events.clone());
    let mut main_loop = tokio::spawn(MainLoop::new(client, load, options, events.clone()).run(received));

    let observe = |request: &_| {
        if let Some(event) = backend::unreadable_change(request) {
            let _ = events.send(event);
        }
    };
    let ended = || drop(events.send(Event::Ended));
    let speaking = async {
        if let Err(error) = transport::run(input, output, service, socket, observe, ended).await {
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
            tracing::error!("fimble has failed: {error}");
            1
        }
    }
}
