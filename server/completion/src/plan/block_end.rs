//! Finds the end of a generated block, by indentation and, where they decide, by brackets. The syntax tree shows which
//! brackets and line breaks are inside strings or comments, and which lines belong to the block although they are not
//! indented.

use std::iter;
use std::ops::Range;

use ropey::Rope;

use crate::brackets::unmatched;
use crate::document::syntax::SyntaxTree;
use crate::language::BlockStyle;
use crate::plan::Plan;
use crate::text::columns;

/// Where `text`, generated so far after the cursor, leaves the block whose lines are indented by at least `indent`
/// columns; `None` while it may continue.
pub(crate) fn end_of_block(text: &str, indent: usize, plan: &Plan) -> Option<usize> {
    let code = ParsedBlock::new(text, plan);
    let mut blank_lines = 0;
    let mut position = 0;
    for (number, line) in code.generated().split_inclusive('\n').enumerate() {
        let whole = line.ends_with('\n');
        let content = line.trim();
        // The first line continues the cursor's line.
        if number > 0 && content.is_empty() {
            blank_lines += usize::from(whole);
            if blank_lines > 1 {
                return Some(position);
            }
        } else if number > 0 {
            blank_lines = 0;
            let closes = content.starts_with(['}', ')', ']']) || plan.language.block_style() == BlockStyle::Indentation;
            if columns(line) >= indent || code.belongs(position + line.len() - line.trim_start().len()) {
                // The line belongs to the block.
            } else if !(closes && code.leaves_open(position)) {
                return Some(position);
            } else {
                // The line closes an open bracket and may open another one, as in `} else {`.
                let end = position + line.trim_end().len();
                if whole && !code.leaves_open(end) {
                    return Some(end);
                }
            }
        }
        position += line.len();
    }
    None
}

/// The cursor's line with the generated text after it. Offsets are bytes of the generated text.
struct ParsedBlock<'a> {
    plan: &'a Plan,
    /// The text, with all characters in strings and comments replaced by letters, including line breaks.
    text: String,
    tree: Option<SyntaxTree>,
}

impl<'a> ParsedBlock<'a> {
    fn new(generated: &str, plan: &'a Plan) -> Self {
        let mut text = format!("{}{generated}", plan.line_before);
        // The text starts in code, because no block is planned in a string or a comment.
        let tree = generated.contains('\n').then(|| SyntaxTree::parse(plan.language, &Rope::from_str(&text))).flatten();
        let comments_and_strings: Vec<_> = tree.iter().flat_map(|tree| comments_and_strings(tree, &text)).collect();
        for range in comments_and_strings {
            let length = range.len();
            text.replace_range(range, &"x".repeat(length));
        }
        Self { plan, text, tree }
    }

    fn generated(&self) -> &str {
        &self.text[self.plan.line_before.len()..]
    }

    /// Whether a bracket that was opened on the cursor's line or before `end` is still open.
    fn leaves_open(&self, end: usize) -> bool {
        let end = self.plan.line_before.len() + end;
        !unmatched(&format!("{}{}", &self.text[..end], self.plan.line_after)).opening.is_empty()
    }

    /// Whether the code at `start` belongs to the block, or to the statement that opens it on the cursor's line: a
    /// preprocessor directive, a label, or a clause such as `else`.
    fn belongs(&self, start: usize) -> bool {
        let Some(tree) = &self.tree else { return false };
        let before = &self.plan.line_before;
        let opener = before.len() - before.trim_start().len();
        let start = before.len() + start;
        let innermost = tree.root_node().descendant_for_byte_range(start, start + 1);
        let mut around =
            iter::successors(innermost, |node| node.parent()).take_while(|node| node.start_byte() == start);
        around.any(|node| {
            let opens = node.parent().is_some_and(|statement| statement.start_byte() == opener);
            let is_directive = node.kind().starts_with("preproc_") || node.kind().starts_with('#');
            let is_label = node.kind() == "labeled_statement";
            let is_clause =
                self.plan.language.block_style() == BlockStyle::Indentation && node.kind().ends_with("_clause");
            is_directive || is_label || (is_clause && opens)
        })
    }
}

/// The strings and comments in `text`, without a final line break.
fn comments_and_strings(tree: &SyntaxTree, text: &str) -> Vec<Range<usize>> {
    let mut comments_and_strings = Vec::new();
    let mut cursor = tree.root_node().walk();
    let mut more = true;
    while more {
        let node = cursor.node();
        let (start, end) = (node.start_byte(), node.end_byte());
        // A multi-line string that is not closed yet.
        let is_open =
            MULTILINE_QUOTES.contains(&&text[start..end]) && node.parent().is_some_and(|parent| parent.is_error());
        let is_comment_or_string = is_open || COMMENT_AND_STRING_KINDS.contains(&node.kind());
        if is_comment_or_string {
            let end = if is_open { text.len() } else { end };
            comments_and_strings.push(start..start + text[start..end].trim_end().len());
        }
        more = !is_open && ((!is_comment_or_string && cursor.goto_first_child()) || cursor.goto_next_sibling());
        while !more && !is_open && cursor.goto_parent() {
            more = cursor.goto_next_sibling();
        }
    }
    comments_and_strings
}

