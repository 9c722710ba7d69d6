//! Chooses the tokens of one answer. Decoding is greedy. The first tokens have to spell what the user has typed (token
//! healing). The decoder also notes the runners-up at each token, which a search tries later.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fimble_completion::engine::{GeneratedToken, StopDecision, StoppingCriteria};

use crate::distribution::{Distribution, likeliest_first};
use crate::hypothesis::{Bounds, Hypothesis};
use crate::interrupt::Interrupt;
use crate::vocabulary::Vocabulary;

/// How many tokens a search considers at each position: the chosen one and its runners-up.
const CANDIDATES: usize = 4;

/// See the [module](self). A search clones the decoder of a prompt and lets each clone follow another branch.
#[derive(Clone)]
pub(crate) struct Decoder {
    vocabulary: Arc<Vocabulary>,
    stops: Arc<HashSet<u32>>,
    /// Typed bytes that the next tokens have to spell.
    typed: Vec<u8>,
    /// The typed bytes are indentation. It is as deep as the user wants it, so no blank may follow it.
    typed_indent: bool,
    /// Earlier answers, from which this one has to differ in its first token.
    avoid: Vec<String>,
    max_tokens: usize,
    stopping: StoppingCriteria,
    interrupt: Interrupt,
    requested_at: Instant,
    /// `None` outside a search.
    bounds: Option<Bounds>,

    /// All chosen tokens, including one that ends the answer.
    chosen: Hypothesis,
    /// The runners-up since the last [`Self::take_branches`].
    branches: Vec<Hypothesis>,
    text: String,
    /// The first bytes of a character whose other bytes are still to come.
    partial_character: Vec<u8>,
    tokens: Vec<GeneratedToken>,
    first_token: Option<Duration>,
    cut: Option<usize>,
    is_complete: bool,
    has_ended: bool,
}

/// What a decoder chose from one distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Token(u32),
    End,
    /// The distribution keeps none of the allowed tokens.
    Unknown,
}

/// The answer of a decoder.
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) tokens: Vec<GeneratedToken>,
    /// How many bytes of the text are worth showing, if [`StopDecision::Truncate`] ended it.
    pub(crate) cut: Option<usize>,
    /// Nothing interrupted the answer before it ended.
    pub(crate) completed: bool,
}

