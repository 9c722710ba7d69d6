//! Finds out from the edits after a suggestion whether the user accepted it, because few clients report that.

use crate::brackets::{MAX_AUTO_CLOSED, is_auto_closed};
use crate::document::Document;
use crate::text::word_before;

/// A suggestion that is shown, together with the part of a word before it, because completion menus insert the two as
/// one. Offsets and lengths are in bytes.
#[derive(Debug, Clone)]
pub struct AcceptanceTracker {
    offset: usize,
    text: String,
    /// The length of the document without `text`.
    length: usize,
    /// How much of `text` is in the document already.
    taken: usize,
    /// Whether some of it was inserted in one piece instead of letter by letter.
    partly: bool,
}

/// What the user did with a suggestion. A suggestion that was typed out completely, or that disappeared, has no
/// outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    Accepted,
    PartlyAccepted,
    /// The user typed something else.
    TypedOver,
}

/// What an edit means for a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The suggestion is still shown.
    Pending,
    /// The suggestion is gone.
    Settled(Option<Acceptance>),
}

impl AcceptanceTracker {
    /// Starts to track the suggestion `text` at the byte `offset`.
    pub fn new(document: &Document, offset: usize, text: &str) -> Self {
        let word = word_before(document.text(), offset);
        let (taken, length) = (word.len(), document.text().len_bytes() - word.len());
        Self { offset: offset - taken, text: word + text, length, taken, partly: false }
    }

    /// Whether `text`, shown at `offset`, continues this suggestion: it is the rest of the suggestion, or the rest and
    /// more.
    pub fn goes_on(&mut self, offset: usize, text: &str) -> bool {
        let rest = &self.text[self.taken..];
        let same = offset == self.offset + self.taken && (rest.starts_with(text) || text.starts_with(rest));
        if same {
            self.text.truncate(self.taken);
            self.text.push_str(text);
        }
        same
    }

    /// Updates the tracker after an edit that started at `start`, or after a replacement of the whole text if `start`
    /// is `None`. `document` is the text after the edit. With `pieces`, text that was inserted in one piece counts as
    /// accepted. Without it, the client reports acceptance itself, and may send several keys in one edit.
    pub fn edited(&mut self, document: &Document, start: Option<usize>, pieces: bool) -> Verdict {
        let known = self.offset..=self.offset + self.taken + MAX_AUTO_CLOSED;
        let text = document.text();
        let (Some(grown), true) =
            (text.len_bytes().checked_sub(self.length), start.is_none_or(|start| known.contains(&start)))
        else {
            return Verdict::Settled(self.left());
        };
        let Some(inserted) = text.get_byte_slice(self.offset..self.offset + grown) else {
            return Verdict::Settled(self.left());
        };
        let same = inserted.chars().zip(self.text.chars()).take_while(|(left, right)| left == right);
        let taken: usize = same.map(|(character, _)| character.len_utf8()).sum();
        let more = inserted.byte_slice(taken..);
        let whole = taken == self.text.len();
        let along = more.len_bytes() <= MAX_AUTO_CLOSED && more.chars().all(is_auto_closed);
        if !(whole || along) {
            return Verdict::Settled(Some(self.left().unwrap_or(Acceptance::TypedOver)));
        }
        let piece = pieces && self.text.get(self.taken..taken).is_some_and(is_piece);
        self.taken = taken;
        self.partly |= piece;
        match whole {
            true if piece => Verdict::Settled(Some(Acceptance::Accepted)),
            true if pieces => Verdict::Settled(self.left()),
            _ => Verdict::Pending,
        }
    }

    /// Records that the client reported a partial acceptance.
    pub fn take_part(&mut self) {
        self.partly = true;
    }

    /// The outcome if the user neither accepts more nor types something else.
    pub fn left(&self) -> Option<Acceptance> {
        self.partly.then_some(Acceptance::PartlyAccepted)
    }
}

