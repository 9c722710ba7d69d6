//! Between what a client calls a position (a line, and a character counted in the encoding it agreed on) and a byte
//! offset. The rules are those of the Language Server Protocol, cited by the section names of its specification 3.17
//! (3.18 has the same): <https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/>.

use ropey::Rope;

/// The unit in which a client counts the characters of a line ("Position", `PositionEncodingKind`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum PositionEncoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units: what every client speaks and what holds where nothing else was agreed on.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

/// A place between two characters, as a client names it.
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
    // "Range": an end that includes the last line's break is the start of the next line, so one line past the last is
    // the end of the text. "Position" (in its 3.17 JSON model) clamps lines further out too; here those are errors, as
    // they come from a client whose text is not ours.
    if line == lines {
        return Ok(text.len_bytes());
    }
    if line > lines {
        return Err(PositionError::LineOutside { line: position.line, lines });
    }

    let start = text.line_to_byte(line);
    let end = line_end(text, line);
    let unit = units_before(text, start, encoding).saturating_add(position.character as usize);
    // "Position": a character beyond the line's length defaults back to that length, and positions are agnostic of line
    // ends: neither `\r|\n` nor `\n|` can be named, so the length does not count the line break.
    if unit >= units_before(text, end, encoding) {
        return Ok(end);
    }
    // "Position" and "Text Documents" define characters by their code units and say nothing of a place inside one; it
    // snaps back to the character's start, which is what ropey's indices do.
    Ok(match encoding {
        PositionEncoding::Utf8 => text.char_to_byte(text.byte_to_char(unit)),
        PositionEncoding::Utf16 => text.char_to_byte(text.utf16_cu_to_char(unit)),
        PositionEncoding::Utf32 => text.char_to_byte(unit),
    })
}

/// The position of the byte `offset` in `text`, in O(log n). An offset beyond the text is taken as its end, one inside
/// a character as that character's start, and one between a CR and its LF as the end of the line, since "Position" has
/// no name for it.
pub fn position_at(text: &Rope, offset: usize, encoding: PositionEncoding) -> Position {
    let offset = offset.min(text.len_bytes());
    let line = text.byte_to_line(offset);
    let offset = offset.min(line_end(text, line));
    let character = units_before(text, offset, encoding) - units_before(text, text.line_to_byte(line), encoding);
    // "Base Types": a `uinteger` on the wire ends at 2^31 - 1; a text that large is clamped rather than wrapped round.
    let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).min(i32::MAX as u32);
    Position { line: clamp(line), character: clamp(character) }
}

/// The byte offset of the end of `line`, which must exist, before its line break.
fn line_end(text: &Rope, line: usize) -> usize {
    let next = text.line_to_byte(line + 1);
    // The last line has no break: a text that ends in one has an empty line after it.
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

    /// The cursor `$0` is at `line`, and at one character in each of UTF-8, UTF-16 and UTF-32; and back.
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
    fn positions_and_offsets_name_the_same_place() {
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
        // What ends a line elsewhere, but not in the protocol.
        check("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f$0", 0, [16, 11, 11]);
    }

    #[test]
    fn positions_without_a_place_of_their_own_are_clamped() {
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
    fn offsets_without_a_position_of_their_own_are_clamped() {
        for (text, offset, line, character) in [("ab\r\nc", 3, 0, 2), ("x😀", 3, 0, 1), ("ab\nc", 99, 1, 1)] {
            let position = Position { line, character };
            assert_eq!(position_at(&Rope::from_str(text), offset, PositionEncoding::Utf16), position, "{text:?}");
        }
    }

    /// Characters of every width and every line break, often enough to fill several of the rope's chunks.
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
        fn an_offset_survives_the_way_to_a_position_and_back(text in texts()) {
            let rope = Rope::from_str(&text);
            let boundaries = text.char_indices().map(|(offset, _)| offset).chain([text.len()]);
            for offset in boundaries {
                let inside_line_break = text[..offset].ends_with('\r') && text[offset..].starts_with('\n');
                let place = if inside_line_break { offset - 1 } else { offset };
                for encoding in ENCODINGS {
                    let position = position_at(&rope, offset, encoding);
                    prop_assert_eq!(offset_at(&rope, position, encoding), Ok(place), "{:?} in {:?}", position, encoding);
                }
            }
        }
    }
}