impl Decoder {
    /// `typed` are the bytes that the first tokens have to spell. With a `max_tokens` of 0 the decoder has ended from
    /// the start.
    pub(crate) fn new(
        vocabulary: Arc<Vocabulary>,
        stops: Arc<HashSet<u32>>,
        typed: Vec<u8>,
        max_tokens: usize,
        stopping: StoppingCriteria,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            vocabulary,
            stops,
            typed_indent: !typed.is_empty() && typed.iter().all(is_blank),
            typed,
            avoid: Vec::new(),
            max_tokens,
            stopping,
            interrupt,
            requested_at: Instant::now(),
            bounds: None,
            chosen: Hypothesis::default(),
            branches: Vec::new(),
            text: String::new(),
            partial_character: Vec::new(),
            tokens: Vec::new(),
            first_token: None,
            cut: None,
            is_complete: false,
            has_ended: max_tokens == 0,
        }
    }

    /// Makes the answer begin with another token than each of the answers in `avoid`.
    pub(crate) fn avoiding(self, avoid: Vec<String>) -> Self {
        Self { avoid, ..self }
    }

    /// Chooses the next token from its distribution. Once [`Self::must_stop`] is true, nothing more is chosen.
    pub(crate) fn choose(&mut self, next: &Distribution) -> Choice {
        if self.must_stop() {
            return Choice::End;
        }
        let candidates = if self.typed.is_empty() {
            let follows_indent = self.typed_indent && self.text.is_empty() && self.partial_character.is_empty();
            let is_indent = |token| follows_indent && self.vocabulary.bytes(token).first().is_some_and(is_blank);
            next.likeliest(CANDIDATES, |token| !is_indent(token) && !self.is_avoided(token))
        } else {
            self.healing_candidates(next)
        };
        let Some(((token, log_probability), others)) = candidates.split_first() else { return Choice::Unknown };
        if self.bounds.is_some() {
            let branches = others.iter().map(|(token, log_probability)| self.chosen.and(*token, *log_probability));
            self.branches.extend(branches);
        }
        self.push(*token, *log_probability)
    }

    /// Turns a decoder that has chosen nothing yet into one of a search, which has chosen the tokens of `hypothesis`.
    pub(crate) fn following(self, hypothesis: &Hypothesis, bounds: Bounds) -> Self {
        let mut decoder = Self { bounds: Some(bounds), ..self };
        for (token, log_probability) in &hypothesis.tokens {
            decoder.push(*token, *log_probability);
        }
        decoder
    }

    /// All tokens chosen so far, including one that ends the answer.
    pub(crate) fn chosen(&self) -> &Hypothesis {
        &self.chosen
    }

    /// The runners-up noted since the last call.
    pub(crate) fn take_branches(&mut self) -> Vec<Hypothesis> {
        mem::take(&mut self.branches)
    }

    /// Whether the answer is whole. The probability of an answer that was broken off says nothing about the whole
    /// answer.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether a search may take this answer: it is whole, within its bounds, and not blank.
    pub(crate) fn is_search_result(&self) -> bool {
        self.is_complete && !self.text.trim().is_empty() && !self.is_out_of_bounds()
    }

    /// The number of tokens in the answer, without one that ends it.
    pub(crate) fn token_count(&self) -> usize {
        self.tokens.len()
    }

    /// The time from the request to the first token.
    pub(crate) fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    /// The time since the request.
    pub(crate) fn elapsed(&self) -> Duration {
        self.requested_at.elapsed()
    }

    /// Whether the answer has ended without an interrupt.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether the answer has ended or is interrupted.
    pub(crate) fn must_stop(&self) -> bool {
        self.has_ended || self.interrupt.is_set()
    }

    /// Whether the next token still has to agree with typed bytes.
    pub(crate) fn is_healing(&self) -> bool {
        !self.typed.is_empty()
    }

    /// How many of the tokens in `draft` are worth verifying. Most answers end with their line, or at a special token.
    pub(crate) fn takes(&self, draft: &[u32]) -> usize {
        let left = self.max_tokens - self.tokens.len().min(self.max_tokens);
        let ends = |token: &u32| {
            let bytes = self.vocabulary.bytes(*token);
            bytes.is_empty() || bytes.contains(&b'\n')
        };
        draft.iter().position(ends).map_or(draft.len(), |place| place + 1).min(left)
    }

    pub(crate) fn finish(self) -> Decoded {
        let Self { text, tokens, cut, has_ended: completed, .. } = self;
        Decoded { text, tokens, cut, completed }
    }

    /// The likeliest tokens that agree with the typed bytes. Their probabilities are relative to all tokens that agree,
    /// so the result is empty unless the whole distribution is known.
    fn healing_candidates(&self, next: &Distribution) -> Vec<(u32, f32)> {
        if !next.is_whole() {
            return Vec::new();
        }
        let indents_further = |token: &u32| {
            self.typed_indent && self.vocabulary.bytes(*token).get(self.typed.len()).is_some_and(is_blank)
        };
        let agreeing = self.vocabulary.tokens_agreeing_with(&self.typed).into_iter();
        let allowed = agreeing.filter(|token| !indents_further(token) && !self.is_avoided(*token));
        let mut tokens: Vec<(u32, f32)> =
            allowed.filter_map(|token| Some((token, next.log_probability(token)?))).collect();
        let total = tokens.iter().map(|(_, log_probability)| log_probability.exp()).sum::<f32>().ln();
        tokens.sort_unstable_by(likeliest_first);
        tokens.truncate(CANDIDATES);
        for (_, log_probability) in &mut tokens {
            // If the probabilities of all agreeing tokens round to zero, their shares are unknown.
            *log_probability = if total.is_finite() { (*log_probability - total).min(0.0) } else { f32::NEG_INFINITY };
        }
        tokens
    }

    /// Whether `token` would begin this answer as one of the avoided answers begins. A line end after the same text
    /// makes no difference.
    fn is_avoided(&self, token: u32) -> bool {
        let bytes = self.vocabulary.bytes(token);
        let new = &bytes[self.typed.len().min(bytes.len())..];
        let line = new.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let new = if line.is_empty() { new } else { line };
        let is_first = self.text.is_empty() && self.partial_character.is_empty() && !new.is_empty();
        is_first && self.avoid.iter().any(|earlier| earlier.as_bytes().starts_with(new))
    }

    /// Appends a chosen token, and decides whether it ends the answer.
    fn push(&mut self, token: u32, log_probability: f32) -> Choice {
        self.chosen.push(token, log_probability);
        if self.stops.contains(&token) || self.vocabulary.bytes(token).is_empty() {
            (self.is_complete, self.has_ended) = (true, true);
            return Choice::End;
        }
        self.first_token.get_or_insert_with(|| self.requested_at.elapsed());
        let bytes = self.vocabulary.bytes(token);
        let typed = bytes.len().min(self.typed.len());
        self.typed.drain(..typed);
        self.partial_character.extend_from_slice(&bytes[typed..]);
        let before = self.text.len();
        move_whole_characters(&mut self.partial_character, &mut self.text);
        self.tokens.push(GeneratedToken { text_end: self.text.len(), probability: log_probability.exp() });

        let decision =
            if self.text.len() > before { (self.stopping)(&self.text, before) } else { StopDecision::Continue };
        if let StopDecision::Truncate(cut) = decision {
            self.cut = Some(cut);
        }
        self.is_complete = decision == StopDecision::Complete;
        self.has_ended =
            decision != StopDecision::Continue || self.tokens.len() >= self.max_tokens || self.is_out_of_bounds();
        Choice::Token(token)
    }

    fn is_out_of_bounds(&self) -> bool {
        self.bounds.is_some_and(|bounds| bounds.exclude(&self.chosen))
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Moves whole characters from `bytes` to `text`. Bytes that cannot be part of any character become U+FFFD. The first
/// bytes of a character that may still be completed stay in `bytes`.
fn move_whole_characters(bytes: &mut Vec<u8>, text: &mut String) {
    let mut rest = &bytes[..];
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                rest = &[];
                break;
            }
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                rest = after;
                match error.error_len() {
                    Some(length) => {
                        text.push(char::REPLACEMENT_CHARACTER);
                        rest = &rest[length..];
                    }
                    None => break,
                }
            }
        }
    }
    *bytes = rest.to_vec();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_moved_when_whole() {
        let mut bytes = "é😀".as_bytes()[..4].to_vec();
        let mut text = String::new();
        move_whole_characters(&mut bytes, &mut text);
        assert_eq!((text.as_str(), bytes.len()), ("é", 2));
        bytes.extend(&"😀".as_bytes()[2..]);
        move_whole_characters(&mut bytes, &mut text);
        assert_eq!((text.as_str(), bytes.len()), ("é😀", 0));
        bytes.extend(b"\xffa");
        move_whole_characters(&mut bytes, &mut text);
        assert_eq!(text, "é😀\u{fffd}a");
    }
}
