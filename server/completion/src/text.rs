//! Words and indentation.

use ropey::Rope;

/// Whether `character` belongs to a word, as most languages' identifiers do.
pub fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The part of a word that ends at the byte `offset`.
pub fn word_before(text: &Rope, offset: usize) -> String {
    let character = text.byte_to_char(offset);
    let length = text.chars_at(character).reversed().take_while(|before| is_word(*before)).count();
    text.slice(character - length..character).to_string()
}

/// The width of the white space that `line` begins with; a tab counts as four columns.
pub(crate) fn columns(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
}
