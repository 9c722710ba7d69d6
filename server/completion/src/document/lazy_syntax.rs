//! The syntax tree and the outline of one text. The first reader computes them on its own thread, so editing never
//! waits for a parse, and nothing is parsed that nobody reads.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ropey::Rope;

use crate::document::outline::Outline;
use crate::document::syntax::{MAX_TEXT_BYTES, SyntaxTree};
use crate::language::Language;

/// How much work marking edits in one tree may cause before the tree is dropped: the number of bytes removed, plus
/// [`MARK_COST`] for each edit. tree-sitter visits every node in a removed range and keeps it, so later edits at the
/// same place visit it again. With this budget, deleting 5,000 characters one by one ends at 50 µs per edit, and
/// deleting 64 KiB at once takes 2 ms. Dropping a tree means a parse from scratch, but on the reader's thread.
const MARKING_BUDGET: usize = 64 * 1024;
const MARK_COST: usize = 16;

/// Shared by all clones of a document with the same text, so the text is parsed once.
#[derive(Debug)]
pub(crate) struct LazySyntax {
    tree: OnceLock<Option<SyntaxTree>>,
    outline: OnceLock<Option<Arc<Outline>>>,
    /// The starting point of the parse. The parsing thread drops it once `tree` is set, because freeing the nodes of a
    /// large file takes milliseconds. The lock is only held to copy or take the value, never during a parse.
    old: Mutex<Option<MarkedTree>>,
    given_up: Arc<AtomicBool>,
}

/// The starting point for parsing a text. It follows the text while the text is edited.
#[derive(Debug, Default)]
pub(crate) struct ParseStart {
    /// `None` means that the text is parsed from scratch.
    old: Option<MarkedTree>,
    /// Set when parsing this text or an earlier version took too long, because another attempt would most likely take
    /// too long as well. Shared with the earlier versions, since their parses may still be running.
    given_up: Arc<AtomicBool>,
}

/// The tree of an earlier text, in which all later edits are marked.
#[derive(Debug, Clone)]
struct MarkedTree {
    tree: SyntaxTree,
    /// The remaining part of [`MARKING_BUDGET`].
    budget: usize,
}

impl LazySyntax {
    /// The tree of the text that `start` was made for.
    pub(crate) fn new(start: ParseStart) -> Self {
        Self { tree: OnceLock::new(), outline: OnceLock::new(), old: Mutex::new(start.old), given_up: start.given_up }
    }

    /// Parses on the first call, while concurrent calls wait. `text` must be the same in every call.
    pub(crate) fn get(&self, language: Language, text: &Rope) -> Option<&SyntaxTree> {
        if let Some(tree) = self.tree.get() {
            return tree.as_ref();
        }
        let tree = self.tree.get_or_init(|| self.parse(language, text));
        let old = self.old().take();
        // Free the tree without holding the lock.
        drop(old);
        tree.as_ref()
    }

    /// Computes the outline on the first call, from the tree.
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

    /// The starting point for parsing an edited version of this text: its tree, or, if the parse has not ended, the
    /// starting point of that parse. Never waits for a parse.
    pub(crate) fn start(&self) -> ParseStart {
        // The order matters: the old tree is only dropped after the new tree is set.
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

    /// Simulates a parse that took too long.
    #[cfg(test)]
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}

impl ParseStart {
    /// Marks an edit; see [`SyntaxTree::edit`].
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

    /// Allows the next parse even if an earlier one took too long.
    pub(crate) fn retry(&mut self) {
        self.given_up = Arc::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_tree_is_dropped_after_use_or_with_too_many_marks() {
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
            // A text that nobody parsed passes the marks on with the tree.
            start = LazySyntax::new(start).start();
            start.edit(&text, 0..0, " ");
            text.insert(0, " ");
            marks += 1;
        }
        assert_eq!(marks, MARKING_BUDGET / MARK_COST + 1);
        assert!(LazySyntax::new(start).get(language, &text).is_some());
    }
}
