//! One completion, from a document and a cursor to the text to insert. Editors, the command line and the evaluation all
//! use this path.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ablations::Mechanism;
use crate::context::Surroundings;
use crate::context::pin::{Pin, TokenBudget};
use crate::cursor_kind::{CursorKind, cursor_kind};
use crate::document::{Document, Edit};
use crate::engine::{
    Cancel, Engine, EngineError, Generation, GenerationRequest, Priority, Search, StopDecision, StoppingCriteria, Usage,
};
use crate::plan::{Plan, Shape, plan};
use crate::prompt::FimText;
use crate::settings::CompletionSettings;
use crate::suggestion::postprocess::is_loop;
use crate::suggestion::{Suggestion, Suppressed};
use crate::text::is_word;

/// How long a request waits past its deadline for the first whole word.
const FIRST_WORD_GRACE: Duration = Duration::from_secs(2);

/// How many answers the search tries besides the greedy one. A larger number finds hardly any better answers.
const SEARCH_BRANCHES: usize = 4;

/// The share of the deadline that the search may use.
const SEARCH_SHARE: f32 = 0.25;

/// The confidence that a second answer needs to be shown. Second answers are right less often than first answers.
const MIN_ALTERNATIVE_CONFIDENCE: f32 = 0.5;

/// Where to complete.
#[derive(Debug, Clone)]
pub struct Cursor {
    /// A snapshot of the document.
    pub document: Document,
    /// In bytes.
    pub offset: usize,
    /// Where the prompt is split.
    pub pin: Arc<Pin>,
}

/// The result of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// `None` if nothing is worth showing.
    pub suggestion: Option<Suggestion>,
    /// Alternatives, if the settings ask for several candidates.
    pub others: Vec<Suggestion>,
    /// The text that the model generated, if it is not shown.
    pub suppressed: Option<Suppressed>,
    /// What kind of position the cursor was at; `None` if the request ended before that was known.
    pub kind: Option<CursorKind>,
    /// False if the request was cancelled or gave way to a request with a waiting user.
    pub completed: bool,
    /// Token counts of all generations of this request together.
    pub usage: Usage,
    pub timing: Timing,
}

impl Completion {
    /// A request that was interrupted before it started.
    pub fn interrupted() -> Self {
        Self::without_suggestion(false, Usage::default(), Timing::default())
    }

    /// A request that ran without producing text to show.
    pub fn without_suggestion(completed: bool, usage: Usage, timing: Timing) -> Self {
        Self { suggestion: None, others: Vec::new(), suppressed: None, kind: None, completed, usage, timing }
    }
}

/// How long each stage took. The stages do not add up to `total`: the rest is postprocessing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// Choosing the context, planning and writing the prompt.
    pub preparing: Duration,
    /// Waiting for earlier requests of the engine.
    pub waiting: Duration,
    /// Evaluating the prompt, up to the first token. If no token was generated, all of the engine's work.
    pub evaluating: Duration,
    /// Generating the tokens after the first one.
    pub generating: Duration,
    pub total: Duration,
}

impl Cursor {
    /// Creates a cursor with its own pin.
    pub fn new(document: Document, offset: usize, surroundings: Surroundings) -> Self {
        let pin = Arc::new(Pin::new(&document, offset, surroundings));
        Self { document, offset, pin }
    }

    /// The cursor after the user typed `text` at this one.
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
                tracing::warn!("cannot place a cursor after the suggestion: {error}");
                self.clone()
            }
        }
    }

    /// What the model sees.
    pub fn text(&self, settings: &CompletionSettings, engine: &dyn Engine) -> FimText {
        // Special tokens, and tokens that are split at the edges of the window, take a few more.
        let answer = max_tokens(settings, engine) + 16;
        let tokens = settings.context_tokens.min(engine.model().context_length.saturating_sub(answer));
        let excerpts = engine.model().uses_excerpts;
        self.pin.text(&self.document, self.offset, TokenBudget { tokens, excerpts }, &|text| engine.count_tokens(text))
    }
}

/// Completes at `cursor` on the calling thread. A completion has no suggestion if it was cancelled or gave way to
/// another request.
///
/// Returns an error if the engine fails.
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
    tracing::trace!(?text, ?plan, "generating");
    let preparing = started.elapsed();

    let stopping = stopping(plan.clone(), settings.deadline.map(|deadline| started + deadline));
    let search = search(&plan, settings.deadline.map(|deadline| started + deadline.mul_f32(SEARCH_SHARE)));
    let generate = |avoid: Vec<String>| {
        let (text, stopping, cancel) = (text.clone(), stopping.clone(), cancel.clone());
        engine.generate(GenerationRequest { text, avoid, max_tokens, priority, stopping, search, cancel })
    };
    let suggest = |generation: &Generation| {
        Suggestion::from_generation(generation, document, *offset, &plan, settings, max_tokens, &engine.model().id)
    };
    let generation = generate(Vec::new())?;
    let answered = started.elapsed();
    let mut result = suggest(&generation);
    let Generation { mut usage, completed, waited, first_token, text: first, .. } = generation;

    let mut others = Vec::new();
    let mut avoid = vec![first];
    let is_late = settings.deadline.is_some_and(|deadline| started.elapsed() > deadline);
    if completed && !is_late && result.as_ref().is_err_and(Suppressed::may_have_alternative) {
        let generation = generate(avoid.clone())?;
        usage += generation.usage;
        let another =
            suggest(&generation).ok().filter(|it| generation.completed && it.confidence >= MIN_ALTERNATIVE_CONFIDENCE);
        result = another.map_or(result, Ok);
        avoid.push(generation.text);
    }
    let (suggestion, suppressed) = match result {
        _ if !completed => (None, None),
        Ok(suggestion) => (Some(suggestion), None),
        Err(suppressed) => (None, Some(suppressed)),
    };
    while suggestion.is_some() && avoid.len() < settings.candidates {
        let generation = generate(avoid.clone())?;
        usage += generation.usage;
        if !generation.completed || generation.text.trim().is_empty() {
            break;
        }
        others.extend(suggest(&generation));
        avoid.push(generation.text);
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

/// Evaluates the prompt that a completion at `cursor` would use, so that the completion itself starts faster. Generates
/// nothing.
///
/// Returns an error if the engine fails.
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

/// Ends a generation where the plan ends, where the text loops, and, past the deadline, after the last whole word.
fn stopping(plan: Plan, deadline: Option<Instant>) -> StoppingCriteria {
    Arc::new(move |text, before| {
        if plan.end_of(text).is_some() || (plan.ablations.keeps(Mechanism::Loops) && is_loop(text)) {
            return StopDecision::Complete;
        }
        let now = Instant::now();
        if deadline.is_some_and(|deadline| now > deadline) {
            let (earlier, latest) = text.split_at(before);
            let splits_word = earlier.ends_with(is_word) && latest.starts_with(is_word);
            if !earlier.trim().is_empty() && !splits_word {
                return StopDecision::Truncate(before);
            }
            if deadline.is_some_and(|deadline| now > deadline + FIRST_WORD_GRACE) {
                return StopDecision::Truncate(text.len());
            }
        }
        StopDecision::Continue
    })
}

/// A single line can turn out likelier than the greedy one. A block cannot be compared fairly, because any shorter
/// block is likelier.
fn search(plan: &Plan, until: Option<Instant>) -> Search {
    match plan.shape {
        Shape::Line => Search { branches: SEARCH_BRANCHES, until },
        Shape::Block { .. } => Search::default(),
    }
}
