//! What the user should learn. Any room may add a notice; the LSP edge shows it once the client listens.

use std::collections::HashSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Warning,
    Error,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) severity: Severity,
    pub(crate) text: String,
}

#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// Nobody wants to read the same notice twice.
    seen: HashSet<String>,
    pending: Vec<Notice>,
}

impl Notices {
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.pending.push(Notice { severity: Severity::Warning, text: text.into() });
    }

    pub(crate) fn error(&mut self, text: impl Into<String>) {
        self.pending.push(Notice { severity: Severity::Error, text: text.into() });
    }

    pub(crate) fn warn_once(&mut self, text: impl Into<String>) {
        self.once(Severity::Warning, text.into());
    }

    pub(crate) fn error_once(&mut self, text: impl Into<String>) {
        self.once(Severity::Error, text.into());
    }

    /// Takes what has not been shown yet, the oldest first.
    pub(crate) fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.pending)
    }

    fn once(&mut self, severity: Severity, text: String) {
        if self.seen.insert(text.clone()) {
            self.pending.push(Notice { severity, text });
        }
    }
}
