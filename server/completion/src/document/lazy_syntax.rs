//! The syntax tree of one text and its outline, made when they are first asked for, by the thread that asks. So an edit
//! costs the document's owner no parse, and a tree nobody asks for costs nobody one.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ropey::Rope;

use crate::document::outline::Outline;
use crate::document::syntax::{MAX_TEXT_BYTES, SyntaxTree};
use crate::language::Language;

/// What marking edits in one tree may cost before the tree is dropped, in bytes removed from its text and
/// [`MARK_COST`] for each edit. It bounds what one edit costs: tree-sitter visits each node in what is removed, and
/// keeps it, so that edits at the same place visit it again. Deleting 5,000 characters one by one ends at 50 µs each,
/// and 64 KiB at once take 2 ms. A parse from the beginning, the price of dropping a tree, is not the owner's to pay.
const MARKING_BUDGET: usize = 64 * 1024;
const MARK_COST: usize = 16;

/// Shared by all clones of a document that have the same text: whoever asks first parses for all.
#[derive(Debug)]
pub(crate) struct LazySyntax {
    tree: OnceLock<Option<SyntaxTree>>,
    outline: OnceLock<Option<Arc<Outline>>>,
    /// What the parse starts from. It is dropped as soon as `tree` is there, by the thread that parsed, since freeing the
    /// nodes of a large file takes milliseconds. Locked only to copy or take it, never during a parse.
    old: Mutex<Option<MarkedTree>>,
    given_up: Arc<AtomicBool>,
}

/// What the tree of a text will be parsed from; it follows the text while that is being edited.
#[derive(Debug, Default)]
pub(crate) struct ParseStart {
    /// `None`: the text is parsed from the beginning.
    old: Option<MarkedTree>,
    /// A parse took too long, of this text or of one that it comes from: another attempt would most likely, too. Shared
    /// with those texts, because their parses may still be running.
    given_up: Arc<AtomicBool>,
}

/// The tree of an earlier text, with all edits since marked in it.
#[derive(Debug, Clone)]
struct MarkedTree {
    tree: SyntaxTree,
    /// What is left of [`MARKING_BUDGET`].
    budget: usize,
}

impl LazySyntax {
    /// The tree of `text`, which must be the one that `start` was made to follow.
    pub(crate) fn new(start: ParseStart) -> Self {
        Self { tree: OnceLock::new(), outline: OnceLock::new(), old: Mutex::new(start.old), given_up: start.given_up }
    }

    /// Parses on the first call, and makes others wait who call meanwhile. `text` must be the same each time.
    pub(crate) fn get(&self, language: Language, text: &Rope) -> Option<&SyntaxTree> {
        if let Some(tree) = self.tree.get() {
            return tree.as_ref();
        }
        let tree = self.tree.get_or_init(|| self.parse(language, text));
        let old = self.old().take();
        // Freed without the lock.
        drop(old);
        tree.as_ref()
    }

    /// The same for the outline.
    pub(crate) fn outline(&self, language: Language, text: &Rope) -> Option<&Arc<Outline>> {
        let make = || Some(Arc::new(Outline::new(language, self.get(language, text)?, text)));
        self.outline.get_or_init(make).as_ref()
    }

    fn parse(&self, language: Language, text: &Rope) -> Option<SyntaxTree> {
        if self.given_up.load(Ordering::Relaxed) {
            return None;
        }
        let old = self.old().clone();
        let tree = match old {
            Some(old) => old.tree.reparse(text),
            None => SyntaxTree::parse(language, text),
        };
        if tree.is_none() && text.len_bytes() <= MAX_TEXT_BYTES {
            self.given_up.store(true, Ordering::Relaxed);
        }
        tree
    }

    /// Where the parse of a text starts that edits will make of this one: at its tree, or, since this waits for no parse,
    /// where the parse of this one starts if that has not ended.
    pub(crate) fn start(&self) -> ParseStart {
        // In this order: the old tree is gone only after the new one has come.
        let old = self.old().clone();
        let old = match self.tree.get() {
            Some(Some(tree)) => Some(MarkedTree { tree: tree.clone(), budget: MARKING_BUDGET }),
            Some(None) => None,
            None => old,
        };
        ParseStart { old, given_up: self.given_up.clone() }
    }

    fn old(&self) -> MutexGuard<'_, Option<MarkedTree>> {
        self.old.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a parse that took too long does.
    #[cfg(test)]
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl ParseStart {
    /// As [`SyntaxTree::edit`].
    pub(crate) fn edit(&mut self, before: &Rope, range: Range<usize>, inserted: &str) {
        let Some(old) = &mut self.old else {
            return;
        };
        match old.budget.checked_sub(range.len() + MARK_COST) {
            Some(budget) => {
                old.budget = budget;
                old.tree.edit(before, range, inserted);
            }
            None => self.old = None,
        }
    }

    /// Lets a text be parsed although one that it comes from took too long.
    pub(crate) fn retry(&mut self) {
        self.given_up = Arc::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_tree_is_dropped_when_it_has_served_or_has_too_many_marks() {
        let language = Language::from_id("rust");
        let mut text = Rope::from_str(&format!("//{}\n", " ".repeat(MARKING_BUDGET)));
        let lazy = LazySyntax::new(ParseStart::default());
        assert!(lazy.start().old.is_none());
        assert!(lazy.get(language, &text).is_some());

        let lazy = LazySyntax::new(lazy.start());
        assert!(lazy.old().is_some());
        assert!(lazy.get(language, &text).is_some());
        assert!(lazy.old().is_none(), "it is not needed any more");

        let mut start = lazy.start();
        start.edit(&text, 0..MARKING_BUDGET, "");
        assert!(start.old.is_none());

        let mut start = lazy.start();
        let mut marks = 0;
        while start.old.is_some() {
            // A text asked for in between takes over the marks with the tree.
            start = LazySyntax::new(start).start();
            start.edit(&text, 0..0, " ");
            text.insert(0, " ");
            marks += 1;
        }
        assert_eq!(marks, MARKING_BUDGET / MARK_COST + 1);
        assert!(LazySyntax::new(start).get(language, &text).is_some());
    }
}
