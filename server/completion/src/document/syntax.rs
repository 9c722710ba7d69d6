//! A document's syntax tree: parsed from the rope's chunks, and parsed again only where the text changed.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{InputEdit, Node, ParseOptions, ParseState, Parser, Point, Tree};

use crate::language::Language;

/// Texts larger than this, in bytes, have no syntax tree, and no memory is spent on one.
pub const MAX_TEXT_BYTES: usize = 2 * 1024 * 1024;

/// A parse that takes longer is given up: whoever asked for the tree waits no longer, and does without it. It is enough
/// for some 40,000 lines of code, but the error recovery of tree-sitter can spend minutes on punctuation that is no code.
pub const MAX_PARSE_TIME: Duration = Duration::from_millis(250);

/// A tree-sitter tree. A clone shares its nodes and never changes with the original.
#[derive(Debug, Clone)]
pub struct SyntaxTree(Tree);

impl SyntaxTree {
    /// Parses the whole of `text`. `None` where `language` has no grammar, `text` is over [`MAX_TEXT_BYTES`] or the parse
    /// took over [`MAX_PARSE_TIME`].
    pub fn parse(language: Language, text: &Rope) -> Option<Self> {
        parse(&language.grammar()?.language(), text, None, MAX_PARSE_TIME)
    }

    /// Marks the bytes `range` of `before`, the text as it was, as replaced by `inserted`. The tree's offsets are then
    /// those of the new text, and [`SyntaxTree::reparse`] has to follow before its nodes mean anything. Any number of
    /// edits can be marked before that.
    ///
    /// `range` must lie in `before`, on character boundaries, and the text stay within [`MAX_TEXT_BYTES`].
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

    /// The tree of `text`, which must be what the edits since the last parse made of that parse's text. `None` where it
    /// has grown over [`MAX_TEXT_BYTES`] or the parse took over [`MAX_PARSE_TIME`].
    ///
    /// Where the text has no syntax errors this is the tree of [`SyntaxTree::parse`]; error recovery may prefer nodes
    /// that it can keep.
    pub fn reparse(&self, text: &Rope) -> Option<Self> {
        parse(&self.0.language(), text, Some(&self.0), MAX_PARSE_TIME)
    }

    /// The node of the whole text. Offsets are bytes; a [`Point`]'s column too, and its row counts LF alone.
    pub fn root_node(&self) -> Node<'_> {
        self.0.root_node()
    }

    /// The row and column of a byte as tree-sitter's own lexer counts them: a row ends in LF only, avoid the rope's
    /// lines, which may end in a lone CR.
    fn point_at(&self, text: &Rope, offset: usize) -> Point {
        // As many rows as lines means that no line ends in a lone CR, so the rope's index, in O(log n), is right.
        if self.0.root_node().end_position().row + 1 == text.len_lines() {
            let row = text.byte_to_line(offset);
            return Point { row, column: offset - text.line_to_byte(row) };
        }
        text.byte_slice(..offset).chunks().fold(Point::default(), |point, chunk| point_after(point, chunk.as_bytes()))
    }
}

/// Where `text` ends that begins at `start`.
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
    // Only a grammar of an ABI this tree-sitter cannot read fails here, which a test of the table rules out.
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
    fn a_parse_out_of_time_is_given_up() {
        let text = Rope::from_str(&"fn f() {}\n".repeat(1000));
        let grammar = Language::from_id("rust").grammar().expect("a grammar").language();
        let tree = parse(&grammar, &text, None, Duration::MAX);
        assert_eq!(tree.map(|tree| tree.root_node().child_count()), Some(1000));
        assert!(parse(&grammar, &text, None, Duration::ZERO).is_none());
    }

    /// A reparse computes rows and columns anew, so only the marked tree shows whether an edit's were right. Grammars
    /// whose lexer looks at columns keep or drop nodes by them.
    #[test]
    fn marked_edits_move_rows_and_columns_as_the_lexer_counts_them() {
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
        /// Of an edit after many, too: it takes its row from the rope only where the tree's number of rows, as marked,
        /// says that it may.
        #[test]
        fn rows_and_columns_stay_right_over_many_marks(
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
