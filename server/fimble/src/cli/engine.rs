//! Loads a model for a subcommand, and reports its timing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use fimble::log::{self, LogControl};
use fimble::settings::{LogLevel, MachinePolicy, ModelChoice, Options, Settings};
use fimble_completion::complete::Timing;
use fimble_inference::{EngineOptions, LocalEngine};
use fimble_models::locate;
use fimble_remote::Routing;
use serde::Serialize;

use super::Common;
use super::settings::settings;

/// The user's settings, and the model that the settings or the command line choose.
pub(super) struct LoadedEngine {
    pub(super) engine: LocalEngine,
    pub(super) settings: Settings,
    /// The deadline of a request while the user types. `settings.completion` has none, because a command counts as an
    /// invoked request.
    pub(super) deadline: Option<Duration>,
    pub(super) load_time: Duration,
}

/// `from_arguments` are the settings that the subcommand's own arguments make.
pub(super) fn load(common: &Common, from_arguments: Options) -> anyhow::Result<LoadedEngine> {
    let policy = MachinePolicy::read(MachinePolicy::path());
    // A library's warnings would stand between the user and the result.
    start_log(common, &policy, LogLevel::Error)?;

    let mut settings = settings(&policy, &common.options(from_arguments));
    let deadline = settings.completion.deadline;
    settings.completion = settings.completion.for_invoked();

    let started = Instant::now();
    let engine = load_model(&settings.choice(), EngineOptions::default(), &policy)?;
    Ok(LoadedEngine { engine, settings, deadline, load_time: started.elapsed() })
}

/// Starts the log at the level of the machine's policy, else of the command line, else at `default`. Returns the level too.
pub(super) fn start_log(
    common: &Common,
    policy: &MachinePolicy,
    default: LogLevel,
) -> anyhow::Result<(LogControl, LogLevel)> {
    let level = common.log_level.map_or(default, LogLevel::from);
    let level = policy.fixed().log_level.unwrap_or(level);
    let log = log::start(common.log_file.as_deref(), level).context("cannot start the log; check --log-file")?;
    Ok((log, level))
}

/// Loads the model that the user chose, if the machine policy allows it. The choice decides what runs it, and `options` the
/// rest.
pub(super) fn load_model(
    choice: &ModelChoice,
    options: EngineOptions,
    policy: &MachinePolicy,
) -> anyhow::Result<LocalEngine> {
    let key = choice.manifest_key.as_deref();
    let mut model = locate(choice.model.as_deref(), key)?;
    if let Some(adapter) = &choice.adapter {
        model = model.with_adapter(adapter, key)?;
    }
    policy.check(choice, &model).map_err(anyhow::Error::msg)?;
    Ok(LocalEngine::start(model, EngineOptions { engine: choice.engine, threads: choice.threads, ..options })?)
}

/// Fails if `asked`, the routing on the command line, is not possible with `settings`.
pub(super) fn check_routing(asked: Routing, settings: &Settings) -> anyhow::Result<()> {
    if asked == Routing::Local {
        return Ok(());
    }
    if settings.remote.is_none() {
        bail!(NO_REMOTE);
    }
    if settings.routing != asked {
        bail!("the policy of this machine, `{}`, fixes `routing` to another value", MachinePolicy::path().display());
    }
    Ok(())
}

/// Why nobody but the local model can be asked.
pub(super) const NO_REMOTE: &str =
    "no server is configured: add a `[remote]` table to your fimble.toml (see docs/remote.md)";

/// The stages of a completion, in milliseconds.
#[derive(Serialize)]
pub(super) struct Stages {
    /// All stages; loading the model is not included.
    total_ms: f64,
    /// Choosing the context, planning and writing the prompt.
    preparing_ms: f64,
    /// Evaluating the prompt, up to the first token.
    evaluating_ms: f64,
    /// Generating the tokens after the first one.
    generating_ms: f64,
}

impl From<Timing> for Stages {
    fn from(timing: Timing) -> Self {
        Self {
            total_ms: milliseconds(timing.total),
            preparing_ms: milliseconds(timing.preparing),
            evaluating_ms: milliseconds(timing.evaluating),
            generating_ms: milliseconds(timing.generating),
        }
    }
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    // Times on a shared machine are not exact to less than a microsecond.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
