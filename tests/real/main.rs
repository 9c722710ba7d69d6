//! Both engines with a real code model, a GGUF file that `FIMBLE_REAL_MODEL` names. `tests/run real` runs these tests. They are
//! ignored otherwise, because they need that file and some minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fimble_completion::ablations::Mechanism;
use fimble_completion::engine::{
    Cancel, Engine, Generation, GenerationRequest, Priority, Search, StopDecision, StoppingCriteria,
};
use fimble_completion::prompt::FimText;
use fimble_inference::{EngineChoice, EngineOptions, LocalEngine};

/// The same allocator as the binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ENGINES: [EngineChoice; 2] = [EngineChoice::LlamaCpp, EngineChoice::MistralRs];

const PREFIX: &str = "def fibonacci(n):\n    if n < 2:\n        return n\n";
const SUFFIX: &str = "\n\n\nprint(fibonacci(10))\n";

fn model() -> PathBuf {
    let path = std::env::var_os("FIMBLE_REAL_MODEL").expect("FIMBLE_REAL_MODEL names a GGUF file");
    PathBuf::from(path)
}

fn engine(options: EngineOptions) -> LocalEngine {
    LocalEngine::load(model().to_str(), options).expect("the model loads")
}

fn of(engine: EngineChoice) -> EngineOptions {
    EngineOptions { engine, ..EngineOptions::default() }
}

fn line() -> StoppingCriteria {
    Arc::new(|text, _| if text.contains('\n') { StopDecision::Complete } else { StopDecision::Continue })
}

struct Case<'a> {
    prefix: &'a str,
    suffix: &'a str,
    tail: &'a str,
    max_tokens: usize,
    stopping: StoppingCriteria,
    cancel: Cancel,
}

impl Default for Case<'_> {
    fn default() -> Self {
        let (prefix, suffix, tail) = (PREFIX, SUFFIX, "    return ");
        Self { prefix, suffix, tail, max_tokens: 24, stopping: line(), cancel: Cancel::default() }
    }
}

impl Case<'_> {
    fn run(self, engine: &LocalEngine) -> Generation {
        let request = GenerationRequest {
            text: FimText::of_file(self.prefix, self.suffix, self.tail),
            avoid: Vec::new(),
            max_tokens: self.max_tokens,
            priority: Priority::Foreground,
            stopping: self.stopping,
            search: Search::default(),
            cancel: self.cancel,
        };
        engine.generate(request).expect("the model generates")
    }
}

#[test]
#[ignore = "needs a real model: tests/run real"]
fn each_engine_knows_the_sequence_and_heals_its_half_typed_name() {
    for choice in ENGINES {
        let engine = engine(of(choice));
        let expected = if choice == EngineChoice::LlamaCpp { "llama.cpp" } else { "mistral.rs" };
        assert_eq!(engine.model().engine, expected);
        let whole = Case::default().run(&engine).text;
        let compact: String = whole.split_whitespace().collect();
        assert!(compact.starts_with("fibonacci(n-1)+fibonacci(n-2)"), "{expected}: {whole:?}");
        for typed in 1.."fibonacci(".len() {
            let (typed, rest) = whole.split_at(typed);
            let healed = Case { tail: &format!("    return {typed}"), ..Case::default() }.run(&engine);
            assert_eq!(healed.text, rest, "{expected}, after {typed:?}");
            assert!(healed.usage.evaluated <= 12, "{expected}, after {typed:?}: {:?}", healed.usage);
        }
    }
}

/// Typing, deleting, accepting and going back never cost more than what is new, and change no answer.
#[test]
#[ignore = "needs a real model: tests/run real"]
fn reuse_changes_nothing() {
    for choice in ENGINES {
        let reused = engine(of(choice));
        let mut prefix = format!("import os\n\n\n{PREFIX}");
        let mut tail = "    return ".to_owned();
        let mut seen: Vec<(String, String, Generation)> = Vec::new();
        for edit in
            ["", "fib", "\u{8}\u{8}", "accept", "\n\n\ndef fact", "accept", "(n", "enter", "    if ", "\u{8}\u{8}\u{8}"]
        {
            let before = seen.last().map_or(String::new(), |(_, _, generation)| generation.text.clone());
            match edit {
                "accept" => tail.push_str(before.trim_end_matches('\n')),
                "enter" => {
                    prefix.push_str(&format!("{tail}):\n"));
                    tail.clear();
                }
                _ if edit.starts_with('\u{8}') => tail.truncate(tail.len() - edit.len()),
                _ => tail.push_str(edit),
            }
            let generation = Case { prefix: &prefix, tail: &tail, ..Case::default() }.run(&reused);
            seen.push((prefix.clone(), tail.clone(), generation));
        }
        for (prefix, tail, generation) in &seen {
            let expected = Case { prefix, tail, ..Case::default() }.run(&engine(of(choice)));
            assert_eq!(expected.usage.reused, 0);
            assert!(same_up_to_a_tie(generation, &expected), "{choice:?}, after {tail:?}: {generation:?} {expected:?}");
            // After a tie, the tokens are others.
            let tokens = generation.tokens.iter().zip(&expected.tokens);
            for (token, other) in tokens.take_while(|(token, other)| token.text_end == other.text_end) {
                let difference = (token.probability - other.probability).abs();
                assert!(difference < 0.05, "{choice:?}, after {tail:?}: {token:?} {other:?}");
            }
        }
        let later: usize = seen[1..].iter().map(|(_, _, generation)| generation.usage.evaluated).sum();
        let all: usize = seen[1..].iter().map(|(_, _, generation)| generation.usage.prompt).sum();
        println!("{choice:?}: evaluated {later} of {all} tokens");
        assert!(later < all / 2, "{choice:?}: {later} of {all}");
    }
}

