//! Between LSP's types and the domain's: the only place that converts one into the other.

use std::path::{Path, PathBuf};

use fimble_completion::complete::Suggestion;
use fimble_completion::document::Change;
use fimble_completion::language::Language;
use fimble_completion::plan::word_before;
use fimble_completion::position::{Position, PositionEncoding, position_at};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_lsp::ls_types::{
    ClientCapabilities, Command, CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation,
    InlineCompletionItem, InsertTextFormat, InsertTextMode, MarkupContent, MarkupKind, PositionEncodingKind, Range,
    TextDocumentContentChangeEvent, TextDocumentItem, TextEdit, Uri,
};

use crate::session::CompletionReply;
use crate::usage::Model;

/// The command that clients execute after a suggestion was accepted.
pub(crate) const ACCEPTED: &str = "fimble.accepted";

/// What a client calls a position, as LSP's type.
type WirePosition = tower_lsp::ls_types::Position;

/// UTF-8 if the client knows it, since it is what the rope counts in; else what the client likes best.
pub(crate) fn negotiate_encoding(client: &ClientCapabilities) -> PositionEncoding {
    let offered = client.general.as_ref().and_then(|general| general.position_encodings.as_deref()).unwrap_or_default();
    if offered.contains(&PositionEncodingKind::UTF8) {
        return PositionEncoding::Utf8;
    }
    let known = offered.iter().find_map(|kind| match kind.as_str() {
        "utf-16" => Some(PositionEncoding::Utf16),
        "utf-32" => Some(PositionEncoding::Utf32),
        _ => None,
    });
    // "PositionEncodingKind" (LSP 3.17): a client that offers nothing speaks UTF-16.
    known.unwrap_or(PositionEncoding::Utf16)
}

pub(crate) fn encoding_kind(encoding: PositionEncoding) -> PositionEncodingKind {
    match encoding {
        PositionEncoding::Utf8 => PositionEncodingKind::UTF8,
        PositionEncoding::Utf16 => PositionEncodingKind::UTF16,
        PositionEncoding::Utf32 => PositionEncodingKind::UTF32,
    }
}

pub(crate) fn position(position: WirePosition) -> Position {
    Position { line: position.line, character: position.character }
}

pub(crate) fn change(change: TextDocumentContentChangeEvent) -> Change {
    Change { range: change.range.map(|range| (position(range.start), position(range.end))), text: change.text }
}

/// The client's word for the language counts, then the file's name.
pub(crate) fn language(document: &TextDocumentItem) -> Language {
    let said = Language::from_id(&document.language_id);
    if said == Language::PLAIN { Language::from_path(Path::new(document.uri.path().as_str())) } else { said }
}

/// `None` for what is not a file, such as a buffer without a name.
pub(crate) fn file_path(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().as_str().eq_ignore_ascii_case("file");
    is_file.then(|| uri.to_file_path()).flatten().map(|path| path.into_owned())
}

/// Makes a request or notification what the specification calls for, where it is clear what was meant: methods without
/// parameters get none, though some clients send an empty object, and what RFC 3986 does not allow in the URI of a
/// document is escaped. Helix, for one, leaves brackets as they are, and a route named `[id].tsx` should be completed
/// all the same.
pub(crate) fn repair(message: &mut Value) {
    if ["shutdown", "fimble/status", "fimble/models"].iter().any(|method| message["method"] == *method) {
        message["params"] = Value::Null;
    }
    // lsp-mode says so of what it has without any particulars.
    if let Some(capability @ Value::Null) = message.pointer_mut("/params/capabilities/textDocument/inlineCompletion") {
        *capability = json!({});
    }
    let Some(Value::String(uri)) = message.pointer_mut("/params/textDocument/uri") else { return };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&byte);
    if !uri.bytes().all(allowed) {
        let escape = |byte: u8| if allowed(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        *uri = uri.bytes().map(escape).collect();
    }
}

