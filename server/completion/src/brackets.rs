//! Brackets without partners, by their looks: quick enough for every token, and for text that does not parse yet.

/// The brackets of a text that find no partner in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unmatched {
    /// Byte offsets of closing brackets that nothing in the text opened.
    pub(crate) closing: Vec<usize>,
    /// The brackets that are left open at the end, the outermost first: their byte offsets, and what would close them.
    pub(crate) opening: Vec<(usize, char)>,
    /// Whether the text ends inside double quotes.
    pub(crate) quoted: bool,
}

/// Brackets inside double quotes do not count. Kinds of brackets are not told apart.
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

/// So many of them may an editor have put after the cursor since a suggestion was made.
pub(crate) const MAX_AUTO_CLOSED: usize = 3;

/// What editors put after the cursor by themselves.
pub(crate) fn is_auto_closed(character: char) -> bool {
    matches!(character, ')' | ']' | '}' | '>' | '"' | '\'' | '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_find_their_partners() {
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
