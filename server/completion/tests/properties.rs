//! Properties of every completion, for any text, cursor and answer: nothing panics, the model sees the file's own text,
//! and the user sees the model's own text.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use fimble_completion::ablations::Ablations;
use fimble_completion::complete::{Cursor, complete};
use fimble_completion::context::pin::{Pin, Pins, TokenBudget};
use fimble_completion::context::{OpenFile, Surroundings};
use fimble_completion::document::{Document, Edit};
use fimble_completion::engine::{Cancel, Priority};
use fimble_completion::language::Language;
use fimble_completion::plan::{Shape, plan};
use fimble_completion::prompt::FimText;
use fimble_completion::settings::{CompletionSettings, Multiline};
use fimble_completion::suggestion::Suggestion;
use fimble_completion::suggestion::cache::{CachedAnswer, Origin, SuggestionCache};
use fimble_completion::suggestion::postprocess::trimmed_length;
use fimble_test_support::FakeEngine;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Text that opens, closes, indents or ends something, and characters of every width.
const PIECES: &[&str] = &[
    "a",
    "return x",
    "foo",
    " ",
    "    ",
    "\t",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "},",
    ");",
    "\"",
    "'",
    ":",
    ";",
    ",",
    "#",
    "fn f() {",
    "def f():",
    "if x:",
    "else {",
    "\n    ",
    "\n        ",
    "\n    }",
    "\n}",
    "\n)",
    "é",
    "語",
    "😀",
    "e\u{301}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\0",
];

const LINE_BREAKS: &[&str] = &["\n", "\r\n", "\r"];

/// More bytes than the suggestion cache looks at on either side of the cursor.
const BEYOND_CACHE: usize = 5000;

/// Texts. Most have a few lines; some have many lines, or a line that is longer than every limit in the code.
fn texts() -> impl Strategy<Value = String> {
    let piece = || prop_oneof![8 => select(PIECES), 2 => select(LINE_BREAKS)];
    let lines = |length| prop::collection::vec(piece(), length).prop_map(|pieces| pieces.concat());
    let long_line = (select(PIECES), 1..3000usize).prop_map(|(piece, times)| piece.repeat(times));
    prop_oneof![
        6 => lines(0..60),
        1 => lines(0..2000),
        1 => (lines(0..20), long_line, lines(0..20)).prop_map(|(before, line, after)| before + &line + &after),
    ]
}

