//! Where a prompt is split. The text before the pin has already been evaluated; the text after it is what the user
//! types. While the user keeps typing in one place, even over several lines, the pin stays and only the typed tokens
//! have to be evaluated.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use ropey::{Rope, RopeSlice};

use crate::ablations::{Ablations, Mechanism};
use crate::brackets::is_auto_closed;
use crate::context::Surroundings;
use crate::context::excerpts::excerpts;
use crate::context::window::{LONGEST_TAIL, Window, character_at, line_start, tail, window};
use crate::document::Document;
use crate::prompt::{Excerpt, FileName, FimText};

/// How many positions of one document are remembered.
const PINS: usize = 4;

/// The fewest bytes per typed token, on average.
const BYTES_PER_TYPED_TOKEN: usize = 3;

/// The most bytes of closing brackets, quotes and white space that may be inserted between the cursor and the pinned
/// suffix.
const MAX_AUTO_CLOSED_BYTES: usize = 64;

/// How many bytes on each side must be unchanged while the window is not known yet.
const UNKNOWN_WINDOW_BYTES: usize = 1 << 16;

/// Excerpts always get one in [`EXCERPT_SHARE`] tokens of a request, and one in [`MAX_EXCERPT_SHARE`] if the file
/// leaves them free.
const EXCERPT_SHARE: usize = 4;
const MAX_EXCERPT_SHARE: usize = 2;

/// Excerpts come first in the prompt, so changing them means evaluating everything again. They are kept for this many
/// lines around the line they were chosen for.
const EXCERPT_LINES: usize = 40;

/// A position, and the document at the time when the user came there. The first request that needs the window computes
/// it on its own thread. Later requests share it.
#[derive(Debug)]
pub struct Pin {
    document: Document,
    cursor: usize,
    pin: usize,
    surroundings: Arc<Surroundings>,
    /// How an earlier prompt starts. This prompt starts the same way if it can.
    earlier: Option<PromptStart>,
    window: OnceLock<PinnedWindow>,
    /// Set when the typed text no longer fits into its room.
    is_full: AtomicBool,
}

/// How much the model sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBudget {
    /// Tokens for the file and the excerpts together.
    pub tokens: usize,
    /// Whether excerpts are included.
    pub excerpts: bool,
}

/// The start of the prompt and the window, and the budget they were made for.
#[derive(Debug, Clone)]
struct PinnedWindow {
    prompt_start: PromptStart,
    window: Window,
    budget: TokenBudget,
}

/// How a prompt starts: with excerpts that were chosen for a line, and with the window's first byte.
#[derive(Debug, Clone)]
struct PromptStart {
    start: usize,
    excerpts: Arc<[Excerpt]>,
    /// Tokens that the excerpts use.
    cost: usize,
    line: usize,
}

impl Pin {
    /// Creates an independent pin, for example for a single request.
    pub fn new(document: &Document, cursor: usize, surroundings: Surroundings) -> Self {
        Self::after(document, cursor, Arc::new(surroundings), None)
    }

    /// Creates the next pin for the same position. Its prompt starts like this pin's prompt if possible.
    pub fn moved_to(&self, document: &Document, cursor: usize) -> Self {
        Self::after(document, cursor, self.surroundings.clone(), self.prompt_start())
    }

    /// Creates a pin for another model, with the same surroundings but a new window.
    pub fn apart(&self, document: &Document, cursor: usize) -> Self {
        Self::after(document, cursor, self.surroundings.clone(), None)
    }

    /// Whether so much was typed up to the byte `cursor` that a new pin would be better.
    pub fn is_worn(&self, cursor: usize) -> bool {
        cursor.saturating_sub(self.pin) > self.longest_tail() / 2
    }

    fn after(
        document: &Document,
        cursor: usize,
        surroundings: Arc<Surroundings>,
        earlier: Option<PromptStart>,
    ) -> Self {
        let (pin, document) = (line_start(document.text(), cursor), document.clone());
        Self { document, cursor, pin, surroundings, earlier, window: OnceLock::new(), is_full: AtomicBool::new(false) }
    }

    /// What the model sees for a request at the byte `cursor` of `document`. This pin must hold there. `count` counts
    /// the tokens of a text.
    pub fn text(
        &self,
        document: &Document,
        cursor: usize,
        budget: TokenBudget,
        count: &dyn Fn(&str) -> usize,
    ) -> FimText {
        let pinned = self.window.get_or_init(|| self.pinned(budget, count));
        if pinned.budget == budget && pinned.window.pin <= cursor {
            let tail = tail(document.text(), pinned.window.pin, cursor);
            if count(&tail) <= pinned.window.room {
                return pinned.text(self, tail);
            }
        }
        // The text has more tokens than its length suggested, or the settings have changed.
        self.is_full.store(true, Ordering::Relaxed);
        let pinned = self.moved_to(document, cursor).pinned(budget, count);
        let tail = tail(document.text(), pinned.window.pin, cursor);
        pinned.text(self, tail)
    }

