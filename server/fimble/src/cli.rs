//! The command line. Results go to standard output. Errors go to standard error and name the next step.

mod ablation;
mod arguments;
mod complete;
mod engine;
mod eval;
mod forget;
mod lsp;
mod models;
mod replay;
mod settings;
mod stats;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use fimble::settings::{LogLevel, Options};
use fimble_inference::EngineChoice;

/// Code completion by a small language model on your own machine.
///
/// Without a subcommand, fimble is a language server on standard input and output. Editors start it this way. A model
/// is built in. Only `fimble models pull` downloads anything, and fimble sends code to no other machine unless you name
/// a server in your fimble.toml.
#[derive(Parser)]
#[command(version, after_help = "Try it: fimble complete src/main.rs:10:5")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    stdio: Stdio,
    #[command(flatten)]
    common: Common,
}

#[derive(Subcommand)]
enum Command {
    /// Serve an editor over standard input and output (the default)
    Lsp(Stdio),
    /// Complete a file at one position and print the text to insert
    Complete(complete::Arguments),
    /// Measure a model on fill-in-the-middle cases
    Eval(eval::Arguments),
    Replay(replay::Arguments),
    Stats(stats::Arguments),
    Forget(forget::Arguments),
    Models(models::Arguments),
}

#[derive(Args)]
struct Stdio {
    /// Accepted for editors that pass it; fimble always uses standard input and output
    #[arg(long)]
    stdio: bool,
}

/// Arguments that every subcommand takes.
#[derive(Args)]
struct Common {
    /// Model to run: `embedded`, the name of an installed model, or the path of a folder or a .gguf file
    #[arg(long, global = true, value_name = "NAME|PATH")]
    model: Option<String>,
    /// LoRA adapter to apply to the model: the name of an installed adapter, or the path of a folder in peft's layout
    #[arg(long, global = true, value_name = "NAME|PATH")]
    adapter: Option<String>,
    /// Library that runs the model [default: the `engine` setting]
    #[arg(long, global = true, value_name = "ENGINE")]
    engine: Option<EngineName>,
    /// Number of threads that llama.cpp computes with; 0 is one per physical core [default: the `threads` setting]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(..=256))]
    threads: Option<u16>,
    /// Level of the log on standard error; `trace` includes source text
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<Level>,
    /// Write the log to this file instead of standard error
    #[arg(long, global = true, value_name = "PATH")]
    log_file: Option<PathBuf>,
}

impl Common {
    /// The settings that these arguments and `others`, those of the subcommand, make.
    fn options(&self, others: Options) -> Options {
        Options {
            model: self.model.clone(),
            adapter: self.adapter.clone(),
            engine: self.engine.map(EngineChoice::from),
            threads: self.threads.map(usize::from),
            ..others
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum EngineName {
    /// llama.cpp for a .gguf file if this build has it, and mistral.rs for everything else
    Auto,
    Mistralrs,
    #[value(name = "llama.cpp")]
    LlamaCpp,
}

impl From<EngineName> for EngineChoice {
    fn from(engine: EngineName) -> Self {
        match engine {
            EngineName::Auto => Self::Auto,
            EngineName::Mistralrs => Self::MistralRs,
            EngineName::LlamaCpp => Self::LlamaCpp,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
            Level::Debug => Self::Debug,
            Level::Trace => Self::Trace,
        }
    }
}

pub(crate) fn run() -> ExitCode {
    let Arguments { command, stdio: Stdio { stdio: _ }, common } = Arguments::parse();
    let result = match command {
        None | Some(Command::Lsp(_)) => lsp::run(&common),
        Some(Command::Complete(arguments)) => complete::run(arguments, &common),
        Some(Command::Eval(arguments)) => eval::run(&arguments, &common),
        Some(Command::Replay(arguments)) => replay::run(&arguments, &common),
        Some(Command::Stats(arguments)) => stats::run(&arguments),
        Some(Command::Forget(arguments)) => forget::run(&arguments),
        Some(Command::Models(arguments)) => models::run(arguments),
    };
    result.unwrap_or_else(|error| {
        // A reader such as `head` closes the pipe when it has enough, which is not a failure.
        let is_broken_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        if error.downcast_ref().is_some_and(is_broken_pipe) {
            return ExitCode::SUCCESS;
        }
        eprintln!("fimble: {error:#}");
        ExitCode::FAILURE
    })
}
