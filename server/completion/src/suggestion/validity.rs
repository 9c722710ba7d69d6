//! Checks whether a suggestion breaks code that parses. Code that parses must still parse with the suggestion. A
//! suggestion for an unfinished line, or one that was cut, is only invalid if no continuation makes the code parse.

use std::ops::Range;

use ropey::Rope;

use crate::ablations::{Ablations, Mechanism};
use crate::brackets::{Unmatched, unmatched};
use crate::document::syntax::SyntaxTree;
use crate::document::{Document, Edit};
use crate::language::{BlockStyle, Language};
use crate::text::{columns, is_word};

/// How many lines above and below the cursor are parsed at most.
const MAX_DISTANCE: usize = 200;

/// How often a suggestion is shortened by a line, or by a word or symbol.
const MAX_ATTEMPTS: usize = 8;

/// The prefix of `text` that can be inserted at the byte `offset` without breaking code that parses. This is usually
/// all or nothing, with three exceptions: of several lines, the valid first lines are kept; a line that was cut
/// (`is_cut`) is shortened until it is valid; and a line with an opening bracket that nothing closes is cut before that
/// bracket.
pub fn valid_prefix<'a>(
    document: &Document,
    offset: usize,
    text: &'a str,
    is_cut: bool,
    ablations: Ablations,
) -> &'a str {
    if !document.language().has_grammar() {
        return text;
    }
    let item = EnclosingItem::at(document, offset);
    let shorter = |text: &&'a str| {
        let last = text.chars().next_back()?;
        let without_word = text.trim_end_matches(is_word);
        let without_last = &text[..text.len() - last.len_utf8()];
        match text.trim_end().rsplit_once('\n') {
            Some((lines, _)) => Some(lines.trim_end()),
            None if is_cut => Some(if is_word(last) { without_word } else { without_last }.trim_end()),
            None => None,
        }
    };
    let is_line = !text.contains('\n');
    let unclosed =
        |text| item.as_ref().filter(|_| is_line && ablations.keeps(Mechanism::OpenBrackets))?.unclosed_bracket_of(text);
    let before_unclosed = |text: &'a str| unclosed(text).map_or(text, |bracket| text[..bracket].trim_end());
    let attempts = std::iter::successors(Some(text), shorter).take(MAX_ATTEMPTS).map(before_unclosed);
    let is_broken = |text: &str| {
        // A line that was cut continues on the same line.
        item.as_ref().is_some_and(|item| item.is_broken_by(text))
            || !(is_line && is_cut) && introduces_error(document, offset, item.as_ref(), text)
    };
    let mut valid =
        attempts.filter(|text| !ablations.keeps(Mechanism::Syntax) || text.trim().is_empty() || !is_broken(text));
    valid.next().unwrap_or_default()
}

/// Whether the code parses without `text`, and does not parse with it.
fn introduces_error(document: &Document, offset: usize, item: Option<&EnclosingItem>, text: &str) -> bool {
    if let Some(item) = item {
        if item.parses(&item.line_with(text)) {
            return false;
        }
        if item.parses(&item.line_with("")) {
            return true;
        }
    }
    // The item may be incomplete, so parse the whole document.
    let has_error = |document: &Document| document.syntax().is_none_or(|tree| tree.root_node().has_error());
    let mut edited = document.clone();
    let edit = Edit { range: offset..offset, text: text.to_owned() };
    let version = document.version().saturating_add(1);
    !has_error(document) && edited.apply(version, &[edit]).is_ok() && has_error(&edited)
}

/// The item around the cursor, split at the cursor and its line.
struct EnclosingItem {
    language: Language,
    above: String,
    before: String,
    after: String,
    below: String,
}