    /// Computes the window and the excerpts. Excerpts get their fixed share, and more if the file leaves tokens free.
    fn pinned(&self, budget: TokenBudget, count: &dyn Fn(&str) -> usize) -> PinnedWindow {
        let tokens = budget.tokens;
        let Self { document, cursor, pin, earlier, .. } = self;
        let kept_start = earlier.as_ref().map(|earlier| earlier.start);
        let window = |tokens| window(document, *pin, *cursor, tokens, kept_start, count);
        let line = document.text().byte_to_line(*cursor);
        if let Some(earlier) = earlier.as_ref().filter(|it| it.line.abs_diff(line) <= EXCERPT_LINES && it.cost < tokens)
        {
            let window = window(tokens - earlier.cost);
            if window.start == earlier.start {
                return PinnedWindow { prompt_start: earlier.clone(), window, budget };
            }
        }
        if self.surroundings.is_empty() || !budget.excerpts {
            let window = window(tokens);
            let prompt_start = PromptStart { start: window.start, excerpts: Arc::default(), cost: 0, line };
            return PinnedWindow { prompt_start, window, budget };
        }
        let least = window(tokens - tokens / EXCERPT_SHARE);
        let used = count(&least.prefix) + count(&least.suffix) + least.room;
        let free = tokens.saturating_sub(used).min(tokens / MAX_EXCERPT_SHARE);
        let (excerpts, cost) = excerpts(document, *cursor, &(least.start..least.end), &self.surroundings, free, count);
        let window = window(tokens - cost);
        PinnedWindow {
            prompt_start: PromptStart { start: window.start, excerpts: excerpts.into(), cost, line },
            window,
            budget,
        }
    }

    /// Whether a request at the byte `cursor` of `document` can use this pin. Everything in the window must be
    /// unchanged, except for text typed at the pin, if it is not too long, and for closing brackets and quotes that the
    /// editor inserted after the cursor.
    pub(crate) fn holds(&self, document: &Document, cursor: usize) -> bool {
        let (before, now) = (self.document.text(), document.text());
        let pinned = self.window.get().map(|pinned| &pinned.window);
        let (start, pin, end) = match pinned {
            Some(window) => (window.start, window.pin, window.end),
            None => {
                let start = character_at(before, self.pin.saturating_sub(UNKNOWN_WINDOW_BYTES));
                (start, self.pin, character_at(before, self.cursor + UNKNOWN_WINDOW_BYTES))
            }
        };
        let longest = self.longest_tail().max(self.cursor - pin);
        if self.is_full.load(Ordering::Relaxed) || !(pin..=now.len_bytes()).contains(&cursor) || cursor - pin > longest
        {
            return false;
        }
        // A LF typed between a CR and the text after it would turn two line breaks into one.
        let splits_break = pin > 0 && now.get_byte(pin - 1) == Some(b'\r') && now.get_byte(pin) == Some(b'\n');
        let suffix =
            PinnedSuffix { text: before.byte_slice(self.cursor..end), ends_document: end == before.len_bytes() };
        !splits_break
            && now.get_byte_slice(start..pin) == before.get_byte_slice(start..pin)
            && auto_closed_before(now, cursor, suffix).is_some()
    }

    /// In bytes.
    fn longest_tail(&self) -> usize {
        let room = self.window.get().map(|pinned| pinned.window.room * BYTES_PER_TYPED_TOKEN);
        room.unwrap_or(LONGEST_TAIL).min(LONGEST_TAIL)
    }

    fn prompt_start(&self) -> Option<PromptStart> {
        self.window.get().map(|pinned| pinned.prompt_start.clone())
    }
}

impl PinnedWindow {
    fn text(&self, pin: &Pin, tail: String) -> FimText {
        let document = &pin.document;
        let file = FileName {
            project: pin.surroundings.project.clone(),
            path: document.name().into(),
            line_comment: document.language().line_comment(),
        };
        let (prefix, suffix) = (self.window.prefix.clone(), self.window.suffix.clone());
        FimText { excerpts: self.prompt_start.excerpts.clone(), file, prefix, suffix, tail }
    }
}

