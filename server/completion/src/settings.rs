//! What a user may decide about a completion. Defaults are the caller's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// The filter that is left out, to see what it brings; none for a user.
    pub without: Option<Filter>,
}

/// What keeps a text, or a part of it, from being shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// Of lines that say what a neighbouring one says, and of groups of lines that come twice.
    Repeats,
    /// Of what says the same again and again.
    Loops,
    /// Of what stands after the cursor already.
    Suffix,
    /// Of brackets that a line opens and nothing closes.
    OpenBrackets,
    /// Of what breaks code that parses.
    Syntax,
}

impl CompletionSettings {
    /// The same for somebody who has asked and waits: all there is, however long it takes.
    pub fn by_hand(&self) -> Self {
        Self { deadline: None, min_confidence: 0, ..self.clone() }
    }
}

/// Where the model is shown code from, beside what is around the cursor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContextScope {
    /// Nowhere else.
    Window,
    /// Other places of the same file.
    File,
    /// And other documents that are open.
    Open,
    /// And the files of the workspace.
    #[default]
    Workspace,
}

/// Whether more than the rest of the line may be suggested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Multiline {
    /// Where the syntax calls for a block.
    #[default]
    Auto,
    Always,
    Never,
}
