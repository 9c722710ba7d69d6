//! The argument `--without`, for the subcommands that measure what a mechanism brings.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use fimble_completion::ablations::{Ablations, Mechanism};

/// A mechanism by its name on the command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct MechanismName(pub(super) Mechanism);

impl ValueEnum for MechanismName {
    fn value_variants<'a>() -> &'a [Self] {
        const VARIANTS: [MechanismName; Mechanism::ALL.len()] = {
            let mut variants = [MechanismName(Mechanism::Pins); Mechanism::ALL.len()];
            let mut index = 0;
            while index < variants.len() {
                variants[index] = MechanismName(Mechanism::ALL[index]);
                index += 1;
            }
            variants
        };
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self.0 {
            Mechanism::Pins => ("pins", "Prompts split where the user began to type; without, all text before is prefix"),
            Mechanism::PinsOverLines => ("pins-over-lines", "Pins that hold over several lines"),
            Mechanism::Healing => ("healing", "Half-typed words, cut off and generated again"),
            Mechanism::LogitCache => ("logit-cache", "Known logits of tokens that the model has seen"),
            Mechanism::Ngrams => ("ngrams", "The embedded model's table of n-grams"),
            Mechanism::Search => ("search", "Lines other than the greedy one"),
            Mechanism::SuggestionCache => ("suggestion-cache", "Suggestions kept for typing along and coming back"),
            Mechanism::Prefetch => ("prefetch", "Work in pauses"),
            Mechanism::Repeats => ("repeats", "The filter of repeated lines"),
            Mechanism::Loops => ("loops", "The filter of loops"),
            Mechanism::Suffix => ("suffix", "The filter of text that follows the cursor anyway"),
            Mechanism::OpenBrackets => ("open-brackets", "The filter of brackets that nothing closes"),
            Mechanism::Syntax => ("syntax", "The filter of text that breaks code that parses"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

pub(super) fn ablations(without: &[MechanismName]) -> Ablations {
    without.iter().map(|name| name.0).collect()
}
