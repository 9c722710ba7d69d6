//! One open file: its text, its syntax tree and its version. Cloning a document is cheap and makes a snapshot: the rope
//! and the tree are shared, and what the clone shows never changes. The tree is parsed when it is first asked for, once
//! for all that share it and on the thread that asks, so that an edit never waits for a parse.

mod lazy_syntax;
pub mod outline;
pub mod syntax;

use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;
use tree_sitter::Node;

use crate::document::lazy_syntax::{LazySyntax, ParseStart};
use crate::document::outline::Outline;
use crate::document::syntax::{MAX_TEXT_BYTES, SyntaxTree};
use crate::language::Language;

/// After a text that took too long to parse, none is parsed until a version passes a multiple of this: at every key it
/// would be a core kept busy for nothing.
const VERSIONS_PER_RETRY: i32 = 64;

#[derive(Debug, Clone)]
pub struct Document {
    name: Arc<str>,
    language: Language,
    text: Rope,
    syntax: Arc<LazySyntax>,
    version: i32,
}

/// One replacement, in byte offsets of the text before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

/// Why an edit was refused. The document is then as it was before the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("version {offered} is not newer than version {held}, which the document has")]
    StaleVersion { held: i32, offered: i32 },
    #[error("the edit of bytes {start}..{end} is outside the text, which has {length} bytes")]
    RangeOutside { start: usize, end: usize, length: usize },
    #[error("the edit begins at byte {start}, after its end at byte {end}")]
    RangeReversed { start: usize, end: usize },
    #[error("byte {offset}, where the edit begins or ends, is inside a character")]
    InsideCharacter { offset: usize },
}

impl Document {
    /// A document as it was opened. `name` is the path to show to a model and to a person; `version` is the client's
    /// number for this text.
    pub fn new(name: impl Into<Arc<str>>, language: Language, version: i32, text: &str) -> Self {
        let Draft { text, syntax } = Draft::from(text);
        Self { name: name.into(), language, text, syntax: Arc::new(LazySyntax::new(syntax)), version }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// The tree of [`Document::text`]; `None` where the language has no grammar, the text is over [`MAX_TEXT_BYTES`] or
    /// parsing it, or what it was a moment ago, took too long.
    ///
    /// The first call for a text parses it, which may take [`MAX_PARSE_TIME`](crate::document::syntax::MAX_PARSE_TIME), and others
    /// wait for that. So it is not for the thread that applies the edits.
    pub fn syntax(&self) -> Option<&SyntaxTree> {
        self.syntax.get(self.language, &self.text)
    }

    /// What [`Document::text`] defines; `None` where there is no tree. It takes as long, and is shared, as the tree is.
    pub fn outline(&self) -> Option<&Arc<Outline>> {
        self.syntax.outline(self.language, &self.text)
    }

    /// The nodes that hold the byte before `offset`, innermost first; none where there is no tree. A comment ends where its
    /// line ends, and a cursor there is still in the comment.
    pub(crate) fn nodes_before(&self, offset: usize) -> impl Iterator<Item = Node<'_>> {
        let before = offset.saturating_sub(1);
        let innermost = self.syntax().and_then(|tree| tree.root_node().descendant_for_byte_range(before, before));
        std::iter::successors(innermost, |node| node.parent())
    }

    /// The client's number for [`Document::text`].
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Applies all `edits` in order, or none of them. Each one's byte offsets are in the text that the one before left.
    pub fn apply(&mut self, version: i32, edits: &[Edit]) -> Result<(), EditError> {
        self.edit(version, |draft| edits.iter().try_for_each(|edit| draft.splice(edit.range.clone(), &edit.text)))
    }

    /// Gives `change` a draft of the text to edit, and takes the draft over if `change` succeeds. Otherwise the document
    /// stays as it was.
    pub fn edit<E: From<EditError>>(
        &mut self,
        version: i32,
        change: impl FnOnce(&mut Draft) -> Result<(), E>,
    ) -> Result<(), E> {
        self.check_version(version)?;
        let mut draft = Draft::of(self);
        change(&mut draft)?;
        self.adopt(version, draft);
        Ok(())
    }

