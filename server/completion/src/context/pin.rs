//! Where a prompt is split. Before the pin stands what the model has read, after it what the user types; while they go on
//! in one place, over several lines, the pin stays and with it every token of the prompt but the typed ones.

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

/// Places of one document that a user goes back and forth between.
const PINS: usize = 4;

/// Bytes that a typed token is expected to have at least, on average.
const BYTES_PER_TYPED_TOKEN: usize = 3;

/// So many bytes of closing brackets, quotes and white space may come between the cursor and what followed it.
const MAX_AUTO_CLOSED_BYTES: usize = 64;

/// Until the window is known, so many bytes around the place must stay as they were.
const UNKNOWN_WINDOW_BYTES: usize = 1 << 16;

/// Of a request's tokens, one in so many may go to excerpts from elsewhere; one in [`MAX_EXCERPT_SHARE`] if the file leaves
/// them free.
const EXCERPT_SHARE: usize = 4;
const MAX_EXCERPT_SHARE: usize = 2;

/// Excerpts stand before everything else, so that others would cost every token again: they stay for this many lines
/// around the place they were chosen for.
const EXCERPT_LINES: usize = 40;

/// One place, and the document as it was when the user came there. The window around it is made by the first request
/// that needs it, on that request's thread, and shared by all.
#[derive(Debug)]
pub struct Pin {
    document: Document,
    cursor: usize,
    pin: usize,
    surroundings: Arc<Surroundings>,
    /// What an earlier prompt begins with, and this one may too.
    earlier: Option<PromptStart>,
    window: OnceLock<PinnedWindow>,
    /// What was typed has outgrown its room.
    is_full: AtomicBool,
}

/// How much a model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBudget {
    /// Of the file before and after the cursor, and of excerpts, together.
    pub tokens: usize,
    /// Whether there are to be excerpts.
    pub excerpts: bool,
}

/// What stands before and around the place, and what it was made for.
#[derive(Debug, Clone)]
struct PinnedWindow {
    prompt_start: PromptStart,
    window: Window,
    budget: TokenBudget,
}

/// What a prompt begins with: where its window does, and excerpts that were chosen for a line.
#[derive(Debug, Clone)]
struct PromptStart {
    start: usize,
    excerpts: Arc<[Excerpt]>,
    /// Tokens that the excerpts take.
    cost: usize,
    line: usize,
}

impl Pin {
    /// A place of its own, such as for a single request.
    pub fn new(document: &Document, cursor: usize, surroundings: Surroundings) -> Self {
        Self::after(document, cursor, Arc::new(surroundings), None)
    }

    /// The same for what is typed from here on; its prompt begins as this one's does.
    pub fn moved_to(&self, document: &Document, cursor: usize) -> Self {
        Self::after(document, cursor, self.surroundings.clone(), self.prompt_start())
    }

    /// One for another model, which shares nothing with this one but where there is more to show.
    pub fn apart(&self, document: &Document, cursor: usize) -> Self {
        Self::after(document, cursor, self.surroundings.clone(), None)
    }

    /// Whether so much was typed up to the byte `cursor` that it is time to move on.
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

    /// What the model is shown for a request at the byte `cursor` of `document`, for which this pin holds. `count`
    /// counts tokens.
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
        // There is more than its bytes let expect, or the settings have changed.
        self.is_full.store(true, Ordering::Relaxed);
        let pinned = self.moved_to(document, cursor).pinned(budget, count);
        let tail = tail(document.text(), pinned.window.pin, cursor);
        pinned.text(self, tail)
    }

    /// Excerpts take what the file leaves them, and their share in any case.
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

    /// Whether a request at the byte `cursor` of `document` may be asked at this pin: all that the window shows is as it
    /// was, but for what was typed at the pin, which is not too long, and closing brackets and quotes that the editor
    /// has put after the cursor since.
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
        // Typed between a CR and what followed it, a LF would make one line break of two.
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

