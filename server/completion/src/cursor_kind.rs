//! The kind of position that the cursor is at.

use serde::Serialize;

use crate::document::Document;
use crate::plan::{Shape, plan};
use crate::settings::CompletionSettings;

/// From the most to the least specific.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CursorKind {
    Comment,
    String,
    Import,
    /// In the parameter list of a function definition.
    Parameters,
    /// In a block that was opened and is still empty.
    EmptyBody,
    /// Code follows on the same line.
    WithinLine,
    /// At the end of a started line, or on a blank line.
    LineEnd,
}

/// The kind of position at the byte `offset`. Without a grammar, only the cursor's line is considered.
pub fn cursor_kind(document: &Document, offset: usize, settings: &CompletionSettings) -> CursorKind {
    let around =
        |kinds: &[&str]| document.nodes_before(offset).any(|node| kinds.iter().any(|kind| node.kind().contains(kind)));
    let plan = plan(document, offset, settings);
    let closers = |character: char| matches!(character, ')' | ']' | '}' | ';' | ',' | '"' | '\'');
    if around(&["comment"]) {
        CursorKind::Comment
    } else if around(&["string"]) {
        CursorKind::String
    } else if around(&["import", "use_declaration", "include"]) || begins_import(&plan.line_before) {
        CursorKind::Import
    } else if around(&["parameters", "parameter_list"]) {
        CursorKind::Parameters
    } else if plan.shape != Shape::Line {
        CursorKind::EmptyBody
    } else if !plan.line_after.trim().chars().all(closers) {
        CursorKind::WithinLine
    } else {
        CursorKind::LineEnd
    }
}

/// The parser does not recognize an import until it names something.
fn begins_import(line: &str) -> bool {
    ["import ", "from ", "use ", "#include "].iter().any(|word| line.trim_start().starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn positions_are_classified() {
        for (language, fixture, expected) in [
            ("rust", "// a $0\n", CursorKind::Comment),
            ("rust", "let a = \"b $0\";\n", CursorKind::String),
            ("rust", "use std::$0;\n", CursorKind::Import),
            ("rust", "fn f(a: $0) {}\n", CursorKind::Parameters),
            ("rust", "fn f() {\n    $0\n}\n", CursorKind::EmptyBody),
            ("rust", "fn f() {\n    g($0, b);\n}\n", CursorKind::WithinLine),
            ("rust", "fn f() {\n    g($0);\n}\n", CursorKind::LineEnd),
            ("python", "import $0\n", CursorKind::Import),
            ("python", "def f(a, $0):\n    pass\n", CursorKind::Parameters),
            ("python", "def f():\n    \"\"\"A $0\"\"\"\n", CursorKind::String),
            ("python", "def f():\n    a = 1\n    $0\n", CursorKind::LineEnd),
            ("toml", "a = $0\n", CursorKind::LineEnd),
        ] {
            let offset = fixture.find("$0").unwrap();
            let document = Document::new("a", Language::from_id(language), 0, &fixture.replace("$0", ""));
            let settings = CompletionSettings::default().for_invoked();
            assert_eq!(cursor_kind(&document, offset, &settings), expected, "{fixture}");
        }
    }
}
