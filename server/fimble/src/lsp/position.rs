//! Converts between LSP positions and byte offsets. A position is a line and a character, counted in the encoding that
//! client and server agreed on. Comments cite the section names of the LSP specification 3.17 (the rules are the same
//! in 3.18): <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/>.

use ropey::Rope;

/// The unit in which a client counts the characters of a line ("Position", `PositionEncodingKind`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum PositionEncoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units. Every client supports them, and they apply if nothing else was agreed on.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

/// A position between two characters, as a client names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Counted from 0; lines end in LF, CRLF or CR ("Text Documents").
    pub line: u32,
    /// Counted from 0 at the line's start, in the units of a [`PositionEncoding`].
    pub character: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    #[error("line {line} (counted from 0) is outside the document, which has {lines} lines")]
    LineOutside { line: u32, lines: usize },
}

/// The byte offset of `position` in `text`, always on a character boundary and never between a CR and its LF. Takes
/// O(log n), however long the line is.
pub fn offset_at(text: &Rope, position: Position, encoding: PositionEncoding) -> Result<usize, PositionError> {
    let lines = text.len_lines();
    let line = usize::try_from(position.line).unwrap_or(usize::MAX);
    // "Range": the end of a range that includes the last line break is the start of the next line. So the line after
    // the last one means the end of the text. "Position" (in its 3.17 JSON model) also clamps lines beyond that. Here
    // they are errors, because the client's text must differ from the server's.
    if line == lines {
        return Ok(text.len_bytes());
    }
    if line > lines {
        return Err(PositionError::LineOutside { line: position.line, lines });
    }

    let start = text.line_to_byte(line);
    let end = line_end(text, line);
    let unit = units_before(text, start, encoding).saturating_add(position.character as usize);
    // "Position": a character beyond the line's length means the end of the line. No position is inside or after a line
    // break (`\r|\n`, `\n|`), so the length does not include the line break.
    if unit >= units_before(text, end, encoding) {
        return Ok(end);
    }
    // "Position" and "Text Documents" do not define positions between the code units of one character. Such a position
    // snaps back to the start of the character, as ropey's indices do.
    Ok(match encoding {
        PositionEncoding::Utf8 => text.char_to_byte(text.byte_to_char(unit)),
        PositionEncoding::Utf16 => text.char_to_byte(text.utf16_cu_to_char(unit)),
        PositionEncoding::Utf32 => text.char_to_byte(unit),
    })
}

/// The position of the byte `offset` in `text`, in O(log n). An offset beyond the text counts as the end of the text,
/// and an offset inside a character as the start of the character. An offset between a CR and its LF counts as the end
/// of the line, because "Position" has no name for it.
pub fn position_at(text: &Rope, offset: usize, encoding: PositionEncoding) -> Position {
    let offset = offset.min(text.len_bytes());
    let line = text.byte_to_line(offset);
    let offset = offset.min(line_end(text, line));
    let character = units_before(text, offset, encoding) - units_before(text, text.line_to_byte(line), encoding);
    // "Base Types": the largest `uinteger` is 2^31 - 1. Larger values are clamped instead of wrapping around.
    let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).min(i32::MAX as u32);
    Position { line: clamp(line), character: clamp(character) }
}

/// The byte offset of the end of `line`, which must exist, before its line break.
fn line_end(text: &Rope, line: usize) -> usize {
    let next = text.line_to_byte(line + 1);
    // The last line has no line break. After a line break at the end of the text, there is an empty line.
    if line + 1 == text.len_lines() {
        return next;
    }
    if text.byte(next - 1) == b'\n' && next >= 2 && text.byte(next - 2) == b'\r' { next - 2 } else { next - 1 }
}

