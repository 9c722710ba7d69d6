//! Properties of documents, for any sequence of edits. The text equals a plain string with the same edits, the tree
//! equals that of a fresh parse, and a refused edit changes nothing.

use std::ops::Range;

use fimble_completion::document::{Document, Edit, EditError};
use fimble_completion::language::Language;
use proptest::prelude::*;
use proptest::sample::select;

/// Code with every kind of line break and characters of every width.
const PIECES: &[&str] = &[
    "fn f() {\n    g(1);\n}\n",
    "def f(a):\n    return a\n",
    "{",
    "}",
    "(",
    ")",
    "\"",
    "// c",
    "/*",
    "*/",
    "\n",
    "\r\n",
    "\r",
    "    ",
    "\t",
    "let a = b;",
    "x",
    "é",
    "語",
    "😀",
    "\u{2028}",
    "\0",
];

/// A replacement of characters `start..start + length`, reduced to the length of the text.
type CharEdit = (usize, usize, &'static str);

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

fn languages() -> impl Strategy<Value = Language> {
    select(vec!["rust", "python", "c", "typescript"]).prop_map(Language::from_id)
}

/// Groups of edits. Each group is one version of the document.
fn versions() -> impl Strategy<Value = Vec<Vec<CharEdit>>> {
    let edit = (0..2000usize, 0..40usize, select(PIECES));
    prop::collection::vec(prop::collection::vec(edit, 1..5), 1..8)
}

/// The byte range of an edit in `text`.
fn byte_range(text: &str, (start, length, _): CharEdit) -> Range<usize> {
    let ends: Vec<usize> = text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
    let start = start % ends.len();
    ends[start]..ends[(start + length).min(ends.len() - 1)]
}

fn tree(document: &Document) -> Option<String> {
    document.syntax().map(|tree| tree.root_node().to_sexp())
}

proptest! {
    /// Whether an edit is applied by itself or in a group, to a parsed text or to one that nobody has parsed yet.
    #[test]
    fn a_document_equals_a_string_and_its_tree_a_fresh_parse(
        language in languages(),
        text in texts(),
        versions in versions(),
        parse in any::<[bool; 8]>(),
    ) {
        let mut model = text.clone();
        let mut applied = Document::new("file", language, 0, &text);
        let mut edited = applied.clone();
        let snapshot = applied.clone();
        for (index, group) in versions.iter().enumerate() {
            if parse[index] {
                applied.syntax();
            }
            let version = applied.version() + 1;
            let mut edits = Vec::new();
            for edit in group {
                let range = byte_range(&model, *edit);
                edits.push(Edit { range: range.clone(), text: edit.2.to_owned() });
                model.replace_range(range, edit.2);
            }
            prop_assert_eq!(applied.apply(version, &edits), Ok(()));
            let result: Result<(), EditError> = edited.edit(version, |draft| {
                edits.iter().try_for_each(|edit| draft.splice(edit.range.clone(), &edit.text))
            });
            prop_assert_eq!(result, Ok(()));
            prop_assert_eq!(applied.text().to_string(), &*model);
            prop_assert_eq!(edited.text().to_string(), &*model);
            prop_assert_eq!((applied.version(), edited.version()), (version, version));
        }
        let fresh = Document::new("file", language, 0, &model);
        let has_error = fresh.syntax().is_none_or(|tree| tree.root_node().has_error());
        for document in [&applied, &edited] {
            let root = document.syntax().map(|tree| tree.root_node().byte_range());
            prop_assert_eq!(root, fresh.syntax().map(|tree| tree.root_node().byte_range()));
            // Error recovery prefers nodes that it can keep, so only error-free trees are equal.
            if !has_error {
                prop_assert_eq!(tree(document), tree(&fresh));
            }
        }
        prop_assert_eq!(snapshot.text().to_string(), text);
    }

    /// Code that always parses, so that every tree can be compared.
    #[test]
    fn the_tree_of_valid_code_equals_a_fresh_parse(
        edits in prop::collection::vec((0..8usize, 0..2usize, select(vec!["", "é", "1 + ", "/* 😀\r\n */ ", "\n\t"])), 1..12),
        parse in any::<[bool; 12]>(),
    ) {
        let line = "fn f() {\r\n    let a = 1;\n}\n";
        let mut document = Document::new("file", Language::from_id("rust"), 0, &line.repeat(8));
        for (index, (number, place, inserted)) in edits.into_iter().enumerate() {
            if parse[index] {
                document.syntax();
            }
            let text = document.text().to_string();
            // A name takes letters; an operand takes operators, comments and line breaks.
            let (marker, inserted) = if place == 0 && inserted != "é" { ("1;", inserted) } else { (" = ", "é") };
            let (offset, _) = text.match_indices(marker).nth(number).expect("there are eight items");
            let edit = Edit { range: offset..offset, text: inserted.to_owned() };
            prop_assert_eq!(document.apply(document.version() + 1, &[edit]), Ok(()));
            let fresh = Document::new("file", Language::from_id("rust"), 0, &document.text().to_string());
            prop_assert!(fresh.syntax().is_some_and(|tree| !tree.root_node().has_error()));
            prop_assert_eq!(tree(&document), tree(&fresh));
        }
    }

    #[test]
    fn a_refused_edit_changes_nothing(text in texts(), start in 0..200usize, end in 0..200usize) {
        let mut document = Document::new("file", Language::from_id("rust"), 3, &text);
        let before = (document.text().clone(), document.version(), tree(&document));
        let fits = text.get(start..end).is_some();
        let edits = [
            Edit { range: 0..0, text: "x".to_owned() },
            Edit { range: 0..1, text: String::new() },
            Edit { range: start..end, text: "y".to_owned() },
        ];
        let result = document.apply(4, &edits);
        let expected = match result {
            Ok(()) => fits,
            Err(EditError::RangeReversed { start: from, end: to }) => (from, to) == (start, end) && start > end,
            Err(EditError::RangeOutside { length, .. }) => length == text.len() && end > text.len(),
            Err(EditError::InsideCharacter { offset }) => !text.is_char_boundary(offset),
            Err(EditError::StaleVersion { .. }) => false,
        };
        prop_assert!(expected, "{result:?}");
        if result.is_err() {
            prop_assert_eq!((document.text().clone(), document.version(), tree(&document)), before);
        }
    }
}

#[test]
fn an_old_version_is_refused() {
    let mut document = Document::new("file", Language::PLAIN, 7, "a");
    for version in [-1, 6, 7] {
        let refused = Err(EditError::StaleVersion { held: 7, offered: version });
        assert_eq!(document.apply(version, &[]), refused);
        assert_eq!(document.replace(version, "b"), refused);
    }
    assert_eq!((document.text().to_string(), document.version()), ("a".to_owned(), 7));
    assert_eq!(document.replace(8, "b"), Ok(()));
    assert_eq!((document.text().to_string(), document.version()), ("b".to_owned(), 8));
}