/// The text after the cursor at the time when the pin was set.
#[derive(Clone, Copy)]
struct PinnedSuffix<'a> {
    text: RopeSlice<'a>,
    ends_document: bool,
}

/// The number of bytes between `cursor` and `suffix`, if they are only closing brackets, quotes and white space. `None`
/// if there is anything else, or if `suffix` does not follow.
fn auto_closed_before(text: &Rope, cursor: usize, suffix: PinnedSuffix<'_>) -> Option<usize> {
    let length = suffix.text.len_bytes();
    let follows = |offset: usize| {
        let ends = !suffix.ends_document || offset + length == text.len_bytes();
        ends && text.get_byte_slice(offset..offset + length) == Some(suffix.text)
    };
    let mut offset = cursor;
    for character in text.byte_slice(cursor..).chars() {
        if follows(offset) {
            return Some(offset - cursor);
        }
        let may_be_closed = is_auto_closed(character) || character.is_whitespace();
        if !may_be_closed || offset > cursor + MAX_AUTO_CLOSED_BYTES {
            return None;
        }
        offset += character.len_utf8();
    }
    follows(offset).then_some(offset - cursor)
}

/// How long a pin is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinScope {
    /// While the user keeps typing in one place.
    Place,
    /// While the user keeps typing on one line.
    Line,
    /// For one request: all text before the cursor is prefix.
    Request,
}

impl From<Ablations> for PinScope {
    fn from(ablations: Ablations) -> Self {
        if !ablations.keeps(Mechanism::Pins) {
            Self::Request
        } else if !ablations.keeps(Mechanism::PinsOverLines) {
            Self::Line
        } else {
            Self::Place
        }
    }
}

/// The positions in one document that the user visited last.
#[derive(Debug)]
pub struct Pins {
    scope: PinScope,
    /// Most recent first.
    recent: VecDeque<Arc<Pin>>,
}

impl Pins {
    /// Creates an empty list. The ablations decide how long pins are kept.
    pub fn new(ablations: Ablations) -> Self {
        Self { scope: ablations.into(), recent: VecDeque::new() }
    }

    /// Returns the pin for a request at the byte `cursor`: an earlier pin that still holds, or a new one with these
    /// `surroundings`.
    pub fn at(&mut self, document: &Document, cursor: usize, surroundings: Surroundings) -> Arc<Pin> {
        if self.scope == PinScope::Request {
            return Arc::new(Pin { pin: cursor, ..Pin::new(document, cursor, surroundings) });
        }
        let line_start = line_start(document.text(), cursor);
        let in_scope = |pin: &Pin| self.scope == PinScope::Place || pin.pin == line_start;
        let found = self.recent.iter().position(|pin| in_scope(pin) && pin.holds(document, cursor));
        let pin = match found.and_then(|index| self.recent.remove(index)) {
            Some(pin) => pin,
            None => {
                let earlier = self.recent.front().and_then(|pin| pin.prompt_start());
                Arc::new(Pin::after(document, cursor, Arc::new(surroundings), earlier))
            }
        };
        self.adopt(pin.clone());
        pin
    }

    /// Makes `pin` the most recent one.
    pub fn adopt(&mut self, pin: Arc<Pin>) {
        self.recent.truncate(PINS - 1);
        self.recent.push_front(pin);
    }

