//! Decides how much to suggest, the rest of the line or a block, and where a generated text ends.

mod block_end;

use crate::ablations::{Ablations, Mechanism};
use crate::document::Document;
use crate::language::{BlockStyle, Language};
use crate::plan::block_end::end_of_block;
use crate::settings::{CompletionSettings, Multiline};
use crate::text::columns;

/// What to generate at one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub shape: Shape,
    /// The cursor's line before the cursor.
    pub line_before: String,
    /// The cursor's line after the cursor, without the line break.
    pub line_after: String,
    /// The closest line above that is not blank, without the line break. Empty at the start of the file.
    pub previous_line: String,
    /// The closest line below that is not blank, without the line break. Empty at the end of the file.
    pub next_line: String,
    pub language: Language,
    /// See [`CompletionSettings::ablations`].
    pub ablations: Ablations,
}

/// How much to suggest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The rest of the line.
    Line,
    /// Everything before the first line that is indented less than `indent` columns.
    Block { indent: usize },
}

/// How many lines are searched for a line that is not blank.
const MAX_BLANK_LINES: usize = 100;

/// Longer lines are cut before they are compared or measured.
const MAX_LINE_BYTES: usize = 4096;

/// Plans a completion at the byte `offset`.
pub fn plan(document: &Document, offset: usize, settings: &CompletionSettings) -> Plan {
    let plan = Plan::of_line(document, offset, settings.ablations);
    let language = document.language();
    let block = match settings.multiline {
        Multiline::Never => None,
        Multiline::Always => Some(block_indent(&plan.line_before, language)),
        Multiline::Auto => opened_block_indent(&plan, language).filter(|_| !is_in_comment_or_string(document, offset)),
    };
    let shape = block.map_or(Shape::Line, |indent| Shape::Block { indent });
    Plan { shape, ..plan }
}

/// Whether the cursor's line is blank.
pub fn is_blank(document: &Document, offset: usize) -> bool {
    let Plan { line_before, line_after, .. } = Plan::of_line(document, offset, Ablations::default());
    line_before.trim().is_empty() && line_after.trim().is_empty()
}

/// A line without its line break and trailing white space. A very long line is cut.
fn line_at(document: &Document, number: usize) -> String {
    let line = document.text().line(number);
    let end = line.char_to_byte(line.byte_to_char(line.len_bytes().min(MAX_LINE_BYTES)));
    line.byte_slice(..end).to_string().trim_end().to_owned()
}

impl Plan {
    /// A plan for the rest of the line.
    pub(crate) fn of_line(document: &Document, offset: usize, ablations: Ablations) -> Self {
        let text = document.text();
        let line = text.byte_to_line(offset);
        let start = text.line_to_byte(line);
        let from = text.char_to_byte(text.byte_to_char(offset.saturating_sub(MAX_LINE_BYTES))).max(start);
        let line_before = text.byte_slice(from..offset).to_string();
        let to = text.char_to_byte(text.byte_to_char(text.len_bytes().min(offset + MAX_LINE_BYTES)));
        let line_after = text.byte_slice(offset..to).lines().next().map(|rest| rest.to_string()).unwrap_or_default();
        let line_after = line_after.trim_end_matches(['\r', '\n']).to_owned();
        let next_line = (line + 1..text.len_lines().min(line + MAX_BLANK_LINES))
            .map(|line| line_at(document, line))
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        let mut above = (0..line).rev().take(MAX_BLANK_LINES).map(|line| line_at(document, line));
        let previous_line = above.find(|line| !line.is_empty()).unwrap_or_default();
        let language = document.language();
        Self { shape: Shape::Line, line_before, line_after, previous_line, next_line, language, ablations }
    }

    /// Where `text`, generated so far after the cursor, ends; `None` while it may continue.
    pub fn end_of(&self, text: &str) -> Option<usize> {
        match self.shape {
            Shape::Line => text.find(['\n', '\r']),
            Shape::Block { indent } => end_of_block(text, indent, self).into_iter().chain(self.repetition(text)).min(),
        }
    }