impl EnclosingItem {
    /// Returns `None` if the start of the item is too far away.
    fn at(document: &Document, offset: usize) -> Option<Self> {
        let (rope, language) = (document.text(), document.language());
        let line = rope.byte_to_line(offset);
        let lines = item_around(rope, line)?;
        let (start, end) = (rope.line_to_byte(lines.start), rope.line_to_byte(lines.end));
        let line = rope.line_to_byte(line)..rope.line_to_byte(line + 1);
        let between = |range: Range<usize>| rope.byte_slice(range).to_string();
        Some(Self {
            language,
            above: enclosing_header(rope, lines.start, language) + &between(start..line.start),
            before: between(line.start..offset),
            after: between(offset..line.end).trim_end().to_owned(),
            below: between(line.end..end),
        })
    }

    /// Whether the item parses with `line` in place of the cursor's line.
    fn parses(&self, line: &str) -> bool {
        let excerpt = Rope::from_str(&format!("{}{line}\n{}", self.above, self.below));
        SyntaxTree::parse(self.language, &excerpt).is_none_or(|tree| !tree.root_node().has_error())
    }

    /// Whether the item parses without the suggestion, either with the cursor's line or without it.
    fn parses_before(&self) -> bool {
        self.parses("") || self.parses(&self.line_with(""))
    }

    fn line_with(&self, text: &str) -> String {
        format!("{}{text}{}", self.before, self.after)
    }

    /// Whether the item parses without `text`, and no continuation of `text` makes it parse again.
    fn is_broken_by(&self, text: &str) -> bool {
        let suggested = self.line_with(text);
        if self.parses(&suggested) || !self.parses_before() {
            return false;
        }
        !continuations(&suggested, self.language).iter().any(|more| self.parses(&format!("{suggested}{more}")))
    }

    /// The byte offset of a bracket that the single line `text` opens and that is not closed later. A brace at the end
    /// opens a block and may stay open.
    fn unclosed_bracket_of(&self, text: &str) -> Option<usize> {
        let open_before = unmatched(&self.before).opening.len();
        let closed_after = unmatched(&self.after).closing.len().saturating_sub(open_before);
        let opening = unmatched(text).opening;
        let (bracket, closing) = *opening.get(..opening.len().saturating_sub(closed_after))?.first()?;
        let opens_block = closing == '}' && text[bracket + 1..].trim().is_empty();
        (!opens_block && !self.parses(&self.line_with(text)) && self.parses_before()).then_some(bracket)
    }
}

/// The lines of the item around `line`: from a line with the least indentation to the next such line. `None` if the
/// item is so long that its start is not found.
fn item_around(text: &Rope, line: usize) -> Option<Range<usize>> {
    let first = line.saturating_sub(MAX_DISTANCE);
    let starts = |line: usize| Some(columns(&leading_text(text, line)?));
    let mut start = line;
    let mut least = starts(line).unwrap_or(usize::MAX);
    for above in (first..line).rev() {
        if least == 0 {
            break;
        }
        if let Some(columns) = starts(above).filter(|columns| *columns < least) {
            (start, least) = (above, columns);
        }
    }
    let last = text.len_lines().min(line + MAX_DISTANCE);
    // Attributes and decorators belong to the item after them.
    let introduces =
        |line: usize| leading_text(text, line).is_some_and(|line| line.trim_start().starts_with(['@', '#']));
    let mut introduced = introduces(start);
    let end = (line + 1..last).filter(|below| starts(*below).is_some_and(|columns| columns <= least)).find(|below| {
        let ends = !introduced;
        introduced = introduces(*below);
        ends
    });
    (start < line || least == 0).then(|| start..end.unwrap_or(last))
}

/// The first characters of a line that starts an item or a statement. `None` for a blank line and for a line that
/// continues or closes the code above.
fn leading_text(text: &Rope, line: usize) -> Option<String> {
    const LONGEST: usize = 80;
    const CONTINUING: [&str; 9] = ["else", "elif", "except", "finally", "where", "{", ")", "]", "}"];
    let beginning: String = text.line(line).chars().take(LONGEST).collect();
    let content = beginning.trim();
    (!content.is_empty() && !CONTINUING.iter().any(|word| content.starts_with(word))).then_some(beginning)
}

