//! What to show of a generated text.

pub mod acceptance;
pub mod cache;
pub mod postprocess;
pub mod validity;

use std::ops::Range;
use std::sync::Arc;

use crate::document::Document;
use crate::engine::{GeneratedToken, Generation, ModelId};
use crate::plan::Plan;
use crate::settings::CompletionSettings;
use crate::suggestion::postprocess::trimmed_length;
use crate::suggestion::validity::valid_prefix;
use crate::text::is_word;

#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Text to insert at the cursor, with the document's line breaks; never empty.
    pub text: String,
    /// Geometric mean of the probabilities of the tokens that make up `text`, 0 to 1.
    pub confidence: f32,
    /// The deadline has cut it short: more time would have brought more text.
    pub is_cut: bool,
    /// The model that made it.
    pub model: Arc<ModelId>,
}

/// What the model said and is not to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppressed {
    /// It was to stand at the cursor, with the document's line breaks; empty where the model has nothing to say.
    pub text: String,
    pub reason: Reason,
    /// The model that said it.
    pub model: Arc<ModelId>,
    /// Of `text`; none where its line breaks are not those the model said.
    tokens: Vec<GeneratedToken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It says nothing, or nothing that does not stand after the cursor anyway.
    Empty,
    /// It says what a neighbouring line says, or the same again and again.
    Repeated,
    /// It would break code that parses.
    Broken,
    /// Code that parses would not, until it is finished. Where it is begun already, that is no reason.
    Unfinished,
    /// The model is less sure than [`CompletionSettings::min_confidence`].
    Unsure,
}

impl Suggestion {
    /// What to show of what the model said.
    pub(crate) fn from_generation(
        generation: &Generation,
        document: &Document,
        offset: usize,
        plan: &Plan,
        settings: &CompletionSettings,
        max_tokens: usize,
        model: &Arc<ModelId>,
    ) -> Result<Self, Suppressed> {
        let Generation { text, tokens, cut, .. } = generation;
        let kept = match cut {
            Some(cut) => without_partial_line(&text[..*cut]),
            None if tokens.len() >= max_tokens && plan.end_of(text).is_none() => {
                without_partial_line(text.trim_end_matches(is_word))
            }
            None => text,
        };
        let trimmed_length = trimmed_length(kept, plan);
        let useful = &text[..trimmed_length.unwrap_or(0)];
        let good = valid_prefix(document, offset, useful, cut.is_some(), settings.ablations);
        let confidence = confidence(tokens, 0..good.len());
        let suppressed = |text: &str, reason| {
            let shown = with_line_breaks_of(document, text);
            let tokens = if shown == text { tokens.clone() } else { Vec::new() };
            Err(Suppressed { text: shown, reason, model: model.clone(), tokens })
        };
        if let Err(reason) = trimmed_length {
            suppressed("", reason)
        } else if good.trim().is_empty() {
            // As if it was cut short, it may go on.
            let can_be_finished = valid_prefix(document, offset, useful, true, settings.ablations) == useful;
            suppressed(useful, if can_be_finished { Reason::Unfinished } else { Reason::Broken })
        } else if !is_confident(confidence, settings) {
            suppressed(good, Reason::Unsure)
        } else {
            Ok(Self {
                text: with_line_breaks_of(document, good),
                confidence,
                is_cut: cut.is_some(),
                model: model.clone(),
            })
        }
    }
}

impl Suppressed {
    /// Whether something else may be meant. Where a model says nothing, nothing is meant.
    pub(crate) fn may_have_alternative(&self) -> bool {
        matches!(self.reason, Reason::Repeated | Reason::Broken | Reason::Unfinished)
    }

    /// What may be shown of it once its first `typed` bytes were typed: the model may be sure of the rest.
    pub(crate) fn after(&self, typed: usize, settings: &CompletionSettings) -> Option<Suggestion> {
        let rest = self.text.get(typed..).filter(|rest| !rest.trim().is_empty() && self.reason == Reason::Unsure)?;
        let confidence = confidence(&self.tokens, typed..self.text.len());
        is_confident(confidence, settings).then(|| Suggestion {
            text: rest.to_owned(),
            confidence,
            is_cut: false,
            model: self.model.clone(),
        })
    }
}

fn is_confident(confidence: f32, settings: &CompletionSettings) -> bool {
    confidence * 100.0 >= f32::from(settings.min_confidence)
}

/// Of several lines of a text that was broken off, those that are whole.
fn without_partial_line(text: &str) -> &str {
    match text.rsplit_once('\n') {
        Some((lines, _)) if !lines.trim().is_empty() => lines,
        _ => text,
    }
}

/// The geometric mean of the probabilities of the tokens that make up a part of a text; 0 where there are none.
fn confidence(tokens: &[GeneratedToken], part: Range<usize>) -> f32 {
    let mut start = 0;
    let mut sum = 0.0;
    let mut count = 0u16;
    for token in tokens {
        if start < part.end && token.text_end > start.max(part.start) {
            sum += token.probability.max(f32::MIN_POSITIVE).ln();
            count += 1;
        }
        start = token.text_end;
    }
    if count == 0 { 0.0 } else { (sum / f32::from(count)).exp() }
}

/// Models say LF; a file with CRLF should not become mixed.
fn with_line_breaks_of(document: &Document, text: &str) -> String {
    let uses_crlf = document.text().lines().next().is_some_and(|line| {
        let end = line.len_bytes();
        end >= 2 && line.byte(end - 2) == b'\r' && line.byte(end - 1) == b'\n'
    });
    if uses_crlf && text.contains('\n') { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.to_owned() }
}