    /// Where `text` starts to repeat its latest complete lines: the start of the second occurrence of a group of lines,
    /// after it occurred twice in a row, or of a single line, after it occurred three times in a row.
    pub fn repetition(&self, text: &str) -> Option<usize> {
        const LONGEST: usize = 8;
        if !self.ablations.keeps(Mechanism::Repeats) {
            return None;
        }
        let mut end = 0;
        let mut lines: Vec<(usize, String)> = Vec::new();
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let before = if lines.is_empty() { self.line_before.as_str() } else { "" };
            lines.push((end, format!("{before}{}", line.trim_end())));
            end += line.len();
            for group in 1..=LONGEST.min(lines.len() / 2) {
                let times = if group == 1 { 3 } else { 2 };
                let Some(start) = lines.len().checked_sub(group * times) else { continue };
                let mut groups = lines[start..].chunks(group).map(|lines| lines.iter().map(|(_, line)| line));
                let first: Vec<_> = groups.next().into_iter().flatten().collect();
                let says_something = first.iter().any(|line| line.trim().len() > 4);
                if says_something && groups.all(|group| group.eq(first.iter().copied())) {
                    return Some(lines[start + group].0);
                }
            }
        }
        None
    }
}

/// The least indentation, in columns, of lines in the block that the cursor starts or continues.
fn block_indent(line_before: &str, language: Language) -> usize {
    let indent = columns(line_before);
    if opens_block(line_before, language) { indent + 1 } else { indent }
}

/// The indentation of the block to suggest. A block is suggested if the line opens one, or if the line above opens one
/// and this line is still empty.
fn opened_block_indent(plan: &Plan, language: Language) -> Option<usize> {
    let Plan { line_before, line_after, previous_line: above, next_line, .. } = plan;
    if !line_after.trim().chars().all(|c| matches!(c, '}' | ')' | ']' | ';' | ',')) {
        return None;
    }
    let has_body = |opener: &str| columns(next_line) > columns(opener) && !next_line.is_empty();
    if line_before.trim().is_empty() {
        let opened = opens_block(above, language) && columns(line_before) > columns(above);
        return (opened && !has_body(above)).then(|| columns(line_before));
    }
    (opens_block(line_before, language) && !has_body(line_before)).then(|| columns(line_before) + 1)
}

/// Whether the cursor is in a comment or a string. Nothing opens a block there.
fn is_in_comment_or_string(document: &Document, offset: usize) -> bool {
    document.nodes_before(offset).any(|node| node.kind().contains("comment") || node.kind().contains("string"))
}