/// Ghost text. The range is there and empty: without one VS Code replaces from the start of the word, and with a longer
/// one Neovim hides what follows the cursor.
pub(crate) fn inline_items(offer: &CompletionReply) -> Vec<InlineCompletionItem> {
    let item = |suggestion: &Suggestion| InlineCompletionItem {
        // Neovim shows and inserts a CR as such; all clients give the text their document's line breaks.
        insert_text: suggestion.text.replace("\r\n", "\n"),
        filter_text: None,
        range: Some(range_before(offer, 0)),
        command: Some(accepted(offer, suggestion)),
        insert_text_format: None,
    };
    std::iter::once(&offer.suggestion).chain(&offer.others).map(item).collect()
}

/// An item of a completion menu. It replaces the word that the cursor is in by the word with the suggestion: several
/// clients replace that word whatever the item says.
pub(crate) fn menu_item(offer: &CompletionReply) -> CompletionItem {
    let text = &offer.suggestion.text;
    let word = word_before(offer.document.text(), offer.offset);
    let first_line = word.clone() + text.lines().next().unwrap_or_default();
    CompletionItem {
        label: label(if text.starts_with(['\r', '\n']) { text } else { &first_line }),
        kind: Some(CompletionItemKind::TEXT),
        detail: Some(format!("fimble ({})", offer.model.name)),
        documentation: Some(Documentation::MarkupContent(MarkupContent {
            kind: MarkupKind::Markdown,
            value: fenced(&preview(offer), offer.document.language()),
        })),
        // Before what other servers offer, whose sort texts begin with a letter or a digit: there is but one of these.
        sort_text: Some(" ".to_owned()),
        // Clients compare the word before the cursor with this, and hide the item where they differ.
        filter_text: Some(first_line),
        insert_text_format: Some(InsertTextFormat::PLAIN_TEXT),
        // The lines after the first are indented already; VS Code would do it again.
        insert_text_mode: Some(InsertTextMode::AS_IS),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit {
            range: range_before(offer, word.len()),
            new_text: word + text,
        })),
        command: Some(accepted(offer, &offer.suggestion)),
        ..CompletionItem::default()
    }
}

/// What was accepted, for counting: never any of its text. The argument of the command [`ACCEPTED`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) language: String,
    pub(crate) model: Model,
    pub(crate) characters: usize,
    pub(crate) lines: usize,
    /// The user took some of it and may take more. Clients add this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) part: bool,
}

fn accepted(offer: &CompletionReply, suggestion: &Suggestion) -> Command {
    let argument = json!(Accepted {
        language: offer.document.language().id().to_owned(),
        model: offer.model.clone(),
        characters: suggestion.text.chars().count(),
        lines: suggestion.text.lines().count(),
        part: false,
    });
    Command {
        title: "Accepted a suggestion of fimble".to_owned(),
        command: ACCEPTED.to_owned(),
        arguments: Some(vec![argument]),
    }
}

/// The range of so many bytes before the place that was asked for.
fn range_before(offer: &CompletionReply, length: usize) -> Range {
    let position = |offset| {
        let Position { line, character } = position_at(offer.document.text(), offset, offer.encoding);
        WirePosition { line, character }
    };
    Range { start: position(offer.offset - length), end: position(offer.offset) }
}

