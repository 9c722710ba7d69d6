//! What the model is shown: a window of the file, and excerpts from elsewhere that bear on the place of the cursor.
//!
//! [`mentions`] reads the names around the cursor, [`definitions`] finds what they mean, [`similar`] code that looks like
//! it, and [`excerpts`] fits the best of both into a budget of tokens. [`window`] takes what is left for the file itself.

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

/// What there is beside the document itself, as it was when the user came to a place.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The name of the folder that is being worked on.
    pub project: Arc<str>,
    /// Other places of the same file may be shown.
    pub same_file: bool,
    /// Other documents that are open, the one used last first.
    pub open: Vec<OpenFile>,
    pub workspace: Option<Arc<WorkspaceIndex>>,
}

impl Surroundings {
    /// Whether there is nothing to choose from.
    pub fn is_empty(&self) -> bool {
        !self.same_file && self.open.is_empty() && self.workspace.is_none()
    }
}

/// A document that is open beside the one that is completed.
#[derive(Debug, Clone)]
pub struct OpenFile {
    pub document: Document,
    /// Where it was edited last, in bytes.
    pub edited: Option<usize>,
}
