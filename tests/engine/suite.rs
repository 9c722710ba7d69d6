// The engine with the embedded model: its answers, the tokens it evaluates, and the tokens it keeps. Both libraries have to pass;
// `main.rs` includes this file for each of them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Instant;

use fimble_completion::engine::{Cancel, Engine, Generation, GenerationRequest, Priority, Search, StopDecision};
use fimble_completion::prompt::FimText;
use fimble_inference::{EngineChoice, EngineOptions, LocalEngine, export_gguf};

use super::ENGINE;

/// One engine for all tests that only need an answer. Tests that count cached tokens load their own.
pub(crate) static SHARED: LazyLock<LocalEngine> = LazyLock::new(engine);

fn options() -> EngineOptions {
    EngineOptions { engine: ENGINE, ..EngineOptions::default() }
}

pub(crate) fn engine() -> LocalEngine {
    LocalEngine::load(None, options()).expect("the embedded model loads")
}

/// The same model by its path. It has no manifest then, so its context is as long as its files say.
fn engine_without_manifest() -> (LocalEngine, tempfile::TempDir) {
    let embedded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/embedded");
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("model.gguf");
    let path = match ENGINE {
        EngineChoice::LlamaCpp => {
            export_gguf(&embedded, &file).expect("it is written");
            file
        }
        _ => embedded,
    };
    (LocalEngine::load(path.to_str(), options()).expect("the model loads"), folder)
}

pub(crate) const PREFIX: &str = "import os\n\n\ndef read_lines(path, encoding):\n    with open(path, encoding=encoding) as file:\n        lines = file.readlines()\n";
pub(crate) const SUFFIX: &str = "\n\n\ndef main():\n    print(read_lines('x', 'utf-8'))\n";

pub(crate) struct Case<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) suffix: &'a str,
    pub(crate) tail: &'a str,
    pub(crate) avoid: Vec<String>,
    pub(crate) max_tokens: usize,
    pub(crate) priority: Priority,
    pub(crate) search: Search,
    /// Whether the answer ends with its line.
    pub(crate) line: bool,
    pub(crate) cancel: Cancel,
    pub(crate) cancel_after: Option<usize>,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            prefix: PREFIX,
            suffix: SUFFIX,
            tail: "    return ",
            avoid: Vec::new(),
            max_tokens: 12,
            priority: Priority::Foreground,
            search: Search::default(),
            line: false,
            cancel: Cancel::default(),
            cancel_after: None,
        }
    }
}

impl Case<'_> {
    pub(crate) fn run(self, engine: &LocalEngine) -> Generation {
        let text = FimText::of_file(self.prefix, self.suffix, self.tail);
        let cancel = self.cancel.clone();
        let calls = AtomicUsize::new(0);
        let request = GenerationRequest {
            text,
            avoid: self.avoid,
            max_tokens: self.max_tokens,
            priority: self.priority,
            stopping: Arc::new(move |text, _| {
                let calls = calls.fetch_add(1, Ordering::Relaxed) + 1;
                if self.cancel_after.is_some_and(|after| calls >= after) {
                    cancel.cancel();
                }
                if self.line && text.contains('\n') { StopDecision::Complete } else { StopDecision::Continue }
            }),
            search: self.search,
            cancel: self.cancel,
        };
        engine.generate(request).expect("the embedded model generates")
    }
}

#[test]
fn text_tokens_and_counts_agree() {
    let generation = Case::default().run(&SHARED);
    assert_eq!(generation.usage.generated, generation.tokens.len());
    assert_eq!(generation.usage.prompt, generation.usage.reused + generation.usage.evaluated);
    assert_eq!(generation.tokens.last().unwrap().text_end, generation.text.len());
    assert!(generation.tokens.iter().all(|token| (0.0..=1.0).contains(&token.probability)));
    assert!(generation.first_token.is_some());
}

