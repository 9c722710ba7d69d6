//! What the engine is given to do while nobody waits: say to its end what the deadline has cut short, complete where the
//! user will be after accepting, and read what the next place will need. One step at a time, each begun in a pause of the
//! user's and abandoned as soon as somebody asks.

use std::collections::VecDeque;
use std::time::Duration;

use fimble_completion::complete::{Completion, Cursor, Suggestion};
use fimble_completion::engine::Cancel;
use fimble_completion::suggestion_cache::Origin;

use crate::session::{Purpose, Session, CompletionTask};

/// Longer than between two keys of somebody who types.
pub(crate) const PAUSE: Duration = Duration::from_millis(150);

#[derive(Default)]
pub(crate) struct Prefetcher {
    /// Counts what the user does. Whatever has begun before the latest is about another text.
    activity: u64,
    agenda: Agenda,
    running: Option<Cancel>,
}

/// The steps that are left.
#[derive(Default)]
struct Agenda {
    steps: VecDeque<Step>,
    /// The latest answer, and what the user was shown.
    answered: Option<(CompletionTask, Suggestion)>,
}

enum Step {
    Finish,
    Follow,
    WarmUp(CompletionTask),
}

impl Prefetcher {
    /// The user has done something: what was to be done is about a text that is no more.
    pub(crate) fn note_activity(&mut self) {
        self.activity += 1;
        self.agenda = Agenda::default();
        if let Some(cancel) = self.running.take() {
            cancel.cancel();
        }
    }

    /// Notes what to do after `work` was answered. Returns the number to ask for the next step with.
    pub(crate) fn plan_after(&mut self, work: CompletionTask, suggestion: Option<Suggestion>) -> u64 {
        let mut steps = VecDeque::new();
        if let Some(suggestion) = &suggestion {
            if suggestion.is_cut {
                steps.push_back(Step::Finish);
            }
            steps.push_back(Step::Follow);
        }
        steps.extend(work.next_place().map(Step::WarmUp));
        self.agenda = Agenda { steps, answered: suggestion.map(|suggestion| (work, suggestion)) };
        self.activity
    }

    /// Notes that `work`'s surroundings are to be read. Returns the number to ask for the next step with.
    pub(crate) fn plan_warm_up(&mut self, work: CompletionTask) -> u64 {
        self.agenda = Agenda { steps: [Step::WarmUp(work)].into(), answered: None };
        self.activity
    }

    /// The next step, unless the user has done something since it was planned or another is still running.
    pub(crate) fn next(&mut self, activity: u64, session: &mut Session) -> Option<(CompletionTask, Cancel)> {
        if activity != self.activity || self.running.is_some() {
            return None;
        }
        let work = loop {
            let work = match (self.agenda.steps.pop_front()?, &self.agenda.answered) {
                (Step::WarmUp(work), _) => Some(work),
                (Step::Finish, Some((answered, _))) => Some(answered.without_deadline()),
                (Step::Follow, Some((answered, suggestion))) => session.follow(answered, suggestion),
                (Step::Finish | Step::Follow, None) => None,
            };
            if let Some(work) = work {
                break work;
            }
        };
        let cancel = Cancel::default();
        self.running = Some(cancel.clone());
        Some((work, cancel))
    }

    /// Takes what a step has brought. Returns the number to ask for the next step with.
    pub(crate) fn ended(&mut self, work: &CompletionTask, completion: Completion, cancel: &Cancel, session: &mut Session) -> u64 {
        session.statistics.background += completion.usage;
        let is_latest = !cancel.is_cancelled();
        if is_latest {
            self.running = None;
        }
        if work.purpose == Purpose::WarmUp && completion.completed {
            session.adopt(work);
        }
        let origin = if work.purpose == Purpose::Follow { Origin::Prefetch } else { Origin::Request };
        session.remember(work, &completion, origin);
        let answered = self.agenda.answered.as_mut().filter(|_| is_latest && origin == Origin::Request);
        if let (Some((_, shown)), Some(suggestion)) = (answered, completion.suggestion) {
            *shown = suggestion;
        }
        self.activity
    }
}

/// The cursor after `suggestion` was accepted and, where the line then ends, a new one begun as an editor would indent it.
pub(crate) fn after_accepting(cursor: &Cursor, suggestion: &Suggestion) -> Option<Cursor> {
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
