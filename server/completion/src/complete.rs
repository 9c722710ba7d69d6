//! One completion, from a document and a cursor to the text to insert. Editors, the command line and the evaluation
//! all come through here.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ablations::Mechanism;
use crate::context::Surroundings;
use crate::cursor_kind::{CursorKind, cursor_kind};
use crate::document::{Document, Edit};
use crate::engine::{
    Cancel, Engine, EngineError, GeneratedToken, Generation, GenerationRequest, ModelId, Priority, Search,
    StopDecision, StoppingCriteria, Usage,
};
use crate::pin::{Pin, TokenBudget};
use crate::plan::{Plan, Shape, is_word, plan};
use crate::postprocess::{is_loop, useful_length};
use crate::prompt::FimText;
use crate::settings::CompletionSettings;
use crate::validity::valid_prefix;

/// Past its deadline a request still waits this long for the first whole word.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lines tried beside the greedy one. Of what a search without end finds, so many find nearly all.
const BRANCHES: usize = 4;

/// A search ends when so much of the time until the deadline is over.
const SEARCH_SHARE: f32 = 0.25;

/// So sure a model has to be of its second thought, which is right less often than its first.
const SURE_OF_ANOTHER: f32 = 0.5;

/// Where to complete: a document as it was, a byte offset in it, and where the prompt is split.
#[derive(Debug, Clone)]
pub struct Cursor {
    pub document: Document,
    pub offset: usize,
    pub pin: Arc<Pin>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// `None` where there is nothing worth showing.
    pub suggestion: Option<Suggestion>,
    /// What else might be meant, where several suggestions are wanted.
    pub others: Vec<Suggestion>,
    /// What the model said if it is not to be shown.
    pub suppressed: Option<Suppressed>,
    /// What kind of place it was asked for; `None` if it never came so far.
    pub kind: Option<CursorKind>,
    /// It was neither cancelled nor did it give way to a request that somebody waits for.
    pub completed: bool,
    pub usage: Usage,
    pub timing: Timing,
}

impl Completion {
    /// One that came to nothing before it began.
    pub fn interrupted() -> Self {
        Self::without_suggestion(false, Usage::default(), Timing::default())
    }

    pub fn without_suggestion(completed: bool, usage: Usage, timing: Timing) -> Self {
        Self { suggestion: None, others: Vec::new(), suppressed: None, kind: None, completed, usage, timing }
    }
}

/// How long each stage took. What is left of `total` is for choosing what to show.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// Finding out what to ask: the window, the plan, the prompt.
    pub preparing: Duration,
    /// For the engine's earlier requests.
    pub waiting: Duration,
    /// Evaluating the prompt, up to the first token; all of the engine's work where it brought none.
    pub evaluating: Duration,
    /// The tokens after the first.
    pub generating: Duration,
    pub total: Duration,
}

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

impl Suppressed {
    /// Whether something else may be meant. Where a model says nothing, nothing is meant.
    fn leaves_a_question(&self) -> bool {
        matches!(self.reason, Reason::Repeated | Reason::Broken | Reason::Unfinished)
    }

    /// What may be shown of it once its first `typed` bytes were typed: the model may be sure of the rest.
    pub(crate) fn after(&self, typed: usize, settings: &CompletionSettings) -> Option<Suggestion> {
        let rest = self.text.get(typed..).filter(|rest| !rest.trim().is_empty() && self.reason == Reason::Unsure)?;
        let confidence = confidence(&self.tokens, typed..self.text.len());
        is_sure(confidence, settings).then(|| Suggestion {
            text: rest.to_owned(),
            confidence,
            is_cut: false,
            model: self.model.clone(),
        })
    }
}

impl Cursor {
    /// A cursor with a pin of its own.
    pub fn new(document: Document, offset: usize, surroundings: Surroundings) -> Self {
        let pin = Arc::new(Pin::new(&document, offset, surroundings));
        Self { document, offset, pin }
    }