#[test]
fn the_same_prompt_again_evaluates_nothing_and_gets_the_same_answer() {
    let engine = engine();
    let first = Case::default().run(&engine);
    let again = Case::default().run(&engine);
    assert!(first.usage.evaluated > 50);
    assert_eq!(again.usage.evaluated, 0);
    assert_eq!((first.text, first.tokens), (again.text, again.tokens));
}

/// Completes several lines.
fn lines(engine: &LocalEngine, search: Search) -> Vec<Generation> {
    let tails = [
        "    return ",
        "    for ",
        "    if len(",
        "    lines = ",
        "    print(",
        "    with ",
        "    result = ",
        "    assert ",
    ];
    tails.map(|tail| Case { tail, search, line: true, max_tokens: 32, ..Case::default() }.run(engine)).into()
}

#[test]
fn a_search_finds_lines_that_are_more_likely_than_greedy_ones() {
    let greedy = lines(&SHARED, Search::default());
    let found = lines(&SHARED, Search { branches: 8, until: None });
    // The line break that ends a line is one of its tokens. An end-of-text token is not, so such lines cannot be compared.
    let probability = |line: &Generation| line.tokens.iter().map(|token| token.probability).product::<f32>();
    let mut differ = 0;
    for (greedy, found) in greedy.iter().zip(&found) {
        if greedy.text == found.text {
            assert_eq!(greedy.tokens, found.tokens);
        } else {
            differ += 1;
            let comparable = greedy.text.contains('\n') && found.text.contains('\n');
            assert!(!comparable || probability(found) > probability(greedy), "{found:?} for {greedy:?}");
        }
        assert!(found.completed && !found.text.trim().is_empty(), "{found:?}");
        assert!(found.usage.generated >= found.tokens.len(), "{found:?}");
    }
    assert!(differ > 0, "{greedy:?}");
}

#[test]
fn a_repeated_search_evaluates_nothing() {
    let engine = engine();
    let search = Search { branches: 8, until: None };
    let first = lines(&engine, search);
    let again = lines(&engine, search);
    for (first, again) in first.iter().zip(&again) {
        assert_eq!((&first.text, &first.tokens), (&again.text, &again.tokens));
        assert_eq!(again.usage.evaluated, 0);
    }
}

#[test]
fn a_search_without_time_returns_the_greedy_line() {
    let texts =
        |lines: Vec<Generation>| lines.into_iter().map(|line| (line.text, line.usage.generated)).collect::<Vec<_>>();
    let late = lines(&SHARED, Search { branches: 8, until: Some(Instant::now()) });
    assert_eq!(texts(late), texts(lines(&SHARED, Search::default())));
}

#[test]
fn typing_on_evaluates_only_the_typed_tokens() {
    let engine = engine();
    Case::default().run(&engine);
    let next = Case { tail: "    return [line for line in ", ..Case::default() }.run(&engine);
    assert!(next.usage.evaluated <= 12, "{:?}", next.usage);
    let mid_word = Case { tail: "    return [line for line in li", ..Case::default() }.run(&engine);
    assert!(mid_word.usage.evaluated <= 2, "{:?}", mid_word.usage);
}

/// The typed part of a word is generated again, from the logit cache while it lasts. It may leave the cached tokens anywhere.
#[test]
fn typing_a_long_word_evaluates_the_prompt_once() {
    let engine = engine();
    let word = "abab".repeat(14);
    let prefix = format!("{PREFIX}    first = '{word}'\n");
    let ask = |typed: &str| {
        let tail = format!("    second = '{typed}");
        Case { prefix: &prefix, tail: &tail, max_tokens: 64, ..Case::default() }.run(&engine).usage
    };
    ask("");
    for end in 1..=word.len() {
        let usage = ask(&word[..end]);
        assert!(usage.evaluated <= 2, "after {:?}: {usage:?}", &word[..end]);
    }
}

