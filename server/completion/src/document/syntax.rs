//! The syntax tree of a document. It is parsed from the chunks of the rope, and after an edit only the changed part is
//! parsed again.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{InputEdit, Node, ParseOptions, ParseState, Parser, Point, Tree};

use crate::language::Language;

/// Larger texts, in bytes, have no syntax tree. This bounds the memory for trees.
pub const MAX_TEXT_BYTES: usize = 2 * 1024 * 1024;

/// A parse that takes longer is aborted, and its callers continue without a tree. 250 ms are enough for about 40,000
/// lines of code. The limit is needed because tree-sitter's error recovery can spend minutes on text that is not code.
pub const MAX_PARSE_TIME: Duration = Duration::from_millis(250);

/// A tree-sitter tree. Clones share the nodes and are independent of later edits.
#[derive(Debug, Clone)]
pub struct SyntaxTree(Tree);

impl SyntaxTree {
    /// Parses `text` from scratch. Returns `None` if `language` has no grammar, if `text` is larger than
    /// [`MAX_TEXT_BYTES`], or if the parse took longer than [`MAX_PARSE_TIME`].
    pub fn parse(language: Language, text: &Rope) -> Option<Self> {
        parse(&language.grammar()?.language(), text, None, MAX_PARSE_TIME)
    }

    /// Marks the byte range `range` of `before`, the old text, as replaced by `inserted`. Offsets in the tree then
    /// refer to the new text. Any number of edits can be marked before [`SyntaxTree::reparse`], but the nodes are only
    /// valid again after it.
    ///
    /// `range` must be inside `before` and on character boundaries, and the new text must not be larger than
    /// [`MAX_TEXT_BYTES`].
    pub fn edit(&mut self, before: &Rope, range: Range<usize>, inserted: &str) {
        let start = self.point_at(before, range.start);
        let old_end = self.point_at(before, range.end);
        self.0.edit(&InputEdit {
            start_byte: range.start,
            old_end_byte: range.end,
            new_end_byte: range.start + inserted.len(),
            start_position: start,
            old_end_position: old_end,
            new_end_position: point_after(start, inserted.as_bytes()),
        });
    }

    /// The tree of `text`, which must be the text after all marked edits. Returns `None` if `text` is larger than
    /// [`MAX_TEXT_BYTES`], or if the parse took longer than [`MAX_PARSE_TIME`].
    ///
    /// If the text has no syntax errors, the result equals [`SyntaxTree::parse`]. Otherwise error recovery may differ,
    /// because it prefers nodes that it can keep.
    pub fn reparse(&self, text: &Rope) -> Option<Self> {
        parse(&self.0.language(), text, Some(&self.0), MAX_PARSE_TIME)
    }

    /// The node of the whole text. Offsets and [`Point`] columns are in bytes. Only LF ends a row.
    pub fn root_node(&self) -> Node<'_> {
        self.0.root_node()
    }

    /// The row and column of the byte `offset` as tree-sitter counts them. Only LF ends a row, while a line of the rope
    /// can also end in a lone CR.
    fn point_at(&self, text: &Rope, offset: usize) -> Point {
        // If there are as many rows as lines, no line ends in a lone CR. Then the rope's index gives the answer in
        // O(log n).
        if self.0.root_node().end_position().row + 1 == text.len_lines() {
            let row = text.byte_to_line(offset);
            return Point { row, column: offset - text.line_to_byte(row) };
        }
        text.byte_slice(..offset).chunks().fold(Point::default(), |point, chunk| point_after(point, chunk.as_bytes()))
    }
}

/// The position at the end of `text`, if it starts at `start`.
fn point_after(start: Point, text: &[u8]) -> Point {
    match text.iter().rposition(|&byte| byte == b'\n') {
        Some(last) => {
            Point { row: start.row + text.iter().filter(|&&byte| byte == b'\n').count(), column: text.len() - last - 1 }
        }
        None => Point { row: start.row, column: start.column + text.len() },
    }
}