/// The first line that has something on it, short enough for a menu.
fn label(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("(blank lines)");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

/// The cursor's line with the suggestion in it, without the indentation that all its lines share.
fn preview(offer: &CompletionReply) -> String {
    const LONGEST: usize = 200;
    let text = offer.document.text();
    let cursor = text.byte_to_char(offer.offset);
    let start = text.line_to_char(text.char_to_line(cursor)).max(cursor.saturating_sub(LONGEST));
    let line = text.slice(start..cursor).to_string();
    let content = line.trim_start();
    let indentation = &line[..line.len() - content.len()];
    let mut preview = content.to_owned();
    for (number, line) in offer.suggestion.text.lines().enumerate() {
        if number > 0 && !preview.is_empty() {
            preview.push('\n');
        }
        preview.push_str(if number == 0 { line } else { line.strip_prefix(indentation).unwrap_or(line) });
    }
    preview
}

/// A Markdown code block, fenced by more backticks than the text has in a row.
fn fenced(text: &str, language: Language) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{}\n{text}\n{fence}", language.id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fimble_completion::document::Document;

    fn offer(before: &str, suggestion: &str, language: &str) -> CompletionReply {
        CompletionReply {
            document: Document::new("a", Language::from_id(language), 1, before),
            offset: before.len(),
            encoding: PositionEncoding::Utf16,
            suggestion: Suggestion { text: suggestion.to_owned(), confidence: 1.0, is_cut: false, is_remote: false },
            others: Vec::new(),
            model: "m@1f0c2d3e".to_owned().into(),
        }
    }

    #[test]
    fn a_menu_item_survives_the_filter_and_completes_the_word() {
        for (before, word, suggestion, label, filter) in [
            ("let x = ", "par", "se(text);\n    y", "parse(text);", "parse(text);"),
            ("x ", "", "\n    y = 1", "y = 1", ""),
            ("", "π_1", "\n\n", "(blank lines)", "π_1"),
            ("", "", "  trimmed  \n", "trimmed", "  trimmed  "),
        ] {
            let before = [before, word];
            let item = menu_item(&offer(&before.concat(), suggestion, "rust"));
            assert_eq!((item.label.as_str(), item.filter_text.as_deref()), (label, Some(filter)));
            let Some(CompletionTextEdit::Edit(edit)) = item.text_edit else { panic!("{word}: no edit") };
            assert_eq!(edit.new_text, format!("{word}{suggestion}"));
            assert_eq!(edit.range.start.character as usize, before[0].encode_utf16().count());
            assert_eq!(edit.range.end.character as usize, before.concat().encode_utf16().count());
        }
        let long = menu_item(&offer("", &"ü".repeat(61), "rust"));
        assert_eq!(long.label, "ü".repeat(60) + "…");
    }

    #[test]
    fn a_preview_reads_like_the_file() {
        for (before, suggestion, expected) in [
            ("    let x = par", "se()?;\r\n    x", "let x = parse()?;\nx"),
            ("\t", "a();\n\tb();", "a();\nb();"),
            ("fn f() {", "\n    a();\n}", "fn f() {\n    a();\n}"),
            ("", "\n\nx", "x"),
        ] {
            assert_eq!(preview(&offer(before, suggestion, "rust")), expected);
        }
    }

    #[test]
    fn ghost_text_has_line_feeds_only() {
        assert_eq!(inline_items(&offer("", "a\r\nb", "rust"))[0].insert_text, "a\nb");
    }

    #[test]
    fn a_preview_is_not_ended_by_the_text_in_it() {
        assert_eq!(fenced("a", Language::from_id("rust")), "```rust\na\n```");
        assert_eq!(fenced("a ```` b", Language::PLAIN), "`````plaintext\na ```` b\n`````");
    }

    #[test]
    fn what_is_counted_of_an_accept_is_not_its_text() {
        let offer = offer("", "secret\nsecret", "python");
        let command = accepted(&offer, &offer.suggestion);
        let expected = json!([{"language": "python", "model": "m@1f0c2d3e", "characters": 13, "lines": 2}]);
        assert_eq!(serde_json::to_value(command.arguments).unwrap(), expected);
    }

    #[test]
    fn uris_are_repaired() {
        for (sent, path) in [
            ("file:///home/me/project/src/a%20b.rs", "/home/me/project/src/a b.rs"),
            ("file:///home/me/project/pages/[id].tsx", "/home/me/project/pages/[id].tsx"),
            ("file:///home/me/project/straße 1.py", "/home/me/project/straße 1.py"),
        ] {
            let mut message = json!({"params": {"textDocument": {"uri": sent}}});
            repair(&mut message);
            let uri: Uri = message["params"]["textDocument"]["uri"].as_str().unwrap().parse().unwrap();
            assert_eq!(file_path(&uri).as_deref(), Some(Path::new(path)));
        }
    }
}
