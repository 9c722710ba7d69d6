//! The log: standard error, which editors keep, or a file. Its level is a setting and changes while the server runs.
//!
//! Source text is logged at trace level only, here and in every crate of the workspace.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Mutex;

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
    Ok(control)
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

/// The level is about fimble. Libraries talk of their insides below a warning, and some of them of source text.
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
        // It warns of every model that is not made for chats, as none of ours is.
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
    fn libraries_are_heard_from_warnings_on() {
        let targets = targets(LogLevel::Trace);
        assert!(targets.would_enable("fimble_completion::plan", &Level::TRACE));
        assert!(targets.would_enable("candle_core::device", &Level::WARN));
        assert!(!targets.would_enable("candle_core::device", &Level::INFO));
        assert!(!targets.would_enable("mistralrs_core::pipeline", &Level::WARN));
        assert!(!super::targets(LogLevel::Error).would_enable("hyper", &Level::WARN));
    }
}