    /// The cursor after `text` was typed at this one.
    pub fn after(&self, text: &str) -> Self {
        let mut document = self.document.clone();
        let edit = Edit { range: self.offset..self.offset, text: text.to_owned() };
        match document.apply(document.version().saturating_add(1), &[edit]) {
            Ok(()) => {
                let offset = self.offset + text.len();
                let pin = if self.pin.holds(&document, offset) {
                    self.pin.clone()
                } else {
                    Arc::new(self.pin.moved_to(&document, offset))
                };
                Self { document, offset, pin }
            }
            Err(error) => {
                tracing::warn!("no place after a suggestion: {error}");
                self.clone()
            }
        }
    }

    /// What the model is shown.
    pub fn text(&self, settings: &CompletionSettings, engine: &dyn Engine) -> FimText {
        // The prompt's own special tokens, and the pieces of tokens at the window's edges, take a few.
        let answer = max_tokens(settings, engine) + 16;
        let tokens = settings.context_tokens.min(engine.model().context_length.saturating_sub(answer));
        let excerpts = engine.model().uses_excerpts;
        self.pin.text(&self.document, self.offset, TokenBudget { tokens, excerpts }, &|text| engine.count_tokens(text))
    }
}

/// Completes at `cursor`, on the calling thread. A completion that was cancelled, or gave way to another request, has no
/// suggestion.
pub fn complete(
    cursor: &Cursor,
    settings: &CompletionSettings,
    engine: &dyn Engine,
    priority: Priority,
    cancel: &Cancel,
) -> Result<Completion, EngineError> {
    let started = Instant::now();
    let Cursor { document, offset, .. } = cursor;
    let plan = plan(document, *offset, settings);
    let max_tokens = max_tokens(settings, engine);
    let text = cursor.text(settings, engine);
    tracing::trace!(?text, ?plan, "asking");
    let preparing = started.elapsed();

    let stopping = stopping(plan.clone(), settings.deadline.map(|deadline| started + deadline));
    let search = search(&plan, settings.deadline.map(|deadline| started + deadline.mul_f32(SEARCH_SHARE)));
    let generate = |avoid: Vec<String>| {
        let (text, stopping, cancel) = (text.clone(), stopping.clone(), cancel.clone());
        engine.generate(GenerationRequest { text, avoid, max_tokens, priority, stopping, search, cancel })
    };
    let said = generate(Vec::new())?;
    let answered = started.elapsed();
    let judge = |said: &Generation| judge(said, cursor, &plan, settings, max_tokens, &engine.model().id);
    let mut judged = judge(&said);
    let Generation { mut usage, completed, waited, first_token, text: first, .. } = said;

    let mut others = Vec::new();
    let mut avoid = vec![first];
    let is_late = settings.deadline.is_some_and(|deadline| started.elapsed() > deadline);
    if completed && !is_late && judged.as_ref().is_err_and(Suppressed::leaves_a_question) {
        let said = generate(avoid.clone())?;
        usage += said.usage;
        let another = judge(&said).ok().filter(|it| said.completed && it.confidence >= SURE_OF_ANOTHER);
        judged = another.map_or(judged, Ok);
        avoid.push(said.text);
    }
    let (suggestion, suppressed) = match judged {
        _ if !completed => (None, None),
        Ok(suggestion) => (Some(suggestion), None),
        Err(suppressed) => (None, Some(suppressed)),
    };
    while suggestion.is_some() && avoid.len() < settings.candidates {
        let said = generate(avoid.clone())?;
        usage += said.usage;
        if !said.completed || said.text.trim().is_empty() {
            break;
        }
        others.extend(judge(&said));
        avoid.push(said.text);
    }
    let first_token = first_token.map_or(answered, |first_token| preparing + first_token);
    let timing = Timing {
        preparing,
        waiting: waited,
        evaluating: first_token.saturating_sub(preparing + waited),
        generating: answered.saturating_sub(first_token),
        total: started.elapsed(),
    };
    let kind = Some(cursor_kind(document, *offset, settings));
    let completion = Completion { suggestion, others, suppressed, kind, completed, usage, timing };
    tracing::debug!(
        ?priority,
        usage = ?completion.usage,
        timing = ?completion.timing,
        completed,
        length = completion.suggestion.as_ref().map(|suggestion| suggestion.text.len()),
        suppressed = ?completion.suppressed.as_ref().map(|suppressed| suppressed.reason),
        "completed"
    );
    Ok(completion)
}