/// The node kinds in which brackets and line breaks have no meaning, in all grammars.
const COMMENT_AND_STRING_KINDS: [&str; 12] = [
    "string",
    "string_literal",
    "raw_string_literal",
    "interpreted_string_literal",
    "template_string",
    "comment",
    "line_comment",
    "block_comment",
    "char_literal",
    "character_literal",
    "rune_literal",
    "regex",
];

const MULTILINE_QUOTES: [&str; 3] = ["\"\"\"", "'''", "`"];

#[cfg(test)]
mod tests {
    use crate::document::Document;
    use crate::language::Language;
    use crate::plan::plan;
    use crate::settings::CompletionSettings;

    /// `generated` at the cursor of `fixture`, with a bar at the end of the block.
    fn end(language: &str, fixture: &str, generated: &str) -> String {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let document = Document::new("test", Language::from_id(language), 0, &fixture.replacen("$0", "", 1));
        let settings = CompletionSettings::default().for_invoked();
        match plan(&document, offset, &settings).end_of(generated) {
            Some(end) => format!("{}|{}", &generated[..end], &generated[end..]),
            None => generated.to_owned(),
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let rust = "if a {$0\n";
        assert_eq!(end("rust", rust, "\n    b('{');\n}\nc"), "\n    b('{');\n}|\nc");
        assert_eq!(end("rust", rust, "\n    b('\"');\n}\nc"), "\n    b('\"');\n}|\nc");
        assert_eq!(end("rust", rust, "\n    // {\n    b();\n}\nc"), "\n    // {\n    b();\n}|\nc");
        assert_eq!(end("rust", rust, "\n    b(r#\"}\"#);\n}\nc"), "\n    b(r#\"}\"#);\n}|\nc");
        assert_eq!(end("go", rust, "\n\tb('{', `(`)\n}\nc"), "\n\tb('{', `(`)\n}|\nc");
        assert_eq!(end("c", rust, "\n    b('{'); /* { */\n}\nc"), "\n    b('{'); /* { */\n}|\nc");
        assert_eq!(end("java", rust, "\n    b('{');\n}\nc"), "\n    b('{');\n}|\nc");
        assert_eq!(end("typescript", rust, "\n    b(`{`, /[{]/);\n}\nc"), "\n    b(`{`, /[{]/);\n}|\nc");
        assert_eq!(end("python", "a = [$0\n", "\n    '[',  # [\n]\nb"), "\n    '[',  # [\n]|\nb");
    }

    #[test]
    fn lines_inside_a_string_do_not_end_the_block() {
        let text = "a = \"\"\"\nwords\n\n\n}\"\"\"\n    b()\nc()\n";
        assert_eq!(end("python", "def f():\n    $0\n", text), text.replace("\nc()", "\n|c()"));
        // A string that is not closed yet.
        assert_eq!(end("python", "def f():\n    $0\n", "a = \"\"\"\nwords\n"), "a = \"\"\"\nwords\n");
        let text = "\n    b(r#\"\nwords\n}\"#);\n}\nc";
        assert_eq!(end("rust", "fn f() {$0\n", text), text.replace("\nc", "|\nc"));
        let text = "\n    b(`\nwords\n}`);\n}\nc";
        assert_eq!(end("javascript", "function f() {$0\n", text), text.replace("\nc", "|\nc"));
    }

    #[test]
    fn a_line_inside_open_brackets_does_not_end_the_block() {
        let text = "a = f(\n  b,\n    )\n    return a\nc()\n";
        assert_eq!(end("python", "def f():\n    $0\n", text), text.replace("\nc()", "\n|c()"));
    }

    #[test]
    fn clauses_belong_to_the_opened_statement() {
        let text = "\n        a()\n    except B:\n        c()\n    else:\n        d()\n    e()\n";
        assert_eq!(end("python", "def f():\n    try:$0\n", text), text.replace("    e()", "|    e()"));
        let text = "\n    a()\nelif b:\n    c()\nelse:\n    d()\ne()\n";
        assert_eq!(end("python", "if a:$0\n", text), text.replace("e()\n", "|e()\n"));
        // Only the body was requested here.
        assert_eq!(end("python", "if a:\n    $0\n", "b()\nelse:\n    c()\n"), "b()\n|else:\n    c()\n");
        assert_eq!(end("python", "class A:$0\n", "\n    b = 1\n\n@c\ndef d():"), "\n    b = 1\n\n|@c\ndef d():");
    }

    #[test]
    fn directives_and_labels_do_not_end_the_block() {
        let text = "a();\n#ifdef B\n    b();\n#endif\nend:\n    c();\n}\n";
        assert_eq!(end("c", "void f() {\n    $0\n}\n", text), text.replace("}\n", "|}\n"));
    }
}
