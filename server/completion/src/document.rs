//! One open file: its text, its syntax tree and its version. Cloning a document is cheap and makes a snapshot, because
//! the rope and the tree are shared. The first reader of the tree parses the text for all clones, on its own thread, so
//! edits never wait for a parse.

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

/// After a parse that took too long, the next attempt waits until the version passes a multiple of this. An attempt
/// after every edit would keep a core busy for nothing.
const VERSIONS_PER_RETRY: i32 = 64;

/// See the [module](self).
#[derive(Debug, Clone)]
pub struct Document {
    name: Arc<str>,
    language: Language,
    text: Rope,
    syntax: Arc<LazySyntax>,
    version: i32,
}

/// One replacement. The range is in bytes of the text before the edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

/// Why an edit was refused. The document is unchanged after an error.
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
    /// Creates a document. `name` is the path that models and people see. `version` is the client's version number of
    /// this text.
    pub fn new(name: impl Into<Arc<str>>, language: Language, version: i32, text: &str) -> Self {
        let Draft { text, syntax } = Draft::from(text);
        Self { name: name.into(), language, text, syntax: Arc::new(LazySyntax::new(syntax)), version }
    }

    /// The path that models and people see.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn language(&self) -> Language {
        self.language
    }

    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// The syntax tree of [`Document::text`]. `None` if the language has no grammar, if the text is larger than
    /// [`MAX_TEXT_BYTES`], or if parsing this text or a recent one took too long.
    ///
    /// The first call parses the text, which can take [`MAX_PARSE_TIME`](syntax::MAX_PARSE_TIME). Concurrent calls wait
    /// for it. Do not call this on the thread that applies edits.
    pub fn syntax(&self) -> Option<&SyntaxTree> {
        self.syntax.get(self.language, &self.text)
    }

    /// The definitions in [`Document::text`]; `None` if there is no syntax tree. Takes as long as [`Document::syntax`].
    pub fn outline(&self) -> Option<&Arc<Outline>> {
        self.syntax.outline(self.language, &self.text)
    }

    /// The nodes that contain the byte before `offset`, innermost first. Empty without a syntax tree. A comment node
    /// ends with its line, so this finds the comment for a cursor at the end of that line.
    pub(crate) fn nodes_before(&self, offset: usize) -> impl Iterator<Item = Node<'_>> {
        let before = offset.saturating_sub(1);
        let innermost = self.syntax().and_then(|tree| tree.root_node().descendant_for_byte_range(before, before));
        std::iter::successors(innermost, |node| node.parent())
    }

    /// The client's version number of [`Document::text`].
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Applies all `edits` in order, or none of them. The range of each edit refers to the text after the previous
    /// edit.
    ///
    /// Returns an error if `version` is not newer, or if a range is outside the text or splits a character.
    pub fn apply(&mut self, version: i32, edits: &[Edit]) -> Result<(), EditError> {
        self.edit(version, |draft| edits.iter().try_for_each(|edit| draft.splice(edit.range.clone(), &edit.text)))
    }

    /// Passes a draft of the text to `change` and adopts the draft if `change` succeeds. Otherwise the document is
    /// unchanged.
    ///
    /// Returns an error if `version` is not newer, or the error of `change`.
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
    ///
    /// Returns an error if `version` is not newer.
    pub fn replace(&mut self, version: i32, text: &str) -> Result<(), EditError> {
        self.check_version(version)?;
        self.adopt(version, Draft::from(text));
        Ok(())
    }

    fn check_version(&self, offered: i32) -> Result<(), EditError> {
        if offered > self.version { Ok(()) } else { Err(EditError::StaleVersion { held: self.version, offered }) }
    }

    /// Takes over the text of `draft`. The next reader of the tree parses it.
    fn adopt(&mut self, version: i32, mut draft: Draft) {
        if version.div_euclid(VERSIONS_PER_RETRY) != self.version.div_euclid(VERSIONS_PER_RETRY) {
            draft.syntax.retry();
        }
        self.text = draft.text;
        self.syntax = Arc::new(LazySyntax::new(draft.syntax));
        self.version = version;
    }
}

/// The text of a document during [`Document::edit`].
pub struct Draft {
    text: Rope,
    syntax: ParseStart,
}

impl Draft {
    fn of(document: &Document) -> Self {
        Self { text: document.text.clone(), syntax: document.syntax.start() }
    }

    /// The text after the edits so far.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// Replaces the whole text.
    pub fn replace(&mut self, text: &str) {
        *self = Self::from(text);
    }

    /// Replaces the bytes in `range`.
    ///
    /// Returns an error if the range is outside the text or splits a character. The draft is then unchanged.
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

        // The tree only accepts edits within the limit, even if a later edit would shrink the text again.
        if length - (end - start) + inserted.len() > MAX_TEXT_BYTES {
            self.syntax = ParseStart::default();
        }
        self.syntax.edit(&self.text, range, inserted);
        self.text.remove(first..last);
        self.text.insert(first, inserted);
        Ok(())
    }

    /// The index of the character that starts at the byte `offset`. The offset must be inside the text.
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
    fn a_slow_text_is_parsed_again_only_now_and_then() {
        let mut document = Document::new("a.rs", Language::from_id("rust"), 62, "fn f() {}");
        let edit = || [Edit { range: 0..0, text: " ".to_owned() }];
        let snapshot = document.clone();
        assert_eq!(document.apply(63, &edit()), Ok(()));
        // This also holds if the text was edited during the parse.
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
        // Version 128 was not parsed, because nothing read its tree.
        assert!(document.syntax().is_some());

        document.syntax.give_up();
        assert_eq!(document.replace(130, "fn g() {}"), Ok(()));
        assert!(document.syntax().is_some());
    }
}
