//! N-grams of the prompt itself: what followed where the prompt's text was the same as it is now.

use super::table::Continuations;

/// In tokens. A longer match is no surer.
const LONGEST_MATCH: usize = 16;

/// The special tokens that begin the parts of a fill-in-the-middle prompt. All other parts count alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PromptMarkers {
    pub(crate) prefix: u32,
    pub(crate) middle: u32,
}

/// The texts of a prompt, without special tokens.
pub(super) struct PromptText {
    /// The text before the next token: the prefix, and what was typed or generated since.
    pub(super) history: Vec<u32>,
    /// The suffix and the excerpts from other files.
    others: Vec<Vec<u32>>,
}

impl PromptText {
    /// Splits `tokens` at every special token.
    pub(super) fn new(tokens: &[u32], markers: PromptMarkers, is_special: impl Fn(u32) -> bool) -> Self {
        let PromptMarkers { prefix, middle } = markers;
        let mut text = Self { history: Vec::new(), others: Vec::new() };
        let mut tail = Vec::new();
        let mut marker = None;
        for part in tokens.split_inclusive(|token| is_special(*token)) {
            let next_marker = part.last().copied().filter(|token| is_special(*token));
            let part = part[..part.len() - usize::from(next_marker.is_some())].to_vec();
            match marker {
                Some(before) if before == prefix => text.history = part,
                Some(before) if before == middle => tail = part,
                _ => text.others.push(part),
            }
            marker = next_marker;
        }
        text.history.append(&mut tail);
        text
    }

    /// The tokens that followed where a text of the prompt was the same as the last tokens, with probabilities that add
    /// up to 1, and the length of the longest match. A longer match counts more.
    pub(super) fn continuations(&self) -> (Continuations, usize) {
        let mut votes = Continuations::new();
        let mut longest = 0;
        for source in self.others.iter().chain([&self.history]) {
            for (end, follower) in source.iter().enumerate().skip(1) {
                let same = source[..end].iter().rev().zip(self.history.iter().rev());
                let length = same.take(LONGEST_MATCH).take_while(|(a, b)| a == b).count();
                if length > 0 {
                    *votes.entry(*follower).or_default() += 4f32.powi(length as i32);
                    longest = longest.max(length);
                }
            }
        }
        let total: f32 = votes.values().sum();
        votes.values_mut().for_each(|vote| *vote /= total);
        (votes, longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_matches_count_more() {
        let text = PromptText { history: vec![1, 2, 3, 9, 2, 3], others: vec![vec![3, 8], vec![7, 3, 8]] };
        let (continuations, length) = text.continuations();
        assert_eq!(length, 2);
        assert!(continuations[&9] > continuations[&8], "{continuations:?}");
        assert!((continuations.values().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
