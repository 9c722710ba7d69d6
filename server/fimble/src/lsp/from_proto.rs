//! Converts LSP types to domain types.

use std::path::{Path, PathBuf};

use fimble_completion::language::Language;
use serde_json::{Value, json};
use tower_lsp::ls_types::{
    ClientCapabilities, PositionEncodingKind, TextDocumentContentChangeEvent, TextDocumentItem, Uri,
};

use super::position::{Position, PositionEncoding};
use super::text_sync::Change;
use crate::documents::DocumentId;

pub(crate) fn document_id(uri: &Uri) -> DocumentId {
    uri.as_str().into()
}

/// UTF-8 if the client offers it, because the rope counts bytes; otherwise the known encoding that the client prefers.
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

pub(crate) fn position(position: tower_lsp::ls_types::Position) -> Position {
    Position { line: position.line, character: position.character }
}

pub(crate) fn change(change: TextDocumentContentChangeEvent) -> Change {
    Change { range: change.range.map(|range| (position(range.start), position(range.end))), text: change.text }
}

/// The language that the client names, or else the language of the file name.
pub(crate) fn language(document: &TextDocumentItem) -> Language {
    let named = Language::from_id(&document.language_id);
    if named == Language::PLAIN { Language::from_path(Path::new(document.uri.path().as_str())) } else { named }
}

/// The file's path; `None` if the URI names no file, such as a buffer without a name.
pub(crate) fn file_path(uri: &Uri) -> Option<PathBuf> {
    let is_file = uri.scheme().as_str().eq_ignore_ascii_case("file");
    is_file.then(|| uri.to_file_path()).flatten().map(|path| path.into_owned())
}

/// The path that names a document: the file's path, or the path in the URI of a buffer without a file.
pub(crate) fn document_path(uri: &Uri) -> PathBuf {
    file_path(uri).unwrap_or_else(|| PathBuf::from(&*uri.path().decode().to_string_lossy()))
}

/// Repairs messages of clients that violate the specification in known ways. Some clients send an empty object to
/// methods without parameters. Others do not escape characters that RFC 3986 forbids in URIs: Helix, for example,
/// leaves brackets as they are, as in a route named `[id].tsx`.
pub(crate) fn repair(message: &mut Value) {
    if ["shutdown", "fimble/status", "fimble/models"].iter().any(|method| message["method"] == *method) {
        message["params"] = Value::Null;
    }
    // lsp-mode sends `null` for a capability without options.
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

#[cfg(test)]
mod tests {
    use super::*;

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
