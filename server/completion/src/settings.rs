//! The settings of one completion, and their defaults.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ablations::Ablations;

/// What of the user's settings bears on one completion.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompletionSettings {
    pub multiline: Multiline,
    /// Upper bound on generated tokens.
    pub max_tokens: usize,
    /// Tokens of the file shown to the model, before and after the cursor together.
    pub context_tokens: usize,
    /// After this, a suggestion is cut at the next good place rather than awaited. `None`: as long as it takes.
    pub deadline: Option<Duration>,
    /// Per cent. A suggestion of which the model is less sure is not made; see
    /// [`Suggestion::confidence`](crate::complete::Suggestion::confidence).
    pub min_confidence: u8,
    /// How many suggestions to make, if the model has so many.
    pub candidates: usize,
    /// Mechanisms that a measurement switches off.
    pub ablations: Ablations,
}

impl Default for CompletionSettings {
    fn default() -> Self {
        Self {
            multiline: Multiline::Auto,
            // About six lines of code. Users rarely read more before they accept or type over a suggestion.
            max_tokens: 64,
            // About a hundred lines: a small model makes use of no more, and reads them in a second without a GPU.
            context_tokens: 1024,
            // This still feels like an answer to the key just pressed.
            deadline: Some(Duration::from_millis(100)),
            // The model card shows that this drops a tenth of the suggestions, and hardly a right one.
            min_confidence: 20,
            candidates: 1,
            ablations: Ablations::default(),
        }
    }
}

impl CompletionSettings {
    /// The same for somebody who has asked and waits: all there is, however long it takes.
    pub fn for_invoked(&self) -> Self {
        Self { deadline: None, min_confidence: 0, ..self.clone() }
    }
}

/// Where the model is shown code from, beside what is around the cursor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContextScope {
    /// Only the text around the cursor.
    Window,
    /// Also other places of the same file.
    File,
    /// Also other open files.
    Open,
    /// Also the other files of the workspace.
    #[default]
    Workspace,
}

/// Whether more than the rest of the line may be suggested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Multiline {
    /// Where the syntax calls for a block.
    #[default]
    Auto,
    /// Wherever the model continues.
    Always,
    /// Only to the end of the line.
    Never,
}
