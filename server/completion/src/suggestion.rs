//! Decides what the user sees of a generated text.
//!
//! [`postprocess`] cuts the text, and [`validity`] checks it against the syntax. [`cache`] answers repeated requests
//! without the engine, and [`acceptance`] finds out whether the user accepted a suggestion.

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

/// Text to show to the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The text to insert at the cursor, with the document's line breaks. Never empty.
    pub text: String,
    /// The geometric mean of the probabilities of the tokens in `text`, from 0 to 1.
    pub confidence: f32,
    /// Whether the deadline cut the text. With more time, the text would be longer.
    pub is_cut: bool,
    /// The model that generated the text.
    pub model: Arc<ModelId>,
}

/// A generated text that is not shown to the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppressed {
    /// The text for the cursor position, with the document's line breaks. Empty if the model generated nothing useful.
    pub text: String,
    pub reason: Reason,
    /// The model that generated the text.
    pub model: Arc<ModelId>,
    /// The tokens of `text`. Empty if its line breaks differ from the generated ones.
    tokens: Vec<GeneratedToken>,
}

/// Why a text was suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is empty, or it repeats the text after the cursor.
    Empty,
    /// It repeats an adjacent line, or itself.
    Repeated,
    /// It would break code that parses.
    Broken,
    /// It would break code that parses until the user finishes it. Code that is already unfinished is not broken by
    /// this.
    Unfinished,
    /// The confidence is below [`CompletionSettings::min_confidence`].
    Unsure,
}

impl Suggestion {
    /// Decides whether to show the text of `generation`, and how much of it.
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
            // A text that was cut may continue, so this checks whether a continuation could make the code valid.
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
    /// Whether another answer could be useful. If the model generated nothing, the user most likely wants nothing.
    pub(crate) fn may_have_alternative(&self) -> bool {
        matches!(self.reason, Reason::Repeated | Reason::Broken | Reason::Unfinished)
    }

    /// The part of the text that can be shown after the user typed its first `typed` bytes. The model can be confident
    /// of the rest even if it was not confident of the start.
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

/// Drops the last line, which may be incomplete, unless it is the only one.
fn without_partial_line(text: &str) -> &str {
    match text.rsplit_once('\n') {
        Some((lines, _)) if !lines.trim().is_empty() => lines,
        _ => text,
    }
}

/// The geometric mean of the probabilities of the tokens in `part` of a text; 0 if there are none.
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

/// Converts the line breaks to CRLF if the document uses CRLF. Models generate LF.
fn with_line_breaks_of(document: &Document, text: &str) -> String {
    let uses_crlf = document.text().lines().next().is_some_and(|line| {
        let end = line.len_bytes();
        end >= 2 && line.byte(end - 2) == b'\r' && line.byte(end - 1) == b'\n'
    });
    if uses_crlf && text.contains('\n') { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.to_owned() }
}