/// Answers of a model: code or anything else.
fn answers() -> impl Strategy<Value = String> {
    let piece = prop_oneof![8 => select(PIECES), 1 => select(LINE_BREAKS)];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

fn languages() -> impl Strategy<Value = Language> {
    select(vec!["rust", "python", "go", "plaintext"]).prop_map(Language::from_id)
}

fn settings() -> impl Strategy<Value = CompletionSettings> {
    let multiline = select(vec![Multiline::Auto, Multiline::Always, Multiline::Never]);
    (multiline, 0..100usize, prop_oneof![0..20usize, 0..2000usize]).prop_map(
        |(multiline, max_tokens, context_tokens)| CompletionSettings {
            multiline,
            max_tokens,
            context_tokens,
            ..CompletionSettings::default().for_invoked()
        },
    )
}

/// Token counters of several kinds: bytes, characters and words.
fn counters() -> impl Strategy<Value = fn(&str) -> usize> {
    let bytes: fn(&str) -> usize = |text| text.len();
    let characters: fn(&str) -> usize = |text| text.chars().count();
    let words: fn(&str) -> usize = |text| text.split_whitespace().count();
    select(vec![bytes, characters, words])
}

/// The offsets where a client can put its cursor: all except those within a character or a CRLF.
fn cursor(text: &str, place: Index) -> usize {
    let offsets: Vec<usize> = (0..=text.len()).filter(|&offset| is_place(text, offset)).collect();
    offsets[place.index(offsets.len())]
}

fn is_place(text: &str, offset: usize) -> bool {
    text.is_char_boundary(offset) && !(text[..offset].ends_with('\r') && text[offset..].starts_with('\n'))
}

/// What a user does between two requests.
#[derive(Debug, Clone)]
enum Step {
    /// Types the first text, after which the editor inserts the second text after the cursor.
    Type(&'static str, &'static str),
    Delete,
    Move,
}

fn steps() -> impl Strategy<Value = Step> {
    let closed = vec![("(", ")"), ("f(", ")"), ("[", "]"), ("{", "}"), ("\"", "\""), ("\n    ", "\n"), ("<", ">")];
    prop_oneof![
        6 => select(PIECES).prop_map(|typed| Step::Type(typed, "")),
        2 => select(closed).prop_map(|(typed, closers)| Step::Type(typed, closers)),
        2 => Just(Step::Delete),
        1 => Just(Step::Move),
    ]
}

fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn line_at(text: &str, offset: usize) -> Range<usize> {
    let start = text[..offset].rfind(['\n', '\r']).map_or(0, |line_break| line_break + 1);
    start..text[offset..].find(['\n', '\r']).map_or(text.len(), |length| offset + length)
}

proptest! {
    #[test]
    fn the_context_is_the_text_around_the_cursor(
        language in languages(),
        text in texts(),
        place in any::<Index>(),
        tokens in prop_oneof![0..20usize, 0..5000usize],
        count in counters(),
    ) {
        let document = Document::new("file", language, 0, &text);
        let offset = cursor(&text, place);
        let context = Pin::new(&document, offset, Surroundings::default()).text(&document, offset, TokenBudget { tokens, excerpts: true }, &count);
        let before = format!("{}{}", context.prefix, context.tail);
        prop_assert!(with_lf(&text[..offset]).ends_with(&before), "{context:?}");
        prop_assert!(with_lf(&text[offset..]).starts_with(&context.suffix), "{context:?}");
        let used = count(&context.prefix) + count(&context.tail) + count(&context.suffix);
        prop_assert!(used <= tokens, "{used} of {tokens}: {context:?}");
        prop_assert!(!context.tail.contains(['\n', '\r']), "{context:?}");
    }

    #[test]
    fn a_window_that_holds_the_file_shows_it_whole(text in texts(), place in any::<Index>()) {
        let document = Document::new("file", Language::PLAIN, 0, &text);
        let offset = cursor(&text, place);
        let context = Pin::new(&document, offset, Surroundings::default()).text(&document, offset, TokenBudget { tokens: 4 * text.len() + 8, excerpts: true }, &|text| text.chars().count());
        prop_assert_eq!(format!("{}{}", context.prefix, context.tail), with_lf(&text[..offset]));
        prop_assert_eq!(context.suffix, with_lf(&text[offset..]));
    }

    /// After any sequence of edits and moves, the model sees the buffer's own text, except for closing brackets after
    /// the cursor. Two requests at one pin only differ in their tails.
    #[test]
    fn a_pin_shows_the_buffer(
        language in languages(),
        text in texts(),
        start in any::<Index>(),
        steps in prop::collection::vec((steps(), any::<Index>()), 1..40),
        tokens in prop_oneof![20..200usize, 1000..5000usize],
        count in counters(),
    ) {
        let mut document = Document::new("file", language, 0, &text);
        let mut offset = cursor(&text, start);
        let mut pins = Pins::new(Ablations::default());
        // With the byte offset where the tail starts.
        let mut shown: Option<(Arc<Pin>, FimText, usize)> = None;
        for (step, place) in steps {
            let before = document.text().to_string();
            let surroundings = Surroundings {
                project: "project".into(),
                same_file: true,
                open: vec![OpenFile { document: Document::new("other", language, 0, &before), edited: Some(0) }],
                workspace: None,
            };
            let (range, typed, closers) = match step {
                Step::Type(typed, closers) => (offset..offset, typed, closers),
                Step::Delete => {
                    let start = before[..offset].char_indices().next_back().map_or(0, |(start, _)| start);
                    (start..offset, "", "")
                }
                Step::Move => {
                    offset = cursor(&before, place);
                    (offset..offset, "", "")
                }
            };
            let edit = Edit { range: range.clone(), text: format!("{typed}{closers}") };
            prop_assert_eq!(document.apply(document.version() + 1, &[edit]), Ok(()));
            offset = range.start + typed.len();
            let text = document.text().to_string();
            if !is_place(&text, offset) {
                continue;
            }

            let pin = pins.at(&document, offset, surroundings);
            let context = pin.text(&document, offset, TokenBudget { tokens, excerpts: true }, &count);
            let before = format!("{}{}", context.prefix, context.tail);
            prop_assert!(with_lf(&text[..offset]).ends_with(&before), "{context:?} in {text:?} at {offset}");
            let after = with_lf(&text[offset..]);
            let closed = |start: usize| after[..start].chars().all(|c| ")]}>\"'`".contains(c) || c.is_whitespace());
            let follows = after.match_indices(&context.suffix).any(|(start, _)| closed(start));
            prop_assert!(follows, "{context:?} in {text:?} at {offset}");
            let excerpts = context.excerpts.iter().map(|excerpt| count(&excerpt.path) + count(&excerpt.text)).sum::<usize>();
            let used = excerpts + count(&context.prefix) + count(&context.tail) + count(&context.suffix);
            prop_assert!(used <= tokens, "{used} of {tokens}: {context:?}");
            if let Some((_, earlier, start)) = shown.filter(|(other, ..)| Arc::ptr_eq(other, &pin)) {
                let same = FimText { tail: context.tail.clone(), ..earlier.clone() } == context;
                // If the typed text needs more tokens than are reserved for it, the request gets a window of its own.
                // Up to half of the tokens can be excerpts.
                let outgrown = text.get(start..offset).is_none_or(|typed| count(&with_lf(typed)) > tokens / 16);
                prop_assert!(same || outgrown, "{earlier:?}, then {context:?}");
            }
            let is_tail = |start: &usize| text.is_char_boundary(*start) && with_lf(&text[*start..offset]) == context.tail;
            let start = (0..=offset).rev().find(is_tail).unwrap_or(offset);
            shown = Some((pin, context, start));
        }
    }

    #[test]
    fn a_plan_contains_the_cursors_line(
        language in languages(),
        text in texts(),
        place in any::<Index>(),
        settings in settings(),
    ) {
        let document = Document::new("file", language, 0, &text);
        let offset = cursor(&text, place);
        let plan = plan(&document, offset, &settings);
        let line = line_at(&text, offset);
        prop_assert!(text[line.start..offset].ends_with(&*plan.line_before));
        prop_assert!(text[offset..line.end].starts_with(&*plan.line_after));
        if line.len() <= 4000 {
            prop_assert_eq!(plan.line_before + &plan.line_after, &text[line]);
        }
        let is_next = text[offset..].split(['\n', '\r']).skip(1).any(|line| line.starts_with(&*plan.next_line));
        prop_assert!(is_next || plan.next_line.is_empty(), "{}", plan.next_line);
    }

    /// A generation stops at the first end that is found, so later text must not move the end. In a block, later text
    /// may show that the end was in a string or before a label. That is harmless, because the generation has already
    /// ended.
    #[test]
    fn an_end_once_found_stays(
        language in languages(),
        text in texts(),
        place in any::<Index>(),
        settings in settings(),
        generated in answers(),
    ) {
        let document = Document::new("file", language, 0, &text);
        let plan = plan(&document, cursor(&text, place), &settings);
        let mut found = None;
        for (length, character) in generated.char_indices() {
            let so_far = &generated[..length + character.len_utf8()];
            let end = plan.end_of(so_far);
            prop_assert!(found.is_none() || end == found || plan.shape != Shape::Line, "{so_far:?}: {found:?}, then {end:?}");
            prop_assert!(end.is_none_or(|end| so_far.is_char_boundary(end)), "{so_far:?}: {end:?}");
            found = end;
        }
    }

    #[test]
    fn trimming_keeps_a_prefix(
        language in languages(),
        text in texts(),
        place in any::<Index>(),
        settings in settings(),
        generated in answers(),
    ) {
        let document = Document::new("file", language, 0, &text);
        let plan = plan(&document, cursor(&text, place), &settings);
        let useful = generated.get(..trimmed_length(&generated, &plan).unwrap_or(0));
        prop_assert!(useful.is_some(), "inside a character");
        prop_assert!(useful.is_some_and(|useful| useful.is_empty() || !useful.trim().is_empty()));
    }

    #[test]
    fn a_completion_is_a_prefix_of_the_answer_with_the_files_line_breaks(
        language in languages(),
        text in texts(),
        place in any::<Index>(),
        settings in settings(),
        answer in answers(),
    ) {
        let document = Document::new("file", language, 0, &text);
        let offset = cursor(&text, place);
        let engine = FakeEngine::answering(&answer);
        let place = Cursor::new(document, offset, Surroundings::default());
        let completion = complete(&place, &settings, &engine, Priority::Foreground, &Cancel::default());
        let completion = completion.map_err(|error| TestCaseError::fail(error.to_string()))?;
        if let Some(Suggestion { text: suggested, confidence, .. }) = completion.suggestion {
            prop_assert!(!suggested.trim().is_empty());
            prop_assert!(with_lf(&answer).starts_with(&with_lf(&suggested)), "{suggested:?}");
            prop_assert!((0.0..=1.0).contains(&confidence), "{confidence}");
            prop_assert!(settings.multiline != Multiline::Never || !suggested.contains(['\n', '\r']));
        }
    }

    /// After typing along a suggestion, or undoing that, the cache returns the rest. After any other text, it does not.
    #[test]
    fn the_cache_returns_the_rest_of_a_typed_suggestion(
        text in texts(),
        place in any::<Index>(),
        settings in settings(),
        suggested in answers().prop_filter("a suggestion is never empty", |text| !text.is_empty()),
        typed in any::<Index>(),
        other in select(vec!["~", "é~", "\n~"]),
        far in any::<bool>(),
    ) {
        let text = if far { format!("{}{text}", "-".repeat(BEYOND_CACHE)) } else { text };
        let offset = cursor(&text, place);
        let mut document = Document::new("file", Language::PLAIN, 0, &text);
        let mut cache = SuggestionCache::new(NonZeroUsize::MIN);
        let suggestion = Suggestion { text: suggested.clone(), confidence: 0.5, is_cut: false, model: Arc::new("m".to_owned().into()) };
        cache.insert(&document, offset, &settings, CachedAnswer::Suggested(suggestion), Origin::Request);
        let mut get = |document: &Document, offset| cache.get(document, offset, &settings).and_then(|(rest, _)| rest).map(|rest| rest.text);

        let starts: Vec<usize> = suggested.char_indices().map(|(start, _)| start).collect();
        let typed = &suggested[..starts[typed.index(starts.len())]];
        let now = offset + typed.len();
        prop_assert_eq!(document.apply(1, &[Edit { range: offset..offset, text: typed.to_owned() }]), Ok(()));
        prop_assert_eq!(get(&document, now), Some(suggested[typed.len()..].to_owned()));

        let mut astray = document.clone();
        prop_assert_eq!(astray.apply(2, &[Edit { range: now..now, text: other.to_owned() }]), Ok(()));
        prop_assert_eq!(get(&astray, now + other.len()), None);

        prop_assert_eq!(document.apply(2, &[Edit { range: offset..now, text: String::new() }]), Ok(()));
        prop_assert_eq!(get(&document, offset), Some(suggested));
    }
}
