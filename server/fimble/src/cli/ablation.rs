//! The argument `--without` of the subcommands that measure how much a mechanism contributes.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use fimble_completion::ablations::{Ablations, Mechanism};

/// A mechanism, as the command line names it.
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
            Mechanism::Pins => (
                "pins",
                "Splits prompts where the user started to type; without pins, all text before the cursor is prefix",
            ),
            Mechanism::PinsOverLines => ("pins-over-lines", "Keeps a pin over several lines"),
            Mechanism::Healing => ("healing", "Cuts half-typed words off the prompt and generates them again"),
            Mechanism::LogitCache => {
                ("logit-cache", "Reuses cached logits for tokens that the model has already evaluated")
            }
            Mechanism::Ngrams => ("ngrams", "Mixes the embedded model's n-gram table into its predictions"),
            Mechanism::Drafts => ("drafts", "Verifies several draft tokens in one step of the model"),
            Mechanism::Search => ("search", "Tries lines other than the greedy one"),
            Mechanism::SuggestionCache => {
                ("suggestion-cache", "Keeps suggestions for users who type along or come back")
            }
            Mechanism::Prefetch => ("prefetch", "Runs the model while the user pauses"),
            Mechanism::Repeats => ("repeats", "Drops lines that repeat a neighboring line"),
            Mechanism::Loops => ("loops", "Drops text that repeats itself"),
            Mechanism::Suffix => ("suffix", "Drops text that already follows the cursor"),
            Mechanism::OpenBrackets => ("open-brackets", "Drops brackets that nothing closes"),
            Mechanism::Syntax => ("syntax", "Drops text that breaks code that parses"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// Parses a filter. `fimble eval` runs no server and loads one engine, so it can measure no other mechanism.
pub(super) fn filter(name: &str) -> Result<MechanismName, String> {
    let found = MechanismName::from_str(name, false).ok().filter(|name| name.0.is_filter());
    found.ok_or_else(|| {
        let filters = MechanismName::value_variants().iter().filter(|name| name.0.is_filter());
        let names = filters.filter_map(|filter| Some(filter.to_possible_value()?.get_name().to_owned()));
        format!("the filters are: {}", names.collect::<Vec<_>>().join(", "))
    })
}

pub(super) fn ablations(without: &[MechanismName]) -> Ablations {
    without.iter().map(|name| name.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluation_measures_filters_only() {
        assert!(filter("open-brackets").is_ok_and(|name| name.0 == Mechanism::OpenBrackets));
        let refused = filter("healing").unwrap_err();
        assert_eq!(refused, "the filters are: repeats, loops, suffix, open-brackets, syntax");
    }
}