/// How many units of `encoding` precede the character that holds the byte `offset`.
fn units_before(text: &Rope, offset: usize, encoding: PositionEncoding) -> usize {
    let character = text.byte_to_char(offset);
    match encoding {
        PositionEncoding::Utf8 => text.char_to_byte(character),
        PositionEncoding::Utf16 => text.char_to_utf16_cu(character),
        PositionEncoding::Utf32 => character,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENCODINGS: [PositionEncoding; 3] = [PositionEncoding::Utf8, PositionEncoding::Utf16, PositionEncoding::Utf32];

    /// Checks both directions: the cursor `$0` is at `line`, and at these `characters` in UTF-8, UTF-16 and UTF-32.
    #[track_caller]
    fn check(marked: &str, line: u32, characters: [u32; 3]) {
        let offset = marked.find("$0").expect("a cursor");
        let text = Rope::from_str(&marked.replacen("$0", "", 1));
        for (encoding, character) in ENCODINGS.into_iter().zip(characters) {
            let position = Position { line, character };
            assert_eq!(position_at(&text, offset, encoding), position, "{marked:?} in {encoding:?}");
            assert_eq!(offset_at(&text, position, encoding), Ok(offset), "{marked:?} in {encoding:?}");
        }
    }

    #[test]
    fn positions_convert_to_offsets_and_back() {
        check("$0", 0, [0, 0, 0]);
        check("fn main$0() {}", 0, [7, 7, 7]);
        check("fn main() {}$0", 0, [12, 12, 12]);
        check("a\nbc$0\n", 1, [2, 2, 2]);
        check("a\nbc\n$0", 2, [0, 0, 0]);
        check("é$0", 0, [2, 1, 1]);
        check("// naïveté$0\n", 0, [12, 10, 10]);
        check("😀$0x", 0, [4, 2, 1]);
        check("x😀😀$0", 0, [9, 5, 3]);
        check("日本$0語", 0, [6, 2, 2]);
        // A letter and the accent that combines with it are two characters in every encoding.
        check("e$0\u{301}x", 0, [1, 1, 1]);
        check("e\u{301}$0x", 0, [3, 2, 2]);
        check("👩\u{200d}💻$0", 0, [11, 5, 3]);
        check("\u{feff}x$0", 0, [4, 2, 2]);
        check("é$0\r\nb", 0, [2, 1, 1]);
        check("a\r\n$0b", 1, [0, 0, 0]);
        check("a\r\n😀$0", 1, [4, 2, 1]);
        check("a\r$0b", 1, [0, 0, 0]);
        check("a\rb\r\n$0c\nd", 2, [0, 0, 0]);
        check("\r$0\r\n\n", 1, [0, 0, 0]);
        check("\r\r\n$0\n", 2, [0, 0, 0]);
        // Line breaks in Unicode that are none in the protocol.
        check("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f$0", 0, [16, 11, 11]);
    }

    #[test]
    fn invalid_positions_are_clamped() {
        use PositionEncoding::{Utf8, Utf16, Utf32};
        for (text, line, character, encoding, offset) in [
            // Beyond the line's end, and in its line break.
            ("", 0, 7, Utf16, 0),
            ("ab\ncd", 0, 3, Utf16, 2),
            ("ab\ncd", 0, u32::MAX, Utf8, 2),
            ("ab\ncd", 1, u32::MAX, Utf32, 5),
            ("ab\r\ncd", 0, 3, Utf8, 2),
            ("ab\r\ncd", 0, 4, Utf16, 2),
            ("ab\rcd", 0, 3, Utf32, 2),
            ("😀\n", 0, 3, Utf16, 4),
            // Inside a character.
            ("x😀y", 0, 2, Utf16, 1),
            ("x😀y", 0, 2, Utf8, 1),
            ("x😀y", 0, 4, Utf8, 1),
            ("xéy", 0, 2, Utf8, 1),
            ("x語", 0, 3, Utf8, 1),
            // One line past the last.
            ("", 1, 0, Utf16, 0),
            ("ab", 1, 0, Utf16, 2),
            ("ab\n", 2, 5, Utf16, 3),
        ] {
            let position = Position { line, character };
            let rope = Rope::from_str(text);
            assert_eq!(offset_at(&rope, position, encoding), Ok(offset), "{text:?} at {position:?} in {encoding:?}");
        }
        for (text, line, lines) in [("", 2, 1), ("ab\n", 3, 2), ("a\r\nb", u32::MAX, 2)] {
            let position = Position { line, character: 0 };
            let error = offset_at(&Rope::from_str(text), position, Utf16);
            assert_eq!(error, Err(PositionError::LineOutside { line, lines }), "{text:?}");
        }
        let message = PositionError::LineOutside { line: 9, lines: 2 }.to_string();
        assert_eq!(message, "line 9 (counted from 0) is outside the document, which has 2 lines");
    }

    #[test]
    fn offsets_without_a_position_are_clamped() {
        for (text, offset, line, character) in [("ab\r\nc", 3, 0, 2), ("x😀", 3, 0, 1), ("ab\nc", 99, 1, 1)] {
            let position = Position { line, character };
            assert_eq!(position_at(&Rope::from_str(text), offset, PositionEncoding::Utf16), position, "{text:?}");
        }
    }

    /// Characters of every width, and every line break. Some texts are long enough for several chunks of the rope.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "a",
            "é",
            "語",
            "😀",
            "e\u{301}",
            "\n",
            "\r\n",
            "\r",
            "\n\r",
            "\u{2028}",
            "let x = 1;",
            "    ",
        ]);
        prop_oneof![3 => prop::collection::vec(piece.clone(), 0..40), 1 => prop::collection::vec(piece, 0..4000)]
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn an_offset_converts_to_a_position_and_back(text in texts()) {
            let rope = Rope::from_str(&text);
            let boundaries = text.char_indices().map(|(offset, _)| offset).chain([text.len()]);
            for offset in boundaries {
                let inside_line_break = text[..offset].ends_with('\r') && text[offset..].starts_with('\n');
                let expected = if inside_line_break { offset - 1 } else { offset };
                for encoding in ENCODINGS {
                    let position = position_at(&rope, offset, encoding);
                    prop_assert_eq!(offset_at(&rope, position, encoding), Ok(expected), "{:?} in {:?}", position, encoding);
                }
            }
        }
    }
}
