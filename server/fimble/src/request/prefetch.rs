//! Gives the engine work while the user pauses: generate the rest of a suggestion that the deadline cut short, complete where
//! the cursor will be after an accept, and evaluate the prompt of the next pin. The rest of a suggestion is generated at once,
//! and while the user types along. Each other step starts in a pause and stops as soon as the user does something.

use std::collections::VecDeque;
use std::time::Duration;

use fimble_completion::complete::{Completion, Cursor};
use fimble_completion::engine::Cancel;
use fimble_completion::suggestion::Suggestion;
use fimble_completion::suggestion::cache::Origin;

use super::task::{CompletionTask, Purpose, TaskError};
use super::{Event, Requests};
use crate::documents::DocumentId;
use crate::session::Session;

/// Longer than the time between two keys of a user who types.
const PAUSE: Duration = Duration::from_millis(150);

#[derive(Default)]
pub(super) struct Prefetcher {
    /// Counts what the user does. Steps planned before the latest activity are about an old text.
    activity: u64,
    steps: VecDeque<Step>,
    /// The latest answer and the suggestion on screen.
    answered: Option<(CompletionTask, Suggestion)>,
    running: Option<Running>,
    /// The latest opened document, until it is read or the user goes on.
    opened: Option<DocumentId>,
}

struct Running {
    cancel: Cancel,
    /// The user's activity when the step was started.
    activity: u64,
    /// The rest of a suggestion stays useful while the user types along. The engine stops for any request that needs it.
    survives_activity: bool,
}

enum Step {
    Finish,
    Follow,
    WarmUp(CompletionTask),
}

impl Prefetcher {
    pub(super) fn activity(&self) -> u64 {
        self.activity
    }

    /// The user has done something and is in another place than where a document was opened.
    pub(super) fn note_activity(&mut self) {
        self.opened = None;
        self.restart();
    }

    /// Drops what was planned and stops what runs.
    pub(super) fn restart(&mut self) {
        self.activity += 1;
        self.steps.clear();
        self.answered = None;
        if let Some(running) = self.running.take_if(|running| !running.survives_activity) {
            running.cancel.cancel();
        }
    }

    /// How long to wait before the next step.
    pub(super) fn pause(&self) -> Duration {
        if matches!(self.steps.front(), Some(Step::Finish)) { Duration::ZERO } else { PAUSE }
    }

    /// Plans the steps that follow an answer to `task`.
    pub(super) fn plan_after(&mut self, task: CompletionTask, suggestion: Option<Suggestion>) {
        self.steps.clear();
        if let Some(suggestion) = &suggestion {
            self.steps.extend(suggestion.is_cut.then_some(Step::Finish));
            self.steps.push_back(Step::Follow);
        }
        self.steps.extend(task.next_pin().map(Step::WarmUp));
        self.answered = suggestion.map(|suggestion| (task, suggestion));
    }

    fn plan_warm_up(&mut self, task: CompletionTask) {
        self.steps = [Step::WarmUp(task)].into();
        self.answered = None;
    }
}

impl Requests {
    /// Reads the document `id` as soon as a model is loaded and the user pauses.
    pub(crate) fn opened(&mut self, session: &mut Session, id: DocumentId) {
        self.prefetcher.note_activity();
        self.prefetcher.opened = Some(id);
        self.warm_up_opened(session);
    }

    /// Tries again to read the latest opened document.
    pub(crate) fn warm_up_opened(&mut self, session: &mut Session) {
        let opened = self.prefetcher.opened.clone();
        if let Some(task) = opened.and_then(|id| CompletionTask::opening(session, &id)) {
            self.prefetcher.opened = None;
            self.prefetcher.plan_warm_up(task);
            self.wait_for_pause(session);
        }
    }

