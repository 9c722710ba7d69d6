//! Converts domain types to LSP types.

use fimble_completion::engine::ModelId;
use fimble_completion::language::Language;
use fimble_completion::suggestion::Suggestion;
use fimble_completion::text::word_before;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower_lsp::ls_types::{
    Command, CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, InlineCompletionItem,
    InsertTextFormat, InsertTextMode, MarkupContent, MarkupKind, MessageType, PositionEncodingKind, Range, TextEdit,
};

use super::position::{Position, PositionEncoding, position_at};
use crate::notices::Severity;
use crate::request::CompletionReply;

/// The command that clients execute after the user accepted a suggestion.
pub(crate) const ACCEPTED: &str = "fimble.accepted";

pub(crate) fn encoding_kind(encoding: PositionEncoding) -> PositionEncodingKind {
    match encoding {
        PositionEncoding::Utf8 => PositionEncodingKind::UTF8,
        PositionEncoding::Utf16 => PositionEncodingKind::UTF16,
        PositionEncoding::Utf32 => PositionEncodingKind::UTF32,
    }
}

pub(crate) fn message_type(severity: Severity) -> MessageType {
    match severity {
        Severity::Warning => MessageType::WARNING,
        Severity::Error => MessageType::ERROR,
    }
}

/// Items of ghost text. They have an empty range: without a range, VS Code replaces text from the start of the word,
/// and with a longer range, Neovim hides the text after the cursor.
pub(crate) fn inline_items(reply: &CompletionReply, encoding: PositionEncoding) -> Vec<InlineCompletionItem> {
    let item = |suggestion: &Suggestion| InlineCompletionItem {
        // All clients convert LF to the document's line breaks, but Neovim shows and inserts a CR literally.
        insert_text: suggestion.text.replace("\r\n", "\n"),
        filter_text: None,
        range: Some(range_before(reply, 0, encoding)),
        command: Some(accepted(reply, suggestion)),
        insert_text_format: None,
    };
    std::iter::once(&reply.suggestion).chain(&reply.others).map(item).collect()
}

/// An item of a completion menu. It replaces the word before the cursor with that word and the suggestion, because
/// several clients replace the word in any case.
pub(crate) fn menu_item(reply: &CompletionReply, encoding: PositionEncoding) -> CompletionItem {
    let text = &reply.suggestion.text;
    let word = word_before(reply.document.text(), reply.offset);
    let first_line = word.clone() + text.lines().next().unwrap_or_default();
    CompletionItem {
        label: label(if text.starts_with(['\r', '\n']) { text } else { &first_line }),
        kind: Some(CompletionItemKind::TEXT),
        detail: Some(format!("fimble ({})", reply.suggestion.model.name)),
        documentation: Some(Documentation::MarkupContent(MarkupContent {
            kind: MarkupKind::Markdown,
            value: fenced(&preview(reply), reply.document.language()),
        })),
        // Sorts this single item before the items of other servers, whose sort texts start with a letter or a digit.
        sort_text: Some(" ".to_owned()),
        // Clients hide the item if this does not match the word before the cursor.
        filter_text: Some(first_line),
        insert_text_format: Some(InsertTextFormat::PLAIN_TEXT),
        // The lines after the first are already indented. Without this, VS Code would indent them again.
        insert_text_mode: Some(InsertTextMode::AS_IS),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit {
            range: range_before(reply, word.len(), encoding),
            new_text: word + text,
        })),
        command: Some(accepted(reply, &reply.suggestion)),
        ..CompletionItem::default()
    }
}

/// The argument of the command [`ACCEPTED`]: counts of the accepted suggestion. It never contains text.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AcceptedArgument {
    pub(crate) language: String,
    pub(crate) model: ModelId,
    pub(crate) characters: usize,
    pub(crate) lines: usize,
    /// The user accepted a part and may accept more. The client sets this field.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) part: bool,
}

fn accepted(reply: &CompletionReply, suggestion: &Suggestion) -> Command {
    let argument = json!(AcceptedArgument {
        language: reply.document.language().id().to_owned(),
        model: ModelId::clone(&suggestion.model),
        characters: suggestion.text.chars().count(),
        lines: suggestion.text.lines().count(),
        part: false,
    });
    Command {
        title: "Accepted a fimble suggestion".to_owned(),
        command: ACCEPTED.to_owned(),
        arguments: Some(vec![argument]),
    }
}

