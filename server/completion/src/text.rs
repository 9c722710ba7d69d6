//! Words and indentation in source text.

use ropey::Rope;

/// Whether `character` can be part of an identifier in most languages.
pub fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The part of a word before the byte `offset`.
pub fn word_before(text: &Rope, offset: usize) -> String {
    let character = text.byte_to_char(offset);
    let length = text.chars_at(character).reversed().take_while(|before| is_word(*before)).count();
    text.slice(character - length..character).to_string()
}

/// The width of the indentation of `line`. A tab counts as four columns.
pub(crate) fn columns(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
}