    /// Starts the next step, unless the user has done something since it was planned or another step still runs.
    pub(super) fn prefetch_next(&mut self, session: &mut Session, activity: u64) {
        if activity != self.prefetcher.activity || self.prefetcher.running.is_some() {
            return;
        }
        let (task, survives_activity) = loop {
            let Some(step) = self.prefetcher.steps.pop_front() else { return };
            let is_finish = matches!(step, Step::Finish);
            let task = match (step, &self.prefetcher.answered) {
                (Step::WarmUp(task), _) => Some(task),
                (Step::Finish, Some((answered, _))) => Some(answered.without_deadline()),
                (Step::Follow, Some((answered, suggestion))) => after_accepting(&answered.cursor, suggestion)
                    .filter(|cursor| {
                        let settings = &session.settings.completion;
                        self.suggestions.get(&cursor.document, cursor.offset, settings).is_none()
                    })
                    .map(|cursor| CompletionTask { purpose: Purpose::Follow, cursor, ..answered.without_deadline() }),
                (Step::Finish | Step::Follow, None) => None,
            };
            if let Some(task) = task {
                break (task, is_finish);
            }
        };
        let cancel = Cancel::default();
        self.prefetcher.running = Some(Running { cancel: cancel.clone(), activity, survives_activity });
        self.tasks.spawn(async move {
            let result = task.clone().run(cancel.clone(), None).await;
            Event::Prefetched(task, cancel, result)
        });
    }

    /// Takes the result of a step and starts the next one.
    pub(super) fn prefetched(
        &mut self,
        session: &mut Session,
        task: &CompletionTask,
        cancel: &Cancel,
        result: Result<Completion, TaskError>,
    ) {
        let ended = if cancel.is_cancelled() { None } else { self.prefetcher.running.take() };
        let is_latest = ended.is_some_and(|ended| ended.activity == self.prefetcher.activity);
        let completion = match result {
            Ok(completion) => completion,
            // A request that meets the same error reports it to the user.
            Err(TaskError::Engine(error)) => return tracing::warn!("nothing was prefetched: {error}"),
            Err(TaskError::Panicked) => return tracing::error!("fimble crashed while it prefetched"),
        };
        session.usage.counters.background += completion.usage;
        if task.purpose == Purpose::WarmUp && completion.completed {
            adopt_pin(session, task);
        }
        let origin = if task.purpose == Purpose::Follow { Origin::Prefetch } else { Origin::Request };
        self.remember(session, task, &completion, origin);
        let answered = self.prefetcher.answered.as_mut().filter(|_| is_latest && origin == Origin::Request);
        if let (Some((_, shown)), Some(suggestion)) = (answered, completion.suggestion) {
            *shown = suggestion;
        }
        self.prefetch_next(session, self.prefetcher.activity);
    }
}

/// The next requests in the document use the pin of `task`, whose prompt is evaluated by now.
fn adopt_pin(session: &mut Session, task: &CompletionTask) {
    let Cursor { document, pin, .. } = &task.cursor;
    if !session.engine.serves(&task.engine) {
        return;
    }
    if let Some(open) = session.documents.values_mut().find(|open| open.document.name() == document.name()) {
        open.pins.adopt(pin.clone());
    }
}

/// The cursor after `suggestion` was accepted. If the line ends there, the user is taken to start a new one, indented as
/// an editor would. `None` if text follows in the line.
fn after_accepting(cursor: &Cursor, suggestion: &Suggestion) -> Option<Cursor> {
    let text = cursor.document.text();
    let rest = text.byte_slice(cursor.offset..).lines().next().map(|rest| rest.to_string()).unwrap_or_default();
    if !rest.trim().is_empty() {
        return None;
    }
    let line = text.line(text.byte_to_line(cursor.offset)).to_string();
    let accepted = format!("{}{}", line.trim_end_matches(['\r', '\n']), suggestion.text);
    let last = accepted.lines().next_back().unwrap_or_default();
    let indent: String = last.chars().take_while(|character| matches!(character, ' ' | '\t')).collect();
    let deeper = match last.trim_end().chars().next_back() {
        Some('{' | '(' | '[' | ':') if indent.starts_with('\t') => "\t",
        Some('{' | '(' | '[' | ':') => "    ",
        _ => "",
    };
    let line_break = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
    Some(cursor.after(&format!("{}{line_break}{indent}{deeper}", suggestion.text)))
}
