//! What becomes of a suggestion that is shown, read off the edits that follow: few clients tell.

use crate::brackets::{MAX_AUTO_CLOSED, is_auto_closed};
use crate::document::Document;
use crate::text::word_before;

/// A suggestion on somebody's screen, with the part of a word before it: menus insert the two as one. Offsets and lengths
/// are in bytes.
#[derive(Debug, Clone)]
pub struct AcceptanceTracker {
    offset: usize,
    text: String,
    /// Of the document without `text`.
    length: usize,
    /// How much of `text` stands in the document by now.
    taken: usize,
    /// Some of it came in one piece rather than letter by letter.
    partly: bool,
}

/// What a user did with a suggestion. One typed to its end, and one that went away by itself, have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    Accepted,
    PartlyAccepted,
    /// Something else was typed in its place.
    TypedOver,
}

/// What an edit means for the suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is still to be taken or left.
    Pending,
    /// It is gone.
    Settled(Option<Acceptance>),
}

impl AcceptanceTracker {
    pub fn new(document: &Document, offset: usize, text: &str) -> Self {
        let word = word_before(document.text(), offset);
        let (taken, length) = (word.len(), document.text().len_bytes() - word.len());
        Self { offset: offset - taken, text: word + text, length, taken, partly: false }
    }

    /// Whether `text`, shown at `offset`, is what is left of this suggestion, or that and more.
    pub fn goes_on(&mut self, offset: usize, text: &str) -> bool {
        let rest = &self.text[self.taken..];
        let same = offset == self.offset + self.taken && (rest.starts_with(text) || text.starts_with(rest));
        if same {
            self.text.truncate(self.taken);
            self.text.push_str(text);
        }
        same
    }

    /// Reads off `document` what an edit meant that began at `start`; `None` if it replaced the whole text. With `pieces`,
    /// what comes in one piece is taken for a part accepted; without, the client says so itself, and may send several keys
    /// as one edit.
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

    /// The client says that a part was accepted.
    pub fn take_part(&mut self) {
        self.partly = true;
    }

    /// The outcome if no more of it is taken, and nothing typed instead.
    pub fn left(&self) -> Option<Acceptance> {
        self.partly.then_some(Acceptance::PartlyAccepted)
    }
}

/// Whether nobody types this with one key: an editor may add indentation, and closing brackets.
fn is_piece(inserted: &str) -> bool {
    let inserted = inserted.trim_end_matches(is_auto_closed);
    inserted.chars().any(char::is_alphanumeric) && inserted.chars().filter(|letter| !letter.is_whitespace()).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    /// Shows `suggestion` at `$0`, makes the edits, each `(characters after the place, deleted, inserted)`, and returns
    /// what became of it.
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
    fn what_comes_in_one_piece_is_accepted() {
        assert_eq!(check("x = $0\ny", "alpha(beta)", &[(0, 0, "alpha(beta)")]), Some(Acceptance::Accepted));
        assert_eq!(check("x = $0", "αβγ", &[(0, 0, "α"), (2, 0, "βγ")]), Some(Acceptance::Accepted));
        // A menu takes back what was typed since, and inserts the whole.
        assert_eq!(check("$0", "alpha", &[(0, 0, "al"), (0, 2, "alpha")]), Some(Acceptance::Accepted));
        // And with it the word before, at once or first of all.
        assert_eq!(check("x.al$0", "pha", &[(-2, 2, "alpha")]), Some(Acceptance::Accepted));
        assert_eq!(check("x.al$0", "pha", &[(-2, 2, ""), (-2, 0, "alpha")]), Some(Acceptance::Accepted));
        // With something of the editor's after it.
        assert_eq!(check("f($0", "alpha", &[(0, 0, "alpha)")]), Some(Acceptance::Accepted));
        assert_eq!(check("$0", "alpha beta", &[(0, 0, "alpha ")]), Some(Acceptance::PartlyAccepted));
        let words = [(0, 0, "alpha "), (6, 0, "beta")];
        assert_eq!(check("$0", "alpha beta", &words), Some(Acceptance::Accepted));
        let then_typed_over = [(0, 0, "alpha "), (6, 0, "x")];
        assert_eq!(check("$0", "alpha beta", &then_typed_over), Some(Acceptance::PartlyAccepted));
    }

    #[test]
    fn what_is_typed_is_not_accepted() {
        assert_eq!(check("$0", "ab", &[(0, 0, "a"), (1, 0, "b")]), None);
        assert_eq!(check("$0", "ab", &[(0, 0, "a"), (0, 1, ""), (0, 0, "a")]), None);
        assert_eq!(check("$0", "ab", &[(0, 0, "a"), (1, 0, "c")]), Some(Acceptance::TypedOver));
        assert_eq!(check("$0", "f(x)", &[(0, 0, "f"), (1, 0, "()"), (2, 0, "x")]), None);
        assert_eq!(check("$0", "()", &[(0, 0, "()")]), None);
        assert_eq!(check("if a:$0", "\n    b", &[(0, 0, "\n    ")]), None);
        // Several keys in one edit.
        assert_eq!(check_with("$0", "alpha beta", &[(0, 0, "alp"), (3, 0, "ha")], false), None);
        assert_eq!(check_with("$0", "alpha", &[(0, 0, "alx")], false), Some(Acceptance::TypedOver));
        assert_eq!(check("x.al$0", "pha", &[(-1, 1, ""), (-1, 0, "t")]), Some(Acceptance::TypedOver));
    }

    #[test]
    fn edits_elsewhere_are_no_judgement() {
        assert_eq!(check("one $0 two", "alpha", &[(-4, 0, "x")]), None);
        assert_eq!(check("one $0 two three", "alpha", &[(7, 0, "x")]), None);
        assert_eq!(check("one $0 two", "alpha", &[(-4, 4, "")]), None);
    }

    #[test]
    fn the_rest_of_a_suggestion_is_the_same_suggestion() {
        let document = Document::new("a", Language::PLAIN, 0, "x");
        let mut shown = AcceptanceTracker::new(&document, 0, "alpha");
        assert!(shown.goes_on(0, "alpha.beta"));
        assert!(!shown.goes_on(0, "beta"));
        assert!(!shown.goes_on(1, "lpha"));
    }
}
