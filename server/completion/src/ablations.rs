//! Mechanisms that a measurement can switch off to see how much each one contributes.

use serde::{Deserialize, Serialize};

/// One mechanism that makes requests cheaper or suggestions better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanism {
    /// Splits prompts where the user started to type. Without pins, all text before the cursor is prefix.
    Pins,
    /// Keeps a pin over several lines. Without this, each line gets its own pin.
    PinsOverLines,
    /// Cuts a half-typed word off the prompt and generates it again.
    Healing,
    /// Reuses cached logits for tokens that the model has already evaluated.
    LogitCache,
    /// Mixes the embedded model's n-gram table into each distribution.
    Ngrams,
    /// Verifies several draft tokens in one step of the model.
    Drafts,
    /// Tries lines other than the greedy one in the time that is left.
    Search,
    /// Keeps suggestions for users who type along or come back.
    SuggestionCache,
    /// Runs the engine while the user pauses.
    Prefetch,
    /// Drops lines that repeat a neighboring line, and groups of lines that come twice.
    Repeats,
    /// Drops text that says the same thing again and again.
    Loops,
    /// Drops text that already stands after the cursor.
    Suffix,
    /// Drops brackets that a line opens and nothing closes.
    OpenBrackets,
    /// Drops text that breaks code that parses.
    Syntax,
}

impl Mechanism {
    /// Every mechanism, in the order of the `--help` text.
    pub const ALL: [Self; 14] = [
        Self::Pins,
        Self::PinsOverLines,
        Self::Healing,
        Self::LogitCache,
        Self::Ngrams,
        Self::Drafts,
        Self::Search,
        Self::SuggestionCache,
        Self::Prefetch,
        Self::Repeats,
        Self::Loops,
        Self::Suffix,
        Self::OpenBrackets,
        Self::Syntax,
    ];

    /// Whether the mechanism only decides which text is shown. A filter can be measured without a running server.
    pub fn is_filter(self) -> bool {
        matches!(self, Self::Repeats | Self::Loops | Self::Suffix | Self::OpenBrackets | Self::Syntax)
    }
}

/// The mechanisms that are switched off. Production code uses the default, which switches off none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Ablations(u16);

impl Ablations {
    /// Whether `mechanism` is switched on.
    pub fn keeps(self, mechanism: Mechanism) -> bool {
        self.0 & bit(mechanism) == 0
    }

    /// Also switches `mechanism` off.
    pub fn without(self, mechanism: Mechanism) -> Self {
        Self(self.0 | bit(mechanism))
    }
}

impl FromIterator<Mechanism> for Ablations {
    fn from_iter<T: IntoIterator<Item = Mechanism>>(mechanisms: T) -> Self {
        mechanisms.into_iter().fold(Self::default(), Self::without)
    }
}

fn bit(mechanism: Mechanism) -> u16 {
    1 << mechanism as u16
}
