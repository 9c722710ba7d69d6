//! What the model sees: a window of the file around the cursor, and excerpts from other places.
//!
//! [`mentions`] collects the names around the cursor. [`definitions`] finds their definitions, and [`similar`] finds
//! similar code. [`excerpts`] fits the best of both into a token budget. [`window`] uses the remaining tokens for the
//! file itself, and [`pin`] keeps window and excerpts stable while the user types.

mod definitions;
mod excerpts;
mod mentions;
pub mod pin;
mod similar;
mod window;
pub mod workspace_index;

use std::sync::Arc;

use crate::context::workspace_index::WorkspaceIndex;
use crate::document::Document;

/// What is available besides the document itself, at the time when the user came to a position.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The name of the workspace folder.
    pub project: Arc<str>,
    /// Whether excerpts may come from other places in the same file.
    pub same_file: bool,
    /// Other open documents, most recently used first.
    pub open: Vec<OpenFile>,
    /// The definitions in the workspace, if they may be shown.
    pub workspace: Option<Arc<WorkspaceIndex>>,
}

impl Surroundings {
    /// Whether there is nothing to take excerpts from.
    pub fn is_empty(&self) -> bool {
        !self.same_file && self.open.is_empty() && self.workspace.is_none()
    }
}

/// A document that is open besides the one being completed.
#[derive(Debug, Clone)]
pub struct OpenFile {
    pub document: Document,
    /// The byte offset of the last edit.
    pub edited: Option<usize>,
}