#[test]
fn the_prompt_before_an_accepted_suggestion_is_not_evaluated_again() {
    let engine = engine();
    let first = Case { tail: "    for line in ", max_tokens: 6, ..Case::default() }.run(&engine);
    let accepted = format!("    for line in {}", first.text);
    let next = Case { tail: &accepted, ..Case::default() }.run(&engine);
    // The KV of a generation is dropped, so the accepted tokens are evaluated, but nothing before them.
    assert!(next.usage.evaluated <= first.usage.generated, "{:?}", next.usage);
}

#[test]
fn a_cancelled_generation_keeps_the_evaluated_prompt() {
    let engine = engine();
    let cancelled = Case { cancel_after: Some(2), max_tokens: 200, ..Case::default() }.run(&engine);
    assert!(cancelled.usage.generated <= 3, "{:?}", cancelled.usage);
    let next = Case { tail: "    return sorted(", ..Case::default() }.run(&engine);
    assert!(next.usage.evaluated < next.usage.prompt / 10, "{:?}", next.usage);
}

#[test]
fn a_generation_cancelled_before_it_starts_evaluates_nothing() {
    let engine = engine();
    let cancel = Cancel::default();
    cancel.cancel();
    let generation = Case { cancel, ..Case::default() }.run(&engine);
    assert_eq!((generation.usage.evaluated, generation.usage.generated), (0, 0));
}

#[test]
fn a_long_prefill_is_cancelled_between_its_parts_and_keeps_them() {
    let (engine, _folder) = engine_without_manifest();
    let prefix: String = (0..250).map(|number| format!("value_{number} = {number}\n")).collect();
    let cancel = Cancel::default();
    let cancelled = thread::scope(|scope| {
        let generation = scope.spawn(|| {
            let case = Case { prefix: &prefix, cancel: cancel.clone(), ..Case::default() };
            case.run(&engine).usage
        });
        cancel.cancel();
        generation.join().unwrap()
    });
    assert!(cancelled.evaluated < cancelled.prompt / 2, "{cancelled:?}");
    assert_eq!(cancelled.generated, 0);
    let whole = Case { prefix: &prefix, ..Case::default() }.run(&engine).usage;
    assert_eq!(whole.evaluated, whole.prompt - cancelled.evaluated, "{cancelled:?} {whole:?}");
    let other = Case { prefix: &prefix, tail: "    raise ", ..Case::default() }.run(&engine).usage;
    assert!(other.evaluated < 10, "{other:?}");
}

#[test]
fn a_prompt_that_was_warmed_up_is_not_evaluated_again() {
    let engine = engine();
    let warm_up = || Case { tail: "", max_tokens: 0, priority: Priority::Background, ..Case::default() };
    let warmed = warm_up().run(&engine);
    assert!(warmed.completed && warmed.usage.evaluated == warmed.usage.prompt, "{:?}", warmed.usage);
    assert_eq!(warm_up().run(&engine).usage.evaluated, 0);
    let next = Case::default().run(&engine).usage;
    assert!(next.evaluated <= next.prompt - warmed.usage.prompt + 1, "{next:?}");
}

#[test]
fn a_warm_up_that_is_cancelled_before_it_starts_is_not_completed() {
    let cancel = Cancel::default();
    cancel.cancel();
    let case = Case { tail: "", max_tokens: 0, priority: Priority::Background, cancel, ..Case::default() };
    let generation = case.run(&engine());
    assert!(!generation.completed && generation.usage.reused == 0, "{generation:?}");
}

#[test]
fn a_background_generation_gives_way_and_keeps_what_it_evaluated() {
    let (engine, _folder) = engine_without_manifest();
    let prefix: String = (0..250).map(|number| format!("value_{number} = {number}\n")).collect();
    thread::scope(|scope| {
        let background = scope.spawn(|| {
            let case = Case { prefix: &prefix, max_tokens: 0, priority: Priority::Background, ..Case::default() };
            case.run(&engine)
        });
        while !background.is_finished() {
            assert!(Case::default().run(&engine).completed);
        }
        let background = background.join().unwrap();
        assert!(!background.completed && background.usage.evaluated < background.usage.prompt, "{background:?}");
        let whole = Case { prefix: &prefix, ..Case::default() }.run(&engine).usage;
        assert!(whole.evaluated + background.usage.evaluated <= whole.prompt, "{background:?} {whole:?}");
    });
}

