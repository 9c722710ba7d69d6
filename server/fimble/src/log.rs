//! The log goes to standard error, which editors keep, or to a file. Its level is a setting that may change while the server
//! runs. Panics are logged too.
//!
//! Source text is logged at trace level only, here and in every crate of the workspace.

use std::backtrace::Backtrace;
use std::fs::OpenOptions;
use std::io;
use std::panic::{self, PanicHookInfo};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::settings::LogLevel;

/// Changes the level of a running log. [`LogControl::default`] controls none, for tests.
#[derive(Debug, Clone, Default)]
pub struct LogControl(Option<reload::Handle<Targets, Registry>>);

/// Starts the process's log, once. `file` is appended to; without one the log goes to standard error.
pub fn start(file: Option<&Path>, level: LogLevel) -> io::Result<LogControl> {
    let writer = match file {
        Some(path) => BoxMakeWriter::new(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)),
        None => BoxMakeWriter::new(io::stderr),
    };
    let (subscriber, control) = subscriber(writer, level);
    subscriber.try_init().map_err(io::Error::other)?;
    panic::set_hook(Box::new(log_panic));
    Ok(control)
}

/// Logs where and why a thread panicked. A stripped binary has no function names for the backtrace: build with
/// `CARGO_PROFILE_RELEASE_STRIP=none` to get them.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    // The standard library quotes the text in which an index was wrong, which may be source text.
    let before_quote = message.split(['`', '"', '\'']).next().unwrap_or_default();
    let thread = thread::current();
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::force_capture();
    tracing::error!(
        "fimble has a bug: the thread `{}` panicked at {location}: {before_quote}\n{backtrace}",
        thread.name().unwrap_or("without a name")
    );
    tracing::trace!("the panic's whole message: {message}");
}

fn subscriber(writer: BoxMakeWriter, level: LogLevel) -> (impl SubscriberInitExt, LogControl) {
    let (filter, handle) = reload::Layer::new(targets(level));
    // Editors show the log as it is, without a terminal's colours.
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    (tracing_subscriber::registry().with(filter).with(lines), LogControl(Some(handle)))
}

impl LogControl {
    /// Takes effect with the next message.
    pub fn set_level(&self, level: LogLevel) {
        if let Some(handle) = &self.0
            && let Err(error) = handle.reload(targets(level))
        {
            tracing::warn!("the log level stays as it is: {error}");
        }
    }
}

/// The level is fimble's. Libraries log their internals, and some of them source text, below a warning.
fn targets(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // One prefix covers every crate of the workspace.
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        // mistral.rs warns about every model that is not made for chat, and none of ours is.
        .with_target("mistralrs", LevelFilter::ERROR)
        .with_target("fimble", level)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use tracing::Level;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_changed_level_applies_at_once() {
        let lines = Lines::default();
        let writer = lines.clone();
        let (subscriber, control) = subscriber(BoxMakeWriter::new(move || writer.clone()), LogLevel::Warn);
        let logging = subscriber.set_default();
        tracing::info!("one");
        control.set_level(LogLevel::Info);
        tracing::info!("two");
        control.set_level(LogLevel::Error);
        tracing::info!("three");
        drop(logging);
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(lines.lines().count() == 1 && lines.contains("two"), "{lines}");
    }

    #[test]
    fn a_panic_is_logged_without_the_text_it_quotes() {
        let lines = Lines::default();
        let writer = lines.clone();
        let (subscriber, _) = subscriber(BoxMakeWriter::new(move || writer.clone()), LogLevel::Info);
        let logging = subscriber.set_default();
        let hook = panic::take_hook();
        panic::set_hook(Box::new(log_panic));
        let panicked = panic::catch_unwind(|| {
            let source = "let secret = 1;".to_owned();
            assert!(source.is_empty(), "no character boundary in `{source}`");
        });
        panic::set_hook(hook);
        drop(logging);
        assert!(panicked.is_err());
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(lines.contains("no character boundary in") && lines.contains("log.rs:"), "{lines}");
        assert!(!lines.contains("secret"), "{lines}");
    }

    #[test]
    fn libraries_are_heard_from_warnings_on() {
        let targets = targets(LogLevel::Trace);
        assert!(targets.would_enable("fimble_completion::plan", &Level::TRACE));
        assert!(targets.would_enable("candle_core::device", &Level::WARN));
        assert!(!targets.would_enable("candle_core::device", &Level::INFO));
        assert!(!targets.would_enable("mistralrs_core::pipeline", &Level::WARN));
        assert!(!super::targets(LogLevel::Error).would_enable("hyper", &Level::WARN));
    }
}