pub(crate) fn opens_block(line: &str, language: Language) -> bool {
    let line = line.trim();
    if language.line_comment().is_some_and(|marker| line.starts_with(marker) || line.contains(&format!(" {marker}"))) {
        return false;
    }
    match language.block_style() {
        BlockStyle::Braces => line.ends_with('{'),
        BlockStyle::Indentation => line.ends_with([':', '{', '[', '(']),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_at(language: &str, text: &str, multiline: Multiline) -> Plan {
        let offset = text.find("$0").expect("the fixture has a cursor");
        let document = Document::new("test", Language::from_id(language), 0, &text.replacen("$0", "", 1));
        let settings = CompletionSettings { multiline, ..CompletionSettings::default().for_invoked() };
        plan(&document, offset, &settings)
    }

    fn is_block(language: &str, text: &str) -> bool {
        plan_at(language, text, Multiline::Auto).shape != Shape::Line
    }

    #[test]
    fn a_block_is_planned_only_in_an_empty_body() {
        assert!(is_block("python", "def f():\n    $0\n"));
        assert!(is_block("python", "def f():\n    $0\n\ndef g(): pass\n"));
        assert!(is_block("rust", "fn f() {\n    $0\n}\n"));
        assert!(is_block("rust", "fn f() {$0}\n"));
        assert!(is_block("rust", "fn f() {$0\n}\n"));
        assert!(!is_block("python", "def f():\n    $0\n    return 1\n"));
        assert!(!is_block("python", "def f():\n    return $0\n"));
        assert!(!is_block("rust", "fn f() {\n    let a = $0;\n}\n"));
        assert!(!is_block("rust", "fn f() {\n    a();\n    $0\n}\n"));
        assert!(!is_block("rust", "fn f() {$0 a();\n}\n"));
        assert!(!is_block("plaintext", "$0"));
        assert!(!is_block("rust", "Vec::$0\n"));
        assert!(!is_block("rust", "// such as {$0\n"));
        assert!(!is_block("python", "# note:$0\n"));
        assert!(!is_block("python", "def f():\n    \"\"\"Such as:\n        $0\n    \"\"\"\n"));
        assert!(!is_block("rust", "/* such as {\n    $0\n*/\n"));
        assert!(is_block("python", "d = {$0\n"));
    }

    fn end(language: &str, fixture: &str, generated: &str) -> String {
        let plan = plan_at(language, fixture, Multiline::Auto);
        let end = plan.end_of(generated);
        match end {
            Some(end) => format!("{}|", &generated[..end]),
            None => generated.to_owned(),
        }
    }

    #[test]
    fn a_line_ends_at_its_line_break() {
        assert_eq!(end("rust", "let a = $0", "1;\nlet b"), "1;|");
        assert_eq!(end("rust", "let a = $0", "1;"), "1;");
        assert_eq!(end("rust", "let a = 1;$0", "\nlet b"), "|");
    }

    #[test]
    fn an_indented_block_ends_before_the_dedent() {
        let generated = "a = 1\n\n    return a\n\ndef g():";
        assert_eq!(end("python", "def f():\n    $0\n", generated), "a = 1\n\n    return a\n\n|");
        assert_eq!(end("python", "def f():$0\n", "\n    pass\nx"), "\n    pass\n|");
        assert_eq!(end("python", "def f():\n    $0\n", "a = 1\n\n\n    b"), "a = 1\n\n|");
    }

    #[test]
    fn a_braced_block_includes_its_closing_brace_if_it_is_missing() {
        assert_eq!(end("rust", "fn f() {\n    $0\n}\n", "a();\n}\n"), "a();\n|");
        assert_eq!(end("rust", "fn f() {$0\n", "\n    a();\n}\n\nfn"), "\n    a();\n}|");
        assert_eq!(end("rust", "fn f() {$0}\n", "\n    a();\n}\n\nfn"), "\n    a();\n|");
        assert_eq!(end("rust", "fn f() {$0\n", "\n    a();\n}"), "\n    a();\n}");
        assert_eq!(
            end("rust", "if x {$0\n", "\n    a();\n} else {\n    b();\n}\nc"),
            "\n    a();\n} else {\n    b();\n}|"
        );
        assert_eq!(end("python", "d = {$0\n", "\n    1: 2,\n}\nx"), "\n    1: 2,\n}|");
    }

    #[test]
    fn a_block_ends_where_it_repeats_itself() {
        let fixture = "fn f() {\n    $0\n}\n";
        let group = "if a {\n        b();\n    }\n";
        assert_eq!(end("rust", fixture, &format!("{group}    {group}    ")), "if a {\n        b();\n    }\n|");
        assert_eq!(end("rust", fixture, "call();\n    call();\n    x"), "call();\n    call();\n    x");
        assert_eq!(end("rust", fixture, "call();\n    call();\n    call();\n"), "call();\n|");
        let plan = plan_at("rust", "fn f() {\n    ca$0\n}\n", Multiline::Always);
        assert_eq!(plan.end_of("ll();\n    a();\n    call();\n    a();\n"), Some("ll();\n    a();\n".len()));
    }

    #[test]
    fn a_plan_contains_the_lines_around_the_cursor() {
        let plan = plan_at("rust", "fn f() {\r\n  a(b$0)\r\n\r\n}\r\n", Multiline::Never);
        assert_eq!((&*plan.line_before, &*plan.line_after, &*plan.next_line), ("  a(b", ")", "}"));
    }
}
