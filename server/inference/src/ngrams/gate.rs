//! How much each source of a mixture counts.

use serde::Deserialize;

/// The probabilities of the model's likeliest token to which the rows of [`Gate::model`] belong.
const MODEL: [f32; 7] = [0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0];

/// Borders between the rows for the probability of the table's likeliest token. There is one set of rows per context
/// length.
const TABLE: [f32; 3] = [0.3, 0.6, 0.9];

/// Borders between the rows for the number of tokens that the prompt repeats.
const MATCHES: [f32; 7] = [2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 16.0];

/// Borders between the rows for the share of the prompt's likeliest continuation. There is one set of rows per range of
/// [`MATCHES`].
const SHARES: [f32; 2] = [0.5, 0.95];

/// One value per source: the model, the table and the prompt.
pub(super) type Row = [f32; 3];

/// Weighs the sources by the softmax of the sum of three rows. Each row depends on how sure one source is.
///
/// Logits on a reused KV cache differ slightly from those of a cold engine. A hard border between the model's rows
/// would turn such a difference into a jump, so the model's row is interpolated.
#[derive(Deserialize)]
pub(super) struct Gate {
    model: Vec<Row>,
    /// The first row applies if the table knows no continuation.
    table: Vec<Row>,
    /// The first row applies if the prompt repeats nothing.
    prompt: Vec<Row>,
}

/// How sure each source is.
pub(super) struct Sureness {
    /// The probability of the model's likeliest token.
    pub(super) model: f32,
    /// How many tokens the context is longer than the shortest one of the table, and the probability of the table's
    /// likeliest token.
    pub(super) table: Option<(usize, f32)>,
    /// How many tokens the prompt repeats, and the share of its likeliest continuation.
    pub(super) prompt: Option<(usize, f32)>,
}

impl Gate {
    /// Weights of the model, the table and the prompt, which add up to 1.
    pub(super) fn weights(&self, sureness: Sureness) -> Row {
        let Sureness { model, table, prompt } = sureness;
        let table_row = table.map_or(0, |(context, highest)| 1 + context * (TABLE.len() + 1) + range(&TABLE, highest));
        let prompt_row = prompt.map_or(0, |(matched, highest)| {
            1 + range(&MATCHES, matched as f32) * (SHARES.len() + 1) + range(&SHARES, highest)
        });
        let rows = [self.model_row(model), self.table[table_row], self.prompt[prompt_row]];
        let counts = [true, table.is_some(), prompt.is_some()];
        let sums = [0, 1, 2].map(|source| rows.iter().map(|row| row[source]).sum::<f32>());
        let weights = [0, 1, 2].map(|source| if counts[source] { sums[source].exp() } else { 0.0 });
        let total: f32 = weights.iter().sum();
        weights.map(|weight| weight / total)
    }

    /// Whether the gate has a row for every case, with a table of `context_lengths` lengths of contexts.
    pub(super) fn fits(&self, context_lengths: usize) -> bool {
        self.model.len() == MODEL.len()
            && self.table.len() == 1 + context_lengths * (TABLE.len() + 1)
            && self.prompt.len() == 1 + (MATCHES.len() + 1) * (SHARES.len() + 1)
    }

    fn model_row(&self, highest: f32) -> Row {
        let below = range(&MODEL, highest).clamp(1, MODEL.len() - 1) - 1;
        let [from, to] = [MODEL[below], MODEL[below + 1]];
        let further = ((highest - from) / (to - from)).clamp(0.0, 1.0);
        [0, 1, 2].map(|source| (1.0 - further) * self.model[below][source] + further * self.model[below + 1][source])
    }
}

/// The number of borders that `value` reaches.
fn range(borders: &[f32], value: f32) -> usize {
    borders.iter().filter(|border| value >= **border).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_row_is_interpolated_between_the_rows_of_the_borders() {
        let rows: Vec<Row> = (0..7).map(|number| [number as f32, 0.0, 0.0]).collect();
        let gate = Gate { model: rows, table: Vec::new(), prompt: Vec::new() };
        let at = |highest| gate.model_row(highest)[0];
        assert_eq!([at(0.0), at(0.2), at(1.0), at(1.1)], [0.0, 1.0, 6.0, 6.0]);
        assert!((at(0.7) - 3.5).abs() < 1e-5);
    }
}