/// Whether `inserted` is more than one key produces. Editors add indentation and closing brackets to a key, so these do
/// not count.
fn is_piece(inserted: &str) -> bool {
    let inserted = inserted.trim_end_matches(is_auto_closed);
    inserted.chars().any(char::is_alphanumeric) && inserted.chars().filter(|letter| !letter.is_whitespace()).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    /// Shows `suggestion` at `$0`, applies the edits and returns the outcome. An edit is `(bytes after the cursor,
    /// bytes deleted, inserted text)`.
    fn check(fixture: &str, suggestion: &str, edits: &[(isize, usize, &str)]) -> Option<Acceptance> {
        check_with(fixture, suggestion, edits, true)
    }

    fn check_with(fixture: &str, suggestion: &str, edits: &[(isize, usize, &str)], pieces: bool) -> Option<Acceptance> {
        let offset = fixture.find("$0").expect("a cursor");
        let mut document = Document::new("a", Language::PLAIN, 0, &fixture.replace("$0", ""));
        let mut shown = AcceptanceTracker::new(&document, offset, suggestion);
        for (version, (after, deleted, inserted)) in edits.iter().enumerate() {
            let start = offset.checked_add_signed(*after).unwrap();
            let edit = crate::document::Edit { range: start..start + deleted, text: (*inserted).to_owned() };
            document.apply(i32::try_from(version).unwrap() + 1, &[edit]).unwrap();
            if let Verdict::Settled(outcome) = shown.edited(&document, Some(start), pieces) {
                return outcome;
            }
        }
        shown.left()
    }

    #[test]
    fn text_inserted_in_one_piece_is_accepted() {
        assert_eq!(check("x = $0\ny", "alpha(beta)", &[(0, 0, "alpha(beta)")]), Some(Acceptance::Accepted));
        assert_eq!(check("x = $0", "αβγ", &[(0, 0, "α"), (2, 0, "βγ")]), Some(Acceptance::Accepted));
        // A menu removes the typed text first and then inserts the whole suggestion.
        assert_eq!(check("$0", "alpha", &[(0, 0, "al"), (0, 2, "alpha")]), Some(Acceptance::Accepted));
        // A menu can also replace the word before the cursor, in one edit or in two.
        assert_eq!(check("x.al$0", "pha", &[(-2, 2, "alpha")]), Some(Acceptance::Accepted));
        assert_eq!(check("x.al$0", "pha", &[(-2, 2, ""), (-2, 0, "alpha")]), Some(Acceptance::Accepted));
        // The editor can add a closing bracket.
        assert_eq!(check("f($0", "alpha", &[(0, 0, "alpha)")]), Some(Acceptance::Accepted));
        assert_eq!(check("$0", "alpha beta", &[(0, 0, "alpha ")]), Some(Acceptance::PartlyAccepted));
        let words = [(0, 0, "alpha "), (6, 0, "beta")];
        assert_eq!(check("$0", "alpha beta", &words), Some(Acceptance::Accepted));
        let and_typed_over = [(0, 0, "alpha "), (6, 0, "x")];
        assert_eq!(check("$0", "alpha beta", &and_typed_over), Some(Acceptance::PartlyAccepted));
    }

    #[test]
    fn typed_text_is_not_accepted() {
        assert_eq!(check("$0", "ab", &[(0, 0, "a"), (1, 0, "b")]), None);
        assert_eq!(check("$0", "ab", &[(0, 0, "a"), (0, 1, ""), (0, 0, "a")]), None);
        assert_eq!(check("$0", "ab", &[(0, 0, "a"), (1, 0, "c")]), Some(Acceptance::TypedOver));
        assert_eq!(check("$0", "f(x)", &[(0, 0, "f"), (1, 0, "()"), (2, 0, "x")]), None);
        assert_eq!(check("$0", "()", &[(0, 0, "()")]), None);
        assert_eq!(check("if a:$0", "\n    b", &[(0, 0, "\n    ")]), None);
        // One edit can contain several keys.
        assert_eq!(check_with("$0", "alpha beta", &[(0, 0, "alp"), (3, 0, "ha")], false), None);
        assert_eq!(check_with("$0", "alpha", &[(0, 0, "alx")], false), Some(Acceptance::TypedOver));
        assert_eq!(check("x.al$0", "pha", &[(-1, 1, ""), (-1, 0, "t")]), Some(Acceptance::TypedOver));
    }

    #[test]
    fn edits_in_other_places_have_no_outcome() {
        assert_eq!(check("one $0 two", "alpha", &[(-4, 0, "x")]), None);
        assert_eq!(check("one $0 two three", "alpha", &[(7, 0, "x")]), None);
        assert_eq!(check("one $0 two", "alpha", &[(-4, 4, "")]), None);
    }

    #[test]
    fn the_rest_of_a_suggestion_continues_it() {
        let document = Document::new("a", Language::PLAIN, 0, "x");
        let mut shown = AcceptanceTracker::new(&document, 0, "alpha");
        assert!(shown.goes_on(0, "alpha.beta"));
        assert!(!shown.goes_on(0, "beta"));
        assert!(!shown.goes_on(1, "lpha"));
    }
}
