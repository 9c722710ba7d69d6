//! What the command line, or a test, decides about a server.

use std::path::PathBuf;
use std::sync::Arc;

use fimble_completion::ablations::Ablations;
use fimble_remote::RemoteEngine;

use super::handlers::models::KnownModel;
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