#[test]
fn answers_are_whole_characters() {
    for tail in ["    ret", "    return fil", "    é", "    return 'é", "  ", "    return lines[0]."] {
        let generation = Case { tail, ..Case::default() }.run(&SHARED);
        assert!(!generation.text.contains('\u{fffd}'), "{tail}{}", generation.text);
    }
}

/// Each letter of a word that the model would write anyway leaves the rest of the same answer.
#[test]
fn a_half_typed_word_is_continued_byte_by_byte() {
    let answer = |tail: &str| Case { tail, line: true, ..Case::default() }.run(&SHARED).text;
    for start in ["    lines = ", "    for ", "    if "] {
        let whole = answer(start);
        let word = whole.find(|character: char| !character.is_alphanumeric()).unwrap_or(whole.len());
        assert!(word > 1, "{whole:?} starts with a word");
        for typed in 1..=word {
            assert_eq!(answer(&format!("{start}{}", &whole[..typed])), whole[typed..], "after {:?}", &whole[..typed]);
        }
    }
}

/// An answer that starts with blanks would be indented deeper than the cursor.
#[test]
fn an_answer_after_indentation_adds_none() {
    for tail in [" ", "  ", "    ", "        "] {
        let generation = Case { tail, ..Case::default() }.run(&SHARED);
        assert!(!generation.text.starts_with([' ', '\t']), "after {tail:?}: {:?}", generation.text);
    }
}

#[test]
fn another_answer_starts_differently() {
    let engine = engine();
    for tail in ["    return ", "    retu", "    "] {
        let ask = |avoid: &[String]| Case { tail, avoid: avoid.to_vec(), ..Case::default() }.run(&engine);
        let mut answers = vec![ask(&[]).text];
        for _ in 0..2 {
            let next = ask(&answers);
            assert!(next.usage.evaluated <= 8, "the prompt is cached: {:?}", next.usage);
            answers.push(next.text);
        }
        for (number, answer) in answers.iter().enumerate() {
            assert!(answers[..number].iter().all(|earlier| earlier != answer), "{answers:?}");
        }
    }
}

#[test]
fn another_line_differs_in_more_than_its_line_break() {
    let mut answers: Vec<String> = Vec::new();
    for _ in 0..4 {
        let (avoid, search) = (answers.clone(), Search { branches: 4, until: None });
        let answer =
            Case { prefix: "", tail: "use super", avoid, search, line: true, ..Case::default() }.run(&SHARED).text;
        let line = answer.trim_end();
        assert!(answers.iter().all(|earlier| earlier.trim_end() != line), "{answer:?} after {answers:?}");
        answers.push(answer);
    }
}

#[test]
fn special_tokens_in_a_file_are_text() {
    let plain = SHARED.count_tokens("a <|fim_middle|> b <|endoftext|>");
    assert!(plain > 8, "{plain}");
    let prefix = format!("{PREFIX}    # <|fim_suffix|><|fim_middle|><|endoftext|>\n");
    let generation = Case { prefix: &prefix, ..Case::default() }.run(&SHARED);
    assert!(!generation.text.is_empty());
}

#[test]
fn a_prompt_longer_than_the_context_is_an_error() {
    let prefix = "word ".repeat(100_000);
    let text = FimText::of_file(prefix, "", "");
    let request = GenerationRequest {
        text,
        avoid: Vec::new(),
        max_tokens: 8,
        priority: Priority::Foreground,
        stopping: Arc::new(|_, _| StopDecision::Continue),
        search: Search::default(),
        cancel: Cancel::default(),
    };
    let message = SHARED.generate(request).unwrap_err().to_string();
    assert!(message.contains("lower the context size"), "{message}");
}