    /// Replaces the whole text.
    pub fn replace(&mut self, version: i32, text: &str) -> Result<(), EditError> {
        self.check_version(version)?;
        self.adopt(version, Draft::from(text));
        Ok(())
    }

    fn check_version(&self, offered: i32) -> Result<(), EditError> {
        if offered > self.version { Ok(()) } else { Err(EditError::StaleVersion { held: self.version, offered }) }
    }

    /// Takes the text of `draft`, and leaves its parse to whoever asks for the tree.
    fn adopt(&mut self, version: i32, mut draft: Draft) {
        if version.div_euclid(VERSIONS_PER_RETRY) != self.version.div_euclid(VERSIONS_PER_RETRY) {
            draft.syntax.retry();
        }
        self.text = draft.text;
        self.syntax = Arc::new(LazySyntax::new(draft.syntax));
        self.version = version;
    }
}

/// A document's text while it is being edited. See [`Document::edit`].
pub struct Draft {
    text: Rope,
    syntax: ParseStart,
}

impl Draft {
    fn of(document: &Document) -> Self {
        Self { text: document.text.clone(), syntax: document.syntax.start() }
    }

    /// The text as the edits so far have left it.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// Replaces the whole text.
    pub fn replace(&mut self, text: &str) {
        *self = Self::from(text);
    }

    /// Replaces the bytes of `range`.
    pub fn splice(&mut self, range: Range<usize>, inserted: &str) -> Result<(), EditError> {
        let Range { start, end } = range;
        let length = self.text.len_bytes();
        if start > end {
            return Err(EditError::RangeReversed { start, end });
        }
        if end > length {
            return Err(EditError::RangeOutside { start, end, length });
        }
        let first = self.char_at(start)?;
        let last = self.char_at(end)?;

        // Marked edits must stay within the limit, also between two edits that grow the text and shrink it again.
        if length - (end - start) + inserted.len() > MAX_TEXT_BYTES {
            self.syntax = ParseStart::default();
        }
        self.syntax.edit(&self.text, range, inserted);
        self.text.remove(first..last);
        self.text.insert(first, inserted);
        Ok(())
    }

    /// The index of the character that begins at the byte `offset`, which must lie in the text.
    fn char_at(&self, offset: usize) -> Result<usize, EditError> {
        let character = self.text.byte_to_char(offset);
        if self.text.char_to_byte(character) == offset {
            Ok(character)
        } else {
            Err(EditError::InsideCharacter { offset })
        }
    }
}

impl From<&str> for Draft {
    fn from(text: &str) -> Self {
        Self { text: Rope::from_str(text), syntax: ParseStart::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parse_given_up_is_tried_again_now_and_then() {
        let mut document = Document::new("a.rs", Language::from_id("rust"), 62, "fn f() {}");
        let edit = || [Edit { range: 0..0, text: " ".to_owned() }];
        let snapshot = document.clone();
        assert_eq!(document.apply(63, &edit()), Ok(()));
        // Also where the text has gone on during the parse.
        snapshot.syntax.give_up();
        assert!(document.syntax().is_none());
        assert_eq!(document.apply(64, &edit()), Ok(()));
        assert!(document.syntax().is_some());

        document.syntax.give_up();
        assert!(document.syntax().is_some());
        for version in 65..=129 {
            assert_eq!(document.apply(version, &edit()), Ok(()));
            assert!(version >= 128 || document.syntax().is_none());
        }
        // At version 128 nobody asked.
        assert!(document.syntax().is_some());

        document.syntax.give_up();
        assert_eq!(document.replace(130, "fn g() {}"), Ok(()));
        assert!(document.syntax().is_some());
    }
}