/// Text that was after the cursor when the pin was set.
#[derive(Clone, Copy)]
struct PinnedSuffix<'a> {
    text: RopeSlice<'a>,
    ends_document: bool,
}

/// How many bytes of nothing but closing brackets, quotes and white space stand between the byte `cursor` and `suffix`.
/// `None` where there is anything else, or `suffix` does not follow.
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

/// How long a pin stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PinScope {
    /// While the user types on in one place.
    Place,
    /// While the user types on in one line.
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

/// The places of one document where the user was last.
#[derive(Debug)]
pub struct Pins {
    scope: PinScope,
    /// The latest first.
    recent: VecDeque<Arc<Pin>>,
}

impl Pins {
    pub fn new(ablations: Ablations) -> Self {
        Self { scope: ablations.into(), recent: VecDeque::new() }
    }

    /// The pin for a request at the byte `cursor`: one that holds, or else a new one in its `surroundings`.
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

    /// From here on `pin` is asked first.
    pub fn adopt(&mut self, pin: Arc<Pin>) {
        self.recent.truncate(PINS - 1);
        self.recent.push_front(pin);
    }

    /// For when the model or the settings have changed.
    pub fn clear(&mut self) {
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Edit;
    use crate::language::Language;

    /// One token for every three characters.
    fn count(text: &str) -> usize {
        text.chars().count().div_ceil(3)
    }

    fn budget(tokens: usize) -> TokenBudget {
        TokenBudget { tokens, excerpts: true }
    }

    /// An editor's buffer with a cursor, and what is asked in it.
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

        /// Types `text`, after which `closers` stand behind the cursor that were not there.
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

        /// What the model is shown, in three parts.
        fn asks(&mut self) -> [String; 3] {
            let pin = self.pins.at(&self.document, self.cursor, Surroundings::default());
            let text = pin.text(&self.document, self.cursor, budget(self.tokens), &count);
            [text.prefix, text.tail, text.suffix]
        }
    }

    #[test]
    fn while_typing_goes_on_only_the_tail_grows() {
        let mut typist = Typist::new("fn f() {\n    $0\n}\n", 1000);
        assert_eq!(typist.asks(), ["fn f() {\n", "    ", "\n}\n"]);
        assert_eq!(typist.types("a();", "").asks(), ["fn f() {\n", "    a();", "\n}\n"]);
        assert_eq!(typist.types("\n    ", "").asks(), ["fn f() {\n", "    a();\n    ", "\n}\n"]);
        assert_eq!(typist.deletes(6).asks(), ["fn f() {\n", "    a()", "\n}\n"]);
    }

    #[test]
    fn what_the_editor_closes_stays_out_of_the_prompt() {
        let mut typist = Typist::new("fn f() {\n    $0\n}\n", 1000);
        typist.asks();
        assert_eq!(typist.types("a(", ")").asks(), ["fn f() {\n", "    a(", "\n}\n"]);
        assert_eq!(typist.types("\"", "\"").asks(), ["fn f() {\n", "    a(\"", "\n}\n"]);
        assert_eq!(typist.moves(2).types(" {", "}").asks(), ["fn f() {\n", "    a(\"\") {", "\n}\n"]);
        assert_eq!(typist.types("\n        ", "\n    ").asks()[2], "\n}\n");
    }

    #[test]
    fn another_place_is_another_pin_and_the_way_back_finds_the_first() {
        let mut typist = Typist::new("fn f() {\n    $0\n}\nfn g() {\n    b();\n}\n", 1000);
        typist.types("a", "").asks();
        let first = typist.types("(", ")").asks();
        assert_eq!(typist.moves(18).asks()[0], "fn f() {\n    a()\n}\nfn g() {\n");
        assert_eq!(typist.moves(-18).asks(), first);
        // An edit of what the pin shows is the end of it.
        typist.moves(18).types("x", "").asks();
        assert!(typist.moves(-19).asks()[2].contains("bx"));
    }

    #[test]
    fn going_back_into_what_was_typed_is_another_pin() {
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
    fn more_tokens_than_expected_move_the_pin_once() {
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
