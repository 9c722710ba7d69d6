//! The settings of one completion, with their defaults.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ablations::Ablations;

/// The user's settings that affect one completion.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompletionSettings {
    pub multiline: Multiline,
    /// The most tokens to generate.
    pub max_tokens: usize,
    /// The most tokens of context in a prompt: the file before and after the cursor, and excerpts.
    pub context_tokens: usize,
    /// After this time, the suggestion is cut at the next good place. `None` waits until the suggestion is complete.
    pub deadline: Option<Duration>,
    /// In percent. Suggestions with a lower [confidence](crate::suggestion::Suggestion::confidence) are suppressed.
    pub min_confidence: u8,
    /// The most suggestions to return.
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
            // About a hundred lines. A small model does not benefit from more, and reads them in a second without a
            // GPU.
            context_tokens: 1024,
            // This still feels like an immediate reaction to the key.
            deadline: Some(Duration::from_millis(100)),
            // According to the model card, this drops a tenth of the suggestions, and hardly any right ones.
            min_confidence: 20,
            candidates: 1,
            ablations: Ablations::default(),
        }
    }
}

impl CompletionSettings {
    /// The settings for a completion that the user invoked explicitly: no deadline and no confidence threshold.
    pub fn for_invoked(&self) -> Self {
        Self { deadline: None, min_confidence: 0, ..self.clone() }
    }
}

/// Where context may come from, besides the code around the cursor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContextScope {
    /// Only the text around the cursor.
    Window,
    /// Also other places in the same file.
    File,
    /// Also other open files.
    Open,
    /// Also the other files in the workspace.
    #[default]
    Workspace,
}

/// When to suggest more than the rest of the line.
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