/// The header that makes an indented item parse.
fn enclosing_header(text: &Rope, line: usize, language: Language) -> String {
    let is_indented = leading_text(text, line).is_some_and(|beginning| columns(&beginning) > 0);
    match language.block_style() {
        BlockStyle::Indentation if is_indented => "if 0:\n".to_owned(),
        _ => String::new(),
    }
}

/// Texts that a user might type after `code` to complete it.
fn continuations(code: &str, language: Language) -> Vec<String> {
    let closing = closers(code);
    match language.block_style() {
        // Not every language allows a comma after the last argument.
        BlockStyle::Braces => ["", " x"]
            .iter()
            .flat_map(|operand| ["", ";", ",", " {}", "{}}"].map(|end| format!("{operand}{closing}{end}")))
            .collect(),
        BlockStyle::Indentation => {
            let last = code.lines().next_back().unwrap_or_default();
            let indent = " ".repeat(columns(last));
            let body = |header: &str| format!("{closing}{header}\n{indent}    pass");
            vec![
                closing.clone(),
                body(""),
                body(":"),
                format!("{}\n{indent}finally:\n{indent}    pass", body("")),
                format!("{closing}\n{indent}def f():\n{indent}    pass"),
            ]
        }
    }
}

/// The brackets and quotes that close everything that is open at the end of `code`.
fn closers(code: &str) -> String {
    let Unmatched { opening, quoted, .. } = unmatched(code);
    quoted.then_some('"').into_iter().chain(opening.into_iter().rev().map(|(_, closing)| closing)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaks(language: &str, fixture: &str, text: &str) -> bool {
        let offset = fixture.find("$0").expect("a cursor");
        let document = Document::new("a", Language::from_id(language), 0, &fixture.replace("$0", ""));
        EnclosingItem::at(&document, offset).is_some_and(|item| item.is_broken_by(text))
    }

    /// The part of `text` that is kept, if `text` was not cut.
    fn kept<'a>(language: &str, fixture: &str, text: &'a str) -> &'a str {
        let offset = fixture.find("$0").expect("a cursor");
        let document = Document::new("a", Language::from_id(language), 0, &fixture.replace("$0", ""));
        valid_prefix(&document, offset, text, false, Ablations::default())
    }

    #[test]
    fn valid_code_stays_valid() {
        let rust = "fn f() {\n    $0\n    b();\n}\n";
        for text in ["let a = b", "a", "for a in b", "let a = \"b", "return a b", "if a {", "fn a() {"] {
            assert_eq!(kept("rust", rust, text), "", "{text}");
        }
        for text in ["let a = b;", "a();", "for a in b {}", "// Words", "#[cfg(test)]"] {
            assert_eq!(kept("rust", rust, text), text);
        }
        let python = "def f(a):\n    $0\n    return a\n";
        for text in ["if not a", "b = \"c", "class A", "from", "@a"] {
            assert_eq!(kept("python", python, text), "", "{text}");
        }
        for text in ["b = c", "if not a: pass", "import b"] {
            assert_eq!(kept("python", python, text), text);
        }
        // An unfinished line does not parse, so nothing can be broken.
        assert_eq!(kept("rust", "fn f() {\n    let a = $0\n}\n", "b"), "b");
        assert_eq!(kept("python", "def f(a):\n    if $0\n    return a\n", "not a"), "not a");
        assert_eq!(kept("python", "def f(a):\n    if $0\n    return a\n", "not a:"), "not a:");
        assert_eq!(kept("python", "def f(a):\n    $0\n        return a\n", "if not a:"), "if not a:");
        // The item can be long.
        let long = |rest: &str| format!("fn f() {{\n{}    {rest}\n{0}}}\n", "    a();\n".repeat(300));
        assert_eq!(kept("rust", &long("$0"), "let b = c"), "");
        assert_eq!(kept("rust", &long("$0"), "let b = c;"), "let b = c;");
        assert_eq!(kept("rust", &long("let b = =;$0"), "let c"), "let c");
        // The item after a decorator belongs to it.
        assert_eq!(kept("python", "@a(\n    $0\n)\ndef f():\n    pass\n", "def g():"), "");
        assert_eq!(kept("python", "@a(\n    $0\n)\ndef f():\n    pass\n", "b,"), "b,");
    }

    #[test]
    fn valid_first_lines_are_kept() {
        let rust = "fn f() {\n    $0\n}\n";
        assert_eq!(kept("rust", rust, "a();\n    if b {\n        c();"), "a();");
        assert_eq!(
            kept("rust", rust, "a();\n    if b {\n        c();\n    }"),
            "a();\n    if b {\n        c();\n    }"
        );
        assert_eq!(kept("rust", rust, "a(\n        b,"), "");
        assert_eq!(kept("rust", rust, "fn a() {\n        b();"), "");
        let python = "def f(a):\n    $0\n\ndef g():\n    pass\n";
        assert_eq!(
            kept("python", python, "b = 1\n    if a:\n        c()\n    d = [\n"),
            "b = 1\n    if a:\n        c()"
        );
    }

    #[test]
    fn code_that_can_be_completed_is_not_broken() {
        let body = "fn f() {\n    $0\n}\n";
        for text in
            ["let a = 1;", "let a = g(", "if a {", "match a {", "let a = b", "a.b()", "#[cfg(test)]", "for a in b"]
        {
            assert!(!breaks("rust", body, text), "{text}");
        }
        for text in ["fn g()", "pub struct A", "impl A for B {", "use a::{b,", "/// Words"] {
            assert!(!breaks("rust", "fn f() {}\n\n$0\n", text), "{text}");
        }
        let body = "def f(a):\n    b = 1\n    $0\n    return b\n";
        for text in ["b = 2", "if a:", "try:", "g(a,", "for c in a", "@decorated", "return [a for a in b", "# words"] {
            assert!(!breaks("python", body, text), "{text}");
        }
        assert!(!breaks("python", "class A:\n    def f(self):\n        return 1\n\n    $0\n", "def g(self):"));
        assert!(!breaks("rust", "let a = f($0);\n", "b, c"));
        assert!(!breaks("rust", "fn f() {\n    if a {\n        b();\n    }$0\n}\n", " else {\n        c();\n    }"));
    }

    #[test]
    fn code_that_cannot_be_completed_is_broken() {
        let body = "fn f() {\n    $0\n}\n";
        for text in ["let a = );", "let = 1;", "a b c", "}}", "fn (a) {"] {
            assert!(breaks("rust", body, text), "{text}");
        }
        let body = "def f(a):\n    b = 1\n    $0\n    return b\n";
        for text in ["b = = 2", "a b", "g(a))", "def (a):", "if else:"] {
            assert!(breaks("python", body, text), "{text}");
        }
        assert!(breaks("rust", "fn f() {\n    let a = g($0);\n}\n", "b c"));
        assert!(breaks("rust", "let a = f($0);\n", "b))"));
    }

    #[test]
    fn every_grammar_tells_valid_from_broken_code() {
        for (language, fixture, good, bad) in [
            ("c", "int f(int a) {\n    $0\n}\n", "return g(a,", "return = a;"),
            ("cpp", "int f(int a) {\n    $0\n}\n", "for (auto b : c) {", "a b c d;"),
            ("go", "package a\n\nfunc f() {\n\t$0\n}\n", "for i := range a {", "a := := b"),
            ("java", "class A {\n    void f() {\n        $0\n    }\n}\n", "int b = g(", "int = b;"),
            ("javascript", "function f() {\n    $0\n}\n", "const a = b.map((c) => {", "const const = 1;"),
            ("typescript", "function f(): void {\n    $0\n}\n", "const a: B = c(", "const : B = 1;"),
            ("typescriptreact", "const a = () => {\n    $0\n};\n", "return <b>{c}</b>;", "return <b {c}>d</b"),
        ] {
            assert!(!breaks(language, fixture, good), "{language}");
            assert!(breaks(language, fixture, bad), "{language}");
        }
    }

    #[test]
    fn a_cut_line_is_shortened_until_it_is_valid() {
        let text = "fn f() {\n    \n}\n";
        let document = Document::new("a", Language::from_id("rust"), 0, text);
        let check = |text, is_cut| valid_prefix(&document, 13, text, is_cut, Ablations::default());
        assert_eq!(check("let a = b.c(d, e f", true), "let a = b.c");
        assert_eq!(check("let a = b.c(d, e f", false), "");
        assert_eq!(check("let a = b c d", false), "");
        assert_eq!(check("let a = b", true), "let a = b");
        assert_eq!(check(") ) ) ) ) ) ) ) ) )", true), "");
    }

    #[test]
    fn unclosed_brackets_are_removed() {
        let python = "def f(a):\n    b = $0\n    return b\n";
        assert_eq!(kept("python", python, "g(a, h("), "g");
        assert_eq!(kept("python", python, "g(a)[0]"), "g(a)[0]");
        assert_eq!(kept("python", python, "["), "");
        assert_eq!(kept("python", "b = $0)\n", "g(a"), "g(a");
        // The next lines close the bracket.
        assert_eq!(kept("python", "b = $0\n    a,\n)\n", "g("), "g(");
        let rust = "fn f() {\n    let a = $0\n}\n";
        assert_eq!(kept("rust", rust, "g(b,"), "g");
        let rust = "fn f() {\n    $0\n}\n";
        assert_eq!(kept("rust", rust, "if g(b) {}"), "if g(b) {}");
        assert_eq!(kept("rust", "fn f() {\n    g($0);\n}\n", "h(b, c"), "h");
    }

    #[test]
    fn code_that_did_not_parse_cannot_be_broken() {
        assert!(!breaks("rust", "fn f( {\n    let a = = ;\n    $0\n}\n", "a b c"));
        assert!(!breaks("toml", "a = $0", "= ="));
    }

    #[test]
    fn only_the_item_around_the_cursor_is_parsed() {
        let broken = "fn g( {{{\n\n";
        let item = "fn f() {\n    $0\n}\n\n";
        assert!(breaks("rust", &format!("{broken}{item}{broken}"), "a b c"));
        let lines = |text: &str, line| item_around(&Rope::from_str(text), line);
        assert_eq!(lines("a\n\nfn f()\nwhere\n    A: B,\n{\n    c\n}\n\nd\n", 6), Some(2..9));
        assert_eq!(lines("a\n", 1), Some(0..2));
        assert_eq!(lines("", 0), None);
    }

    /// The held-out cases are windows of files, so some of them start or end within an item.
    #[test]
    fn code_written_by_people_is_not_broken() {
        for (language, kind) in ["rust", "python"]
            .iter()
            .flat_map(|language| ["single-line", "multi-line", "mid-word"].map(|kind| (language, kind)))
        {
            let cases = format!("{}/../../tests/quality/{language}-{kind}.jsonl", env!("CARGO_MANIFEST_DIR"));
            let cases = std::fs::read_to_string(cases).unwrap();
            let is_broken = |case: &&str| {
                let case: serde_json::Value = serde_json::from_str(case).unwrap();
                let part = |name: &str| case[name].as_str().unwrap().to_owned();
                breaks(
                    language,
                    &format!("{}$0{}", part("prompt"), part("suffix")),
                    part("canonical_solution").trim_end(),
                )
            };
            let broken = cases.lines().filter(is_broken).count();
            assert!(broken * 200 <= cases.lines().count(), "{language} {kind}: {broken}");
        }
    }
}