fn parse(grammar: &tree_sitter::Language, text: &Rope, old: Option<&Tree>, limit: Duration) -> Option<SyntaxTree> {
    let length = text.len_bytes();
    if length > MAX_TEXT_BYTES {
        return None;
    }
    let mut parser = Parser::new();
    // This only fails for a grammar with an ABI that this tree-sitter does not support. A test checks all grammars.
    parser.set_language(grammar).ok()?;
    let mut chunk_at = |offset: usize, _: Point| {
        if offset >= length {
            return &[][..];
        }
        let (chunk, start, ..) = text.chunk_at_byte(offset);
        &chunk.as_bytes()[offset - start..]
    };
    let start = Instant::now();
    let mut in_time =
        |_: &ParseState| if start.elapsed() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let options = ParseOptions::new().progress_callback(&mut in_time);
    parser.parse_with_options(&mut chunk_at, old, Some(options)).map(SyntaxTree)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    use super::*;

    #[test]
    fn a_parse_that_takes_too_long_is_aborted() {
        let text = Rope::from_str(&"fn f() {}\n".repeat(1000));
        let grammar = Language::from_id("rust").grammar().expect("a grammar").language();
        let tree = parse(&grammar, &text, None, Duration::MAX);
        assert_eq!(tree.map(|tree| tree.root_node().child_count()), Some(1000));
        assert!(parse(&grammar, &text, None, Duration::ZERO).is_none());
    }

    /// A reparse computes rows and columns again, so only the marked tree can show that they are right. Grammars with a
    /// column-sensitive lexer reuse nodes depending on them.
    #[test]
    fn marked_edits_keep_rows_and_columns_right() {
        for text in ["fn a() {}\n\nfn b() {}\r\n//\n", "fn a() {}\rfn b() {}\n\r\r\n//", "\r", ""] {
            let before = Rope::from_str(text);
            let tree = SyntaxTree::parse(Language::from_id("rust"), &before).expect("a tree");
            let places = || (0..=text.len()).filter(|&offset| text.is_char_boundary(offset));
            for (start, end) in places().flat_map(|start| places().map(move |end| (start, end))) {
                if start > end {
                    continue;
                }
                for inserted in ["", "x", "\n", "\r", "é\r\nx"] {
                    let (mut tree, mut text) = (tree.clone(), text.to_owned());
                    tree.edit(&before, start..end, inserted);
                    text.replace_range(start..end, inserted);
                    assert_eq!(tree.root_node().end_position(), point_after(Point::default(), text.as_bytes()));
                    let middle = start + inserted.len();
                    tree.edit(&Rope::from_str(&text), middle..text.len(), "\r\nend");
                    text.replace_range(middle.., "\r\nend");
                    assert_eq!(tree.root_node().end_position(), point_after(Point::default(), text.as_bytes()));
                }
            }
        }
        assert_eq!(point_after(Point { row: 3, column: 5 }, b"ab"), Point { row: 3, column: 7 });
        assert_eq!(point_after(Point { row: 3, column: 5 }, b"a\nb\r\ncd\r"), Point { row: 5, column: 3 });
    }

    proptest! {
        /// The row of an edit is taken from the rope only if the marked tree allows it, so this must also hold after
        /// many edits.
        #[test]
        fn rows_and_columns_stay_right_after_many_marked_edits(
            line_break in select(vec!["\n", "\r\n", "\r"]),
            edits in prop::collection::vec(
                (any::<Index>(), 0..30_usize, select(vec!["", "", "x", "é", "\n", "\r", "\r\n", "fn g() {}\n"])),
                1..60,
            ),
        ) {
            let mut text = "fn f() {\n    // é\n}\n\n".repeat(8).replace('\n', line_break);
            let mut tree = SyntaxTree::parse(Language::from_id("rust"), &Rope::from_str(&text)).expect("a tree");
            for (start, length, inserted) in edits {
                let boundary = |offset| (0..=offset).rev().find(|&offset| text.is_char_boundary(offset)).unwrap_or(0);
                let start = boundary(start.index(text.len() + 1));
                let range = start..boundary(start + length).max(start);
                tree.edit(&Rope::from_str(&text), range.clone(), inserted);
                text.replace_range(range, inserted);
                prop_assert_eq!(tree.root_node().end_byte(), text.len());
                prop_assert_eq!(tree.root_node().end_position(), point_after(Point::default(), text.as_bytes()));
            }
        }
    }
}
