//! Matches brackets by characters alone. This is fast enough to run after every token, and it works on text that does
//! not parse yet.

/// The brackets in a text that have no partner in the same text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unmatched {
    /// Byte offsets of closing brackets that no bracket in the text opens.
    pub(crate) closing: Vec<usize>,
    /// Brackets that are still open at the end, outermost first: the byte offset of each and the character that closes
    /// it.
    pub(crate) opening: Vec<(usize, char)>,
    /// Whether the text ends inside double quotes.
    pub(crate) quoted: bool,
}

/// Finds the brackets without a partner. Brackets inside double quotes do not count, and any closing bracket closes any
/// opening bracket.
pub(crate) fn unmatched(text: &str) -> Unmatched {
    let mut unmatched = Unmatched::default();
    let mut escaped = false;
    for (offset, character) in text.char_indices() {
        match character {
            '"' if !escaped => unmatched.quoted = !unmatched.quoted,
            _ if unmatched.quoted => {}
            '(' => unmatched.opening.push((offset, ')')),
            '[' => unmatched.opening.push((offset, ']')),
            '{' => unmatched.opening.push((offset, '}')),
            ')' | ']' | '}' if unmatched.opening.pop().is_none() => unmatched.closing.push(offset),
            _ => {}
        }
        escaped = character == '\\' && !escaped;
    }
    unmatched
}

/// The most characters that an editor is expected to insert after the cursor on its own.
pub(crate) const MAX_AUTO_CLOSED: usize = 3;

/// Whether editors insert `character` after the cursor on their own, to close what the user opened.
pub(crate) fn is_auto_closed(character: char) -> bool {
    matches!(character, ')' | ']' | '}' | '>' | '"' | '\'' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_matched_outside_quotes() {
        let check = |text: &str| {
            let Unmatched { closing, opening, quoted } = unmatched(text);
            (closing, opening.len(), quoted)
        };
        assert_eq!(check("f(a[0])"), (vec![], 0, false));
        assert_eq!(check("a) + (b"), (vec![1], 1, false));
        assert_eq!(check("}); {"), (vec![0, 1], 1, false));
        assert_eq!(check("\")\" )"), (vec![4], 0, false));
        assert_eq!(check("(\"a\\\")"), (vec![], 1, true));
    }
}