/// What to show of what the model said.
fn judge(
    said: &Generation,
    cursor: &Cursor,
    plan: &Plan,
    settings: &CompletionSettings,
    max_tokens: usize,
    model: &Arc<ModelId>,
) -> Result<Suggestion, Suppressed> {
    let Generation { text, tokens, cut, .. } = said;
    let document = &cursor.document;
    let generated = match cut {
        Some(cut) => whole_lines(&text[..*cut]),
        None if tokens.len() >= max_tokens && plan.end_of(text).is_none() => {
            whole_lines(text.trim_end_matches(is_word))
        }
        None => text,
    };
    let useful_length = useful_length(generated, plan);
    let useful = &text[..useful_length.unwrap_or(0)];
    let good = valid_prefix(document, cursor.offset, useful, cut.is_some(), settings.ablations);
    let confidence = confidence(tokens, 0..good.len());
    let suppressed = |text: &str, reason| {
        let shown = with_line_breaks_of(document, text);
        let tokens = if shown == text { tokens.clone() } else { Vec::new() };
        Err(Suppressed { text: shown, reason, model: model.clone(), tokens })
    };
    if let Err(reason) = useful_length {
        suppressed("", reason)
    } else if good.trim().is_empty() {
        // As if it was cut short, it may go on.
        let can_be_finished = valid_prefix(document, cursor.offset, useful, true, settings.ablations) == useful;
        suppressed(useful, if can_be_finished { Reason::Unfinished } else { Reason::Broken })
    } else if !is_sure(confidence, settings) {
        suppressed(good, Reason::Unsure)
    } else {
        Ok(Suggestion {
            text: with_line_breaks_of(document, good),
            confidence,
            is_cut: cut.is_some(),
            model: model.clone(),
        })
    }
}

fn is_sure(confidence: f32, settings: &CompletionSettings) -> bool {
    confidence * 100.0 >= f32::from(settings.min_confidence)
}

/// Evaluates what a completion at `cursor` will have to. It suggests nothing.
pub fn warm_up(
    cursor: &Cursor,
    settings: &CompletionSettings,
    engine: &dyn Engine,
    priority: Priority,
    cancel: &Cancel,
) -> Result<Completion, EngineError> {
    let started = Instant::now();
    let request = GenerationRequest {
        text: cursor.text(settings, engine),
        avoid: Vec::new(),
        max_tokens: 0,
        priority,
        stopping: Arc::new(|_, _| StopDecision::Continue),
        search: Search::default(),
        cancel: cancel.clone(),
    };
    let generation = engine.generate(request)?;
    let Generation { usage, completed, .. } = generation;
    let timing = Timing { total: started.elapsed(), ..Timing::default() };
    tracing::debug!(?usage, completed, ?timing.total, "warmed up");
    Ok(Completion::without_suggestion(completed, usage, timing))
}

fn max_tokens(settings: &CompletionSettings, engine: &dyn Engine) -> usize {
    settings.max_tokens.min(engine.model().context_length / 2)
}

/// Ends a generation where the plan ends, where it goes round in circles and, past the deadline, after the last whole
/// word.
fn stopping(plan: Plan, deadline: Option<Instant>) -> StoppingCriteria {
    Arc::new(move |text, before| {
        if plan.end_of(text).is_some() || (plan.ablations.keeps(Mechanism::Loops) && is_loop(text)) {
            return StopDecision::Complete;
        }
        let now = Instant::now();
        if deadline.is_some_and(|deadline| now > deadline) {
            let (said, latest) = text.split_at(before);
            let splits_word = said.ends_with(is_word) && latest.starts_with(is_word);
            if !said.trim().is_empty() && !splits_word {
                return StopDecision::Truncate(before);
            }
            if deadline.is_some_and(|deadline| now > deadline + PATIENCE) {
                return StopDecision::Truncate(text.len());
            }
        }
        StopDecision::Continue
    })
}

/// A line may turn out likelier than the greedy one. A block never comes out as it was meant, so any shorter one would be.
fn search(plan: &Plan, until: Option<Instant>) -> Search {
    match plan.shape {
        Shape::Line => Search { branches: BRANCHES, until },
        Shape::Block { .. } => Search::default(),
    }
}

/// Of several lines of a text that was broken off, those that are whole.
fn whole_lines(text: &str) -> &str {
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