/// A bug in the stopping criteria must not affect the next generation.
#[test]
fn a_panic_in_the_stopping_criteria_ends_only_that_generation() {
    let engine = engine();
    let panicking = || GenerationRequest {
        text: FimText::of_file(PREFIX, SUFFIX, "    return "),
        avoid: Vec::new(),
        max_tokens: 8,
        priority: Priority::Foreground,
        stopping: Arc::new(|_, _| panic!("on purpose")),
        search: Search::default(),
        cancel: Cancel::default(),
    };
    assert!(engine.generate(panicking()).is_err());
    let next = Case::default().run(&engine);
    assert_eq!(next.text, Case::default().run(&SHARED).text);
    // This time, the tokens come from the logit cache.
    assert!(engine.generate(panicking()).is_err());
    assert_eq!(Case::default().run(&engine).text, next.text);
}

#[test]
fn requests_from_several_threads_get_the_same_answer_as_one() {
    let alone = Case { tail: "    return sorted(", ..Case::default() }.run(&SHARED).text;
    thread::scope(|scope| {
        let answers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Case { tail: "    return sorted(", ..Case::default() }.run(&SHARED).text))
            .collect();
        for answer in answers {
            assert_eq!(answer.join().unwrap(), alone);
        }
    });
}

/// An engine with a used cache generates what a cold engine generates, after random edits, accepts, cancellations and new
/// pins.
#[test]
fn reuse_changes_nothing() {
    const WORDS: [&str; 10] = ["lines", "[0]", ".", "strip", "(", ")", " + ", "x", " if ", "\n    "];
    let reused = engine();
    let mut random = 12345u64;
    let mut below = |bound: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % bound
    };
    let mut prefix = PREFIX.to_owned();
    let mut tail = "    return ".to_owned();
    let mut seen = Vec::new();
    for _ in 0..40 {
        match below(5) {
            // The pin moves to the line that is being typed.
            4 => {
                let line = tail.rfind('\n').map_or(0, |line_break| line_break + 1);
                prefix.extend(tail.drain(..line));
                let warm_up = Case {
                    prefix: &prefix,
                    tail: "",
                    avoid: Vec::new(),
                    max_tokens: 0,
                    priority: Priority::Background,
                    ..Case::default()
                };
                warm_up.run(&reused);
            }
            0 => tail.truncate(tail.len().saturating_sub(1 + below(8)).max(4)),
            1 => tail = format!("    {} = ", WORDS[below(WORDS.len())]),
            _ => tail.push_str(WORDS[below(WORDS.len())]),
        }
        let cancel_after = (below(4) == 0).then(|| 1 + below(4));
        let generation = Case { prefix: &prefix, tail: &tail, cancel_after, ..Case::default() }.run(&reused);
        seen.push((prefix.clone(), tail.clone(), generation.clone(), cancel_after));
        if below(3) == 0 {
            tail.push_str(&generation.text);
        }
    }
    // Activations are quantized. One in some hundred tokens rounds differently, which may change a probability by 0.01. The
    // kernels of llama.cpp also add in another order for another number of tokens. Wrong KV changes many probabilities, and the
    // text.
    let (largest, average) = if ENGINE == EngineChoice::LlamaCpp { (0.1, 5e-3) } else { (0.02, 1e-4) };
    let mut differences = Vec::new();
    for (prefix, tail, generation, cancel_after) in &seen {
        let cold = engine();
        let expected = Case { prefix, tail, cancel_after: *cancel_after, ..Case::default() }.run(&cold);
        assert_eq!(expected.usage.reused, 0);
        assert_eq!(generation.text, expected.text, "after {tail:?}");
        for (token, other) in generation.tokens.iter().zip(&expected.tokens) {
            let difference = (token.probability - other.probability).abs();
            assert!(difference < largest, "after {tail:?}: {token:?} {other:?}");
            differences.push(difference);
        }
    }
    let mean = differences.iter().sum::<f32>() / differences.len() as f32;
    assert!(mean < average, "{mean}");
}