/// With llama.cpp, a place inside an earlier prompt, a backspace and an accepted answer cost what is new, and nothing else.
#[test]
#[ignore = "needs a real model: tests/run real"]
fn going_back_is_free_with_llama_cpp() {
    let engine = engine(of(EngineChoice::LlamaCpp));
    let long: String = (0..40).map(|number| format!("value_{number} = compute({number})\n")).collect();
    let prefix = format!("{long}{PREFIX}");
    let ask = |prefix: &str, tail: &str| Case { prefix, suffix: "", tail, ..Case::default() }.run(&engine);
    let first = ask(&prefix, "    return ");
    assert!(first.usage.evaluated > 300, "{:?}", first.usage);
    // Accepted, with the line after it.
    let accepted = format!("    return {}\n", first.text.trim_end());
    assert!(ask(&prefix, &accepted).usage.evaluated <= 4);
    // Back to the start of the word.
    assert!(ask(&prefix, "    ret").usage.evaluated <= 8);
    // Another file with the same beginning.
    let other = ask(&format!("{long}def main():\n"), "    print(");
    assert!(other.usage.evaluated <= 16, "{:?}", other.usage);
    assert!(ask(&prefix, "    return ").usage.evaluated == 0);
}

/// Whether two answers are the same up to a token at which two choices are equally likely. llama.cpp's kernels add in another order
/// for another number of tokens, which can decide such a tie.
fn same_up_to_a_tie(one: &Generation, other: &Generation) -> bool {
    let common = one.text.bytes().zip(other.text.bytes()).take_while(|(a, b)| a == b).count();
    let next = |generation: &Generation| generation.tokens.iter().find(|token| token.text_end > common).copied();
    match (next(one), next(other)) {
        (Some(a), Some(b)) => (a.probability - b.probability).abs() < 0.1,
        _ => one.text == other.text,
    }
}

#[test]
#[ignore = "needs a real model: tests/run real"]
fn drafts_change_no_text() {
    let without = EngineOptions { ablations: [Mechanism::Drafts].into_iter().collect(), ..of(EngineChoice::LlamaCpp) };
    let (drafting, plain) = (engine(of(EngineChoice::LlamaCpp)), engine(without));
    let repetitive = "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return width * height * depth\n\n\n";
    let mut spent = (0, 0, 0, 0);
    let mut equal = 0;
    for tail in [
        "def ",
        "def area_of(width, height):\n",
        "def volume_of(",
        "class Box:\n    def __init__(",
        "assert area(",
        "def surface(",
    ] {
        let case = || Case {
            prefix: repetitive,
            suffix: "\n",
            tail,
            max_tokens: 48,
            stopping: Arc::new(|_, _| StopDecision::Continue),
            cancel: Cancel::default(),
        };
        let (with, without) = (case().run(&drafting), case().run(&plain));
        assert!(same_up_to_a_tie(&with, &without), "after {tail:?}: {with:?} {without:?}");
        equal += usize::from(with.text == without.text);
        assert_eq!(without.usage.drafted, 0);
        spent.0 += with.usage.steps;
        spent.1 += without.usage.steps;
        spent.2 += with.usage.drafted;
        spent.3 += with.usage.accepted;
    }
    assert!(equal >= 3, "only {equal} of 6 answers are equal");
    println!("steps with drafts: {}, without: {}; drafted {}, accepted {}", spent.0, spent.1, spent.2, spent.3);
    assert!(spent.0 <= spent.1 && spent.3 <= spent.2, "{spent:?}");
}

/// Each request has a prompt of its own.
#[test]
#[ignore = "needs a real model: tests/run real"]
fn many_requests_stay_within_the_budget() {
    const BUDGET: usize = 128 << 20;
    for (choice, requests) in [(EngineChoice::LlamaCpp, 2000), (EngineChoice::MistralRs, 100)] {
        let engine = engine(EngineOptions { cache_budget: BUDGET, ..of(choice) });
        let ask = |number: usize| {
            let prefix = format!("{number} = ");
            Case { prefix: &prefix, suffix: "", tail: "", max_tokens: 1, ..Case::default() }.run(&engine)
        };
        (0..20).for_each(|number| drop(ask(number)));
        let before = resident_memory();
        let evaluated: usize = (20..20 + requests).map(|number| ask(number).usage.evaluated).sum();
        assert!(evaluated > requests, "{evaluated}");
        let grown = resident_memory().saturating_sub(before);
        println!("{choice:?}: {} MiB more after {requests} requests", grown >> 20);
        assert!(grown < BUDGET + BUDGET / 4, "{choice:?}: {} MiB", grown >> 20);
    }
}

#[test]
#[ignore = "needs a real model: tests/run real"]
fn a_truncated_file_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().expect("there is room");
    let whole = fs::read(model()).expect("the model can be read");
    for share in [2, 50, 400, 100_000] {
        let path = folder.path().join(format!("{share}.gguf"));
        fs::write(&path, &whole[..whole.len() / share]).expect("there is room");
        for choice in ENGINES {
            let error = load_error(&path, choice);
            assert!(error.contains("may be damaged"), "{choice:?}, 1/{share}: {error}");
        }
    }
}

fn load_error(path: &Path, choice: EngineChoice) -> String {
    match LocalEngine::load(path.to_str(), of(choice)) {
        Ok(_) => panic!("{choice:?} loads a truncated file"),
        Err(error) => error.to_string(),
    }
}

fn resident_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is listed");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
}
