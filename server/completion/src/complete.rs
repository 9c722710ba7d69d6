//! One completion, from a document and a cursor to the text to insert. Editors, the command line and the evaluation
//! all come through here.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::context::context;
use crate::document::Document;
use crate::engine::{Cancel, Engine, EngineError, Generation, GenerationRequest, Usage, Watch};
use crate::plan::{Plan, plan};
use crate::postprocess::{is_loop, useful_length};
use crate::prompt::FimText;
use crate::settings::CompletionSettings;

/// Past its deadline a request still waits this long for the first whole word.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// `None` where there is nothing worth showing.
    pub suggestion: Option<Suggestion>,
    pub usage: Usage,
    pub total: Duration,
    pub first_token: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// Text to insert at the cursor, with the document's line breaks; never empty.
    pub text: String,
    /// Geometric mean of the probabilities of the tokens that make up `text`, 0 to 1.
    pub confidence: f32,
}

/// Completes `document` at the byte `offset`, on the calling thread. A cancelled completion has no suggestion.
pub fn complete(
    document: &Document,
    offset: usize,
    settings: &CompletionSettings,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Result<Completion, EngineError> {
    let started = Instant::now();
    let model = engine.model();
    let plan = plan(document, offset, settings);
    let max_tokens = settings.max_tokens.min(model.context_length / 2);
    // The prompt's own special tokens, and the pieces of tokens at the window's edges, take a few.
    let room = model.context_length.saturating_sub(max_tokens + 16);
    let context = context(document, offset, settings.context_tokens.min(room), &|text: &str| engine.count_tokens(text));
    let text = FimText { prefix: &context.prefix, suffix: &context.suffix, tail: &context.tail };
    let prompt = model.template.fill(text);
    tracing::trace!(?prompt, ?plan, "prompt");

    let cut = Arc::new(AtomicUsize::new(usize::MAX));
    let watch = watch(plan.clone(), settings.deadline.map(|deadline| started + deadline), cut.clone());
    let request = GenerationRequest { prompt, max_tokens, watch, cancel: cancel.clone() };
    let generation = engine.generate(request)?;

    let suggestion = if cancel.is_cancelled() {
        None
    } else {
        let cut = cut.load(Ordering::Relaxed);
        let generated = if cut < generation.text.len() {
            whole_lines(&generation.text[..cut])
        } else if generation.tokens.len() >= max_tokens && plan.end_of(&generation.text).is_none() {
            whole_lines(generation.text.trim_end_matches(is_word))
        } else {
            &generation.text
        };
        let useful = useful_length(generated, &plan);
        (useful > 0).then(|| Suggestion {
            text: with_line_breaks_of(document, &generation.text[..useful]),
            confidence: confidence(&generation, useful),
        })
    };
    let completion = Completion {
        suggestion,
        usage: generation.usage,
        total: started.elapsed(),
        first_token: generation.first_token,
    };
    tracing::debug!(
        usage = ?completion.usage,
        total = ?completion.total,
        first_token = ?completion.first_token,
        length = completion.suggestion.as_ref().map(|suggestion| suggestion.text.len()),
        "completed"
    );
    Ok(completion)
}

/// Ends a generation where the plan ends, where it goes round in circles and, past the deadline, after the last whole
/// word; where it then should be cut is left in `cut`.
fn watch(plan: Plan, deadline: Option<Instant>, cut: Arc<AtomicUsize>) -> Watch {
    let mut before = 0;
    Box::new(move |text| {
        if plan.end_of(text).is_some() || is_loop(text) {
            return ControlFlow::Break(());
        }
        let now = Instant::now();
        if deadline.is_some_and(|deadline| now > deadline) {
            let (said, latest) = text.split_at(before);
            let splits_word = said.ends_with(is_word) && latest.starts_with(is_word);
            if !said.trim().is_empty() && !splits_word {
                cut.store(before, Ordering::Relaxed);
                return ControlFlow::Break(());
            }
            if deadline.is_some_and(|deadline| now > deadline + PATIENCE) {
                return ControlFlow::Break(());
            }
        }
        before = text.len();
        ControlFlow::Continue(())
    })
}

/// Of several lines of a text that was broken off, those that are whole.
fn whole_lines(text: &str) -> &str {
    match text.rsplit_once('\n') {
        Some((lines, _)) if !lines.trim().is_empty() => lines,
        _ => text,
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn confidence(generation: &Generation, useful: usize) -> f32 {
    let mut start = 0;
    let mut sum = 0.0;
    let mut tokens = 0u16;
    for token in &generation.tokens {
        if start < useful && token.text_end > start {
            sum += token.probability.max(f32::MIN_POSITIVE).ln();
            tokens += 1;
        }
        start = token.text_end;
    }
    if tokens == 0 { 0.0 } else { (sum / f32::from(tokens)).exp() }
}

/// Models say LF; a file with CRLF should not become mixed.
fn with_line_breaks_of(document: &Document, text: &str) -> String {
    let uses_crlf = document.text().lines().next().is_some_and(|line| {
        let end = line.len_bytes();
        end >= 2 && line.byte(end - 2) == b'\r' && line.byte(end - 1) == b'\n'
    });
    if uses_crlf && text.contains('\n') { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.to_owned() }
}