/// The range of the `length` bytes before the position of the request.
fn range_before(reply: &CompletionReply, length: usize, encoding: PositionEncoding) -> Range {
    let position = |offset| {
        let Position { line, character } = position_at(reply.document.text(), offset, encoding);
        tower_lsp::ls_types::Position { line, character }
    };
    Range { start: position(reply.offset - length), end: position(reply.offset) }
}

/// The first line that is not blank, shortened for a menu.
fn label(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("(blank lines)");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

/// The cursor's line with the suggestion inserted, without the indentation that its lines share.
fn preview(reply: &CompletionReply) -> String {
    const LONGEST: usize = 200;
    let text = reply.document.text();
    let cursor = text.byte_to_char(reply.offset);
    let start = text.line_to_char(text.char_to_line(cursor)).max(cursor.saturating_sub(LONGEST));
    let line = text.slice(start..cursor).to_string();
    let content = line.trim_start();
    let indentation = &line[..line.len() - content.len()];
    let mut preview = content.to_owned();
    for (number, line) in reply.suggestion.text.lines().enumerate() {
        if number > 0 && !preview.is_empty() {
            preview.push('\n');
        }
        preview.push_str(if number == 0 { line } else { line.strip_prefix(indentation).unwrap_or(line) });
    }
    preview
}

/// A Markdown code block. Its fence is longer than any run of backticks in the text.
fn fenced(text: &str, language: Language) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{}\n{text}\n{fence}", language.id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fimble_completion::document::Document;
    use std::sync::Arc;

    const ENCODING: PositionEncoding = PositionEncoding::Utf16;

    fn reply(before: &str, suggestion: &str, language: &str) -> CompletionReply {
        let model = Arc::new("m@1f0c2d3e".to_owned().into());
        CompletionReply {
            document: Document::new("a", Language::from_id(language), 1, before),
            offset: before.len(),
            suggestion: Suggestion { text: suggestion.to_owned(), confidence: 1.0, is_cut: false, model },
            others: Vec::new(),
        }
    }

    #[test]
    fn a_menu_item_passes_the_client_s_filter_and_completes_the_word() {
        for (before, word, suggestion, label, filter) in [
            ("let x = ", "par", "se(text);\n    y", "parse(text);", "parse(text);"),
            ("x ", "", "\n    y = 1", "y = 1", ""),
            ("", "π_1", "\n\n", "(blank lines)", "π_1"),
            ("", "", "  trimmed  \n", "trimmed", "  trimmed  "),
        ] {
            let before = [before, word];
            let item = menu_item(&reply(&before.concat(), suggestion, "rust"), ENCODING);
            assert_eq!((item.label.as_str(), item.filter_text.as_deref()), (label, Some(filter)));
            let Some(CompletionTextEdit::Edit(edit)) = item.text_edit else { panic!("{word}: no edit") };
            assert_eq!(edit.new_text, format!("{word}{suggestion}"));
            assert_eq!(edit.range.start.character as usize, before[0].encode_utf16().count());
            assert_eq!(edit.range.end.character as usize, before.concat().encode_utf16().count());
        }
        let long = menu_item(&reply("", &"ü".repeat(61), "rust"), ENCODING);
        assert_eq!(long.label, "ü".repeat(60) + "…");
    }

    #[test]
    fn a_preview_shows_the_line_as_the_file_would_have_it() {
        for (before, suggestion, expected) in [
            ("    let x = par", "se()?;\r\n    x", "let x = parse()?;\nx"),
            ("\t", "a();\n\tb();", "a();\nb();"),
            ("fn f() {", "\n    a();\n}", "fn f() {\n    a();\n}"),
            ("", "\n\nx", "x"),
        ] {
            assert_eq!(preview(&reply(before, suggestion, "rust")), expected);
        }
    }

    #[test]
    fn ghost_text_has_no_carriage_returns() {
        assert_eq!(inline_items(&reply("", "a\r\nb", "rust"), ENCODING)[0].insert_text, "a\nb");
    }

    #[test]
    fn text_cannot_end_its_own_code_block() {
        assert_eq!(fenced("a", Language::from_id("rust")), "```rust\na\n```");
        assert_eq!(fenced("a ```` b", Language::PLAIN), "`````plaintext\na ```` b\n`````");
    }

    #[test]
    fn the_argument_of_an_accept_contains_no_text() {
        let reply = reply("", "secret\nsecret", "python");
        let command = accepted(&reply, &reply.suggestion);
        let expected = json!([{"language": "python", "model": "m@1f0c2d3e", "characters": 13, "lines": 2}]);
        assert_eq!(serde_json::to_value(command.arguments).unwrap(), expected);
    }
}
