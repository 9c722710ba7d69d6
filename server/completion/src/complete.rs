//! One completion, from a document and a cursor to the text to insert. Editors, the command line and the evaluation
//! all come through here.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::context::context;
use crate::document::Document;
use crate::engine::{Cancel, Engine, EngineError, Generation, GenerationRequest, Usage, Watch};
use crate::plan::{Plan, plan};
use crate::postprocess::{is_loop, useful_length};
use crate::prompt::FimText;

/// Past its deadline a request still waits this long for the first whole word.
const PATIENCE: Duration = Duration::from_secs(2);

/// What of the user's settings bears on one completion.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CompletionSettings {
    pub multiline: Multiline,
    /// Upper bound on generated tokens.
    pub max_tokens: usize,
    /// Tokens of the file shown to the model, before and after the cursor together.
    pub context_tokens: usize,
    /// After this, a suggestion is cut at the next good place rather than awaited. `None`: as long as it takes.
    pub deadline: Option<Duration>,
}

/// Whether more than the rest of the line may be suggested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Multiline {
    /// Where the syntax calls for a block.
    #[default]
    Auto,
    Always,
    Never,
}

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
    // The prompt's own special tokens, and the pieces of tokens at the window's edges, take a few.
    let room = model.context_length.saturating_sub(settings.max_tokens + 16);
    let context = context(document, offset, settings.context_tokens.min(room), &|text: &str| engine.count_tokens(text));
    let text = FimText { prefix: &context.prefix, suffix: &context.suffix, tail: &context.tail };
    let prompt = model.template.fill(text);
    tracing::trace!(?prompt, ?plan, "prompt");

    let cut = Arc::new(AtomicUsize::new(usize::MAX));
    let watch = watch(plan.clone(), settings.deadline.map(|deadline| started + deadline), cut.clone());
    let request = GenerationRequest { prompt, max_tokens: settings.max_tokens, watch, cancel: cancel.clone() };
    let generation = engine.generate(request)?;

    let suggestion = if cancel.is_cancelled() {
        None
    } else {
        let generated = &generation.text[..cut.load(Ordering::Relaxed).min(generation.text.len())];
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

/// Ends a generation where the plan ends, where it goes round in circles and, past the deadline, after the last whole word; where it then should be
/// cut is left in `cut`.
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
