//! `fimble lsp`: the language server on standard input and output.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use fimble::request::daily_quota::daily_quota_file;
use fimble::settings::{LogLevel, MachinePolicy, ModelChoice, Options, user_file};
use fimble::usage::user_stats_file;
use fimble::{KnownModel, LoadEngine, ServeOptions, serve};
use fimble_completion::engine::Engine;
use fimble_inference::EngineOptions;
use fimble_models::{NamedModel, named_models};

use super::Common;
use super::engine::{load_model, start_log};

pub(super) fn run(common: &Common) -> anyhow::Result<ExitCode> {
    let machine_policy = Arc::new(MachinePolicy::read(MachinePolicy::path()));
    let (log, _) = start_log(common, &machine_policy, LogLevel::default())?;
    let command_line =
        common.options(Options { log_level: common.log_level.map(LogLevel::from), ..Options::default() });
    let policy = machine_policy.clone();
    let options = ServeOptions {
        command_line,
        user_file: user_file(),
        usage_stats: user_stats_file(),
        daily_quota_file: daily_quota_file(),
        machine_policy: machine_policy.clone(),
        models: Arc::new(move || known_models(&policy)),
        log,
        ..ServeOptions::default()
    };

    if std::io::stdin().is_terminal() {
        eprintln!("fimble is waiting for an editor on standard input; `fimble --help` lists other commands");
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    let status = runtime.block_on(serve(
        tokio::io::stdin(),
        tokio::io::stdout(),
        load_engine(EngineOptions::default(), machine_policy),
        options,
    ));
    // A read of standard input cannot be interrupted. Waiting for it would keep the process alive after `exit`.
    runtime.shutdown_background();
    Ok(ExitCode::from(status))
}

fn known_models(policy: &MachinePolicy) -> Vec<KnownModel> {
    let (from_file, _) = user_file().map(|path| Options::from_file(&path)).unwrap_or_default();
    let (settings, _) = policy.resolve([&from_file]);
    let models =
        named_models(settings.manifest_key.as_deref()).into_iter().filter(|model| model.manifest.base.is_none());
    let known = models.map(|NamedModel { manifest, folder, installed, .. }| KnownModel {
        name: manifest.name,
        summary: manifest.description.unwrap_or_default(),
        installed,
        folder,
    });
    known.collect()
}

/// Returns the function that the server loads models with.
pub(super) fn load_engine(options: EngineOptions, policy: Arc<MachinePolicy>) -> LoadEngine {
    Arc::new(move |choice: &ModelChoice| {
        let engine = load_model(choice, options.clone(), &policy).map_err(|error| format!("{error}."))?;
        Ok(Arc::new(engine) as Arc<dyn Engine>)
    })
}