    /// Forgets all pins. Call this when the model or the settings change.
    pub fn clear(&mut self) {
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Edit;
    use crate::language::Language;

    /// Counts one token for every three characters.
    fn count(text: &str) -> usize {
        text.chars().count().div_ceil(3)
    }

    fn budget(tokens: usize) -> TokenBudget {
        TokenBudget { tokens, excerpts: true }
    }

    /// An editor's buffer and cursor, with the pins of its requests.
    struct Typist {
        document: Document,
        cursor: usize,
        pins: Pins,
        tokens: usize,
    }

    impl Typist {
        fn new(fixture: &str, tokens: usize) -> Self {
            let cursor = fixture.find("$0").expect("the fixture has a cursor");
            let document = Document::new("test", Language::from_id("rust"), 0, &fixture.replacen("$0", "", 1));
            Self { document, cursor, pins: Pins::new(Ablations::default()), tokens }
        }

        /// Types `text`, and inserts `closers` after the cursor.
        fn types(&mut self, text: &str, closers: &str) -> &mut Self {
            let (range, version) = (self.cursor..self.cursor, self.document.version() + 1);
            let edit = Edit { range, text: format!("{text}{closers}") };
            self.document.apply(version, &[edit]).expect("the edit is inside");
            self.cursor += text.len();
            self
        }

        fn deletes(&mut self, bytes: usize) -> &mut Self {
            let edit = Edit { range: self.cursor - bytes..self.cursor, text: String::new() };
            self.document.apply(self.document.version() + 1, &[edit]).expect("the edit is inside");
            self.cursor -= bytes;
            self
        }

        fn moves(&mut self, bytes: isize) -> &mut Self {
            self.cursor = self.cursor.checked_add_signed(bytes).expect("the cursor is inside");
            self
        }

        /// What the model sees: prefix, tail and suffix.
        fn asks(&mut self) -> [String; 3] {
            let pin = self.pins.at(&self.document, self.cursor, Surroundings::default());
            let text = pin.text(&self.document, self.cursor, budget(self.tokens), &count);
            [text.prefix, text.tail, text.suffix]
        }
    }

    #[test]
    fn only_the_tail_grows_while_the_user_types() {
        let mut typist = Typist::new("fn f() {\n    $0\n}\n", 1000);
        assert_eq!(typist.asks(), ["fn f() {\n", "    ", "\n}\n"]);
        assert_eq!(typist.types("a();", "").asks(), ["fn f() {\n", "    a();", "\n}\n"]);
        assert_eq!(typist.types("\n    ", "").asks(), ["fn f() {\n", "    a();\n    ", "\n}\n"]);
        assert_eq!(typist.deletes(6).asks(), ["fn f() {\n", "    a()", "\n}\n"]);
    }

    #[test]
    fn auto_closed_brackets_stay_out_of_the_prompt() {
        let mut typist = Typist::new("fn f() {\n    $0\n}\n", 1000);
        typist.asks();
        assert_eq!(typist.types("a(", ")").asks(), ["fn f() {\n", "    a(", "\n}\n"]);
        assert_eq!(typist.types("\"", "\"").asks(), ["fn f() {\n", "    a(\"", "\n}\n"]);
        assert_eq!(typist.moves(2).types(" {", "}").asks(), ["fn f() {\n", "    a(\"\") {", "\n}\n"]);
        assert_eq!(typist.types("\n        ", "\n    ").asks()[2], "\n}\n");
    }

    #[test]
    fn each_place_has_a_pin_and_returning_finds_it() {
        let mut typist = Typist::new("fn f() {\n    $0\n}\nfn g() {\n    b();\n}\n", 1000);
        typist.types("a", "").asks();
        let first = typist.types("(", ")").asks();
        assert_eq!(typist.moves(18).asks()[0], "fn f() {\n    a()\n}\nfn g() {\n");
        assert_eq!(typist.moves(-18).asks(), first);
        // Editing text in the window invalidates the pin.
        typist.moves(18).types("x", "").asks();
        assert!(typist.moves(-19).asks()[2].contains("bx"));
    }

    #[test]
    fn moving_back_into_typed_text_sets_a_new_pin() {
        let mut typist = Typist::new("a\n$0", 1000);
        typist.asks();
        typist.types("b;\nc;\n", "").asks();
        assert_eq!(typist.moves(-4).asks(), ["a\n", "b;", "\nc;\n"]);
    }

    #[test]
    fn a_long_tail_moves_the_pin_and_keeps_the_start() {
        let before: String = (0..200).map(|number| format!("fn f{number}() {{}}\n")).collect();
        for line in ["let a = 1;\n", "啊啊啊啊啊啊啊啊\n", "ééé\n"] {
            let mut typist = Typist::new(&format!("{before}$0"), 300);
            let mut prefixes = vec![typist.asks()[0].clone()];
            for _ in 0..60 {
                let [prefix, tail, _] = typist.types(line, "").asks();
                assert!(count(&tail) <= 300 / 8, "{tail}");
                if prefixes.last() != Some(&prefix) {
                    prefixes.push(prefix);
                }
            }
            assert!((2..20).contains(&prefixes.len()), "{}", prefixes.len());
            assert!(prefixes[1].starts_with(&prefixes[0]));
        }
    }

    #[test]
    fn dense_text_moves_the_pin_once_per_overflow() {
        let dense = |text: &str| text.len();
        let mut typist = Typist::new("fn f() {\n    $0\n}\n", 400);
        let mut pins = Vec::new();
        for _ in 0..20 {
            typist.types("a.b(c, d);\n    ", "");
            let pin = typist.pins.at(&typist.document, typist.cursor, Surroundings::default());
            let text = pin.text(&typist.document, typist.cursor, budget(400), &dense);
            assert!(text.tail.len() <= 50);
            pins.push(Arc::as_ptr(&pin));
        }
        pins.dedup();
        assert!((3..11).contains(&pins.len()), "{}", pins.len());
    }
}
