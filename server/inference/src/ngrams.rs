//! Mixes a small model's distribution with two n-gram models: one counted over the training set, and one counted over
//! the prompt itself (a cache model; Hellendoorn and Devanbu 2017 nest such caches).
//!
//! The first one is the file `model.ngrams` in the model's folder. At each token, three sources say what comes next:
//! the model, the table and the prompt. A gate weighs them by how sure each source is; its weights are in the file too.
//! The mixture depends on the tokens alone, so a distribution that was remembered for a prompt stays valid.
//! `models/train/fimble_train/ngrams/file.py` writes the file and describes its format.

mod gate;
mod prompt;
mod table;

use std::fs;
use std::path::Path;

use self::gate::{Gate, Sureness};
pub(crate) use self::prompt::PromptMarkers;
use self::prompt::PromptText;
use self::table::{Continuations, Table};
use crate::distribution::Distribution;
use crate::vocabulary::Vocabulary;

/// The name of the table's file in a model's folder.
const TABLE_FILE: &str = "model.ngrams";

/// Stands for special tokens in [`Mixture::without_line_end`].
const SPECIAL: u32 = u32::MAX;

/// See the [module](self).
pub(crate) struct Mixture {
    table: Table,
    gate: Gate,
    /// For each token that ends a line, the same token without the line end, or end-of-text if nothing else is left.
    /// Every other token stands for itself, and [`SPECIAL`] for a special one.
    without_line_end: Vec<u32>,
    markers: PromptMarkers,
}

impl Mixture {
    /// `None` if `folder` has no table. The table must have been counted with this vocabulary.
    pub(crate) fn load(
        folder: &Path,
        vocabulary: &Vocabulary,
        markers: PromptMarkers,
        end_of_text: u32,
    ) -> Result<Option<Self>, String> {
        let path = folder.join(TABLE_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let bytes = fs::read(&path).map_err(|error| format!("cannot read `{TABLE_FILE}`: {error}"))?;
        let file = table::parse(&bytes)
            .ok_or_else(|| format!("`{TABLE_FILE}` is damaged; copy the model's files again, or remove this one"))?;
        if file.vocabulary != vocabulary.size() {
            return Err(format!("`{TABLE_FILE}` belongs to a model with another vocabulary; remove it"));
        }
        let without_line_end = without_line_ends(vocabulary, end_of_text);
        Ok(Some(Self { table: file.table, gate: file.gate, without_line_end, markers }))
    }

    /// Mixes what the model, the table and the prompt say comes after `tokens`. A compacted distribution is returned as
    /// it is.
    pub(crate) fn mix(&self, tokens: &[u32], model: Distribution) -> Distribution {
        let Distribution::Whole(mut mixed) = model else { return model };
        let prompt = PromptText::new(tokens, self.markers, |token| self.is_special(token));
        let (counted, context) = self.table.continuations(&prompt.history);
        let (repeated, matched) = prompt.continuations();
        let weights = self.gate.weights(Sureness {
            model: mixed.iter().copied().fold(f32::NEG_INFINITY, f32::max).exp(),
            table: highest(&counted).map(|highest| (context - self.table.shortest_context(), highest)),
            prompt: highest(&repeated).map(|highest| (matched, highest)),
        });

        let mut added = Continuations::new();
        for (source, weight) in [(counted, weights[1]), (repeated, weights[2])] {
            let total: f32 = source.values().sum();
            for (token, probability) in source {
                self.add(token, weight * probability / total, &mixed, &mut added);
            }
        }
        let model_weight = weights[0].ln();
        mixed.iter_mut().for_each(|log_probability| *log_probability += model_weight);
        for (token, probability) in added {
            if let Some(log_probability) = mixed.get_mut(token as usize) {
                *log_probability = (log_probability.exp() + probability).ln();
            }
        }
        Distribution::Whole(mixed)
    }

    /// The tokens that the table finds likeliest after `tokens`, one after the other, at most `most`. Stops where it knows
    /// nothing.
    pub(crate) fn likely(&self, tokens: &[u32], most: usize) -> Vec<u32> {
        let mut history = PromptText::new(tokens, self.markers, |token| self.is_special(token)).history;
        let known = history.len();
        while history.len() < known + most {
            let (counted, _) = self.table.continuations(&history);
            let Some((token, _)) = counted.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
            history.push(token);
        }
        history.split_off(known)
    }

    /// Adds the probability of `token`. The n-grams do not know where an answer ends, so for a token that ends a line,
    /// the model decides how much of the probability goes to the token without the line end.
    fn add(&self, token: u32, probability: f32, model: &[f32], added: &mut Continuations) {
        let other = self.without_line_end.get(token as usize).copied().unwrap_or(token);
        let of_model = |token: u32| model.get(token as usize).map_or(0.0, |log_probability| log_probability.exp());
        let goes_on =
            if other == token { 1.0 } else { of_model(token) / (of_model(token) + of_model(other)).max(1e-30) };
        *added.entry(token).or_default() += probability * goes_on;
        *added.entry(other).or_default() += probability * (1.0 - goes_on);
    }

    fn is_special(&self, token: u32) -> bool {
        self.without_line_end.get(token as usize) == Some(&SPECIAL)
    }
}

fn without_line_ends(vocabulary: &Vocabulary, end_of_text: u32) -> Vec<u32> {
    let size = u32::try_from(vocabulary.size()).unwrap_or(u32::MAX);
    let without = |token| {
        let bytes = vocabulary.bytes(token);
        match bytes {
            [] => SPECIAL,
            [.., b'\n'] => match bytes.trim_ascii_end() {
                [] => end_of_text,
                rest => vocabulary.token_with_bytes(rest).unwrap_or(token),
            },
            _ => token,
        }
    };
    (0..size).map(without).collect()
}

fn highest(continuations: &Continuations) -> Option<f32> {
    continuations.values().copied().reduce(f32::max)
}
