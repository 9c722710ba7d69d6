//! The time from a client's change to the prompt, without the model. See `README.md` beside this file.

mod generated;

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion};
use fimble::lsp::position::{Position, PositionEncoding, position_at};
use fimble::lsp::text_sync::{Change, apply_changes};
use fimble_completion::context::Surroundings;
use fimble_completion::context::pin::{Pin, TokenBudget};
use fimble_completion::document::Document;
use fimble_completion::language::Language;
use fimble_completion::plan::{Plan, plan};
use fimble_completion::prompt::{FAMILIES, FimText};
use fimble_completion::settings::CompletionSettings;
use fimble_completion::suggestion::Suggestion;
use fimble_completion::suggestion::cache::{CachedAnswer, Origin, SuggestionCache};

use generated::Generated;

const LINES: usize = 10_000;
const ENCODING: PositionEncoding = PositionEncoding::Utf16;
const BATCH: BatchSize = BatchSize::SmallInput;

/// The capacity of the server's suggestion cache.
const SUGGESTIONS: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    bench(&mut criterion, "rust", &generated::rust(LINES));
    bench(&mut criterion, "python", &generated::python(LINES));
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, language: &str, file: &Generated) {
    let mut group = criterion.benchmark_group(language);
    let plain = Keystroke::new(Language::PLAIN, file, file.statement);
    let statement = Keystroke::new(Language::from_id(language), file, file.statement);
    let top_level = Keystroke::new(Language::from_id(language), file, file.top_level);
    for (name, keystroke) in [("edit_text", &plain), ("edit", &statement), ("edit_at_top_level", &top_level)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(|| keystroke.before.clone(), |document| keystroke.edit(document), BATCH);
        });
    }
    for (name, keystroke) in [("parse", &statement), ("parse_at_top_level", &top_level)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(|| keystroke.edited(), |document| document.syntax().is_some(), BATCH);
        });
    }

    let Keystroke { before, after, offset, .. } = &statement;
    group.bench_function("plan", |bencher| bencher.iter(|| plan_at(after, *offset)));
    group.bench_function("edit_to_plan", |bencher| {
        bencher.iter_batched_ref(
            || before.clone(),
            |document| {
                statement.edit(document);
                document.syntax().expect("a tree");
                plan_at(document, *offset)
            },
            BATCH,
        );
    });

    let template = FAMILIES[0].template();
    let shown = text_at(after, *offset);
    group.bench_function("context", |bencher| bencher.iter(|| text_at(after, *offset)));
    group.bench_function("fill_template", |bencher| bencher.iter(|| template.fill(black_box(&shown))));

    let mut cache = full_cache(before, offset - 1);
    group.bench_function("cache_miss", |bencher| bencher.iter(|| cache.get(after, black_box(*offset), &settings())));
    group.bench_function("edit_to_prompt", |bencher| {
        bencher.iter_batched_ref(
            || before.clone(),
            |document| {
                statement.edit(document);
                document.syntax().expect("a tree");
                let suggestion = cache.get(document, *offset, &settings());
                assert!(suggestion.is_none(), "this keystroke needs the model");
                (plan_at(document, *offset), template.fill(&text_at(document, *offset)))
            },
            BATCH,
        );
    });

    cache.insert(before, offset - 1, &settings(), CachedAnswer::Suggested(suggestion("in(\", \")")), Origin::Request);
    assert!(cache.get(after, *offset, &settings()).is_some(), "the typed text follows the suggestion");
    group.bench_function("cache_hit", |bencher| bencher.iter(|| cache.get(after, black_box(*offset), &settings())));
    group.finish();
}

/// A document, and one typed character.
struct Keystroke {
    before: Document,
    position: Position,
    after: Document,
    /// The cursor after the key, in bytes.
    offset: usize,
}

impl Keystroke {
    fn new(language: Language, file: &Generated, offset: usize) -> Self {
        let mut before = Document::new("src/file", language, 0, &file.text);
        before.syntax();
        // The first incremental parse takes longer than the later ones, and typing consists of the later ones.
        let position = position_at(before.text(), offset, ENCODING);
        type_at(&mut before, 1, position, "o");
        before.syntax();
        let position = position_at(before.text(), offset + 1, ENCODING);
        let mut after = before.clone();
        type_at(&mut after, 2, position, "i");
        after.syntax();
        Self { before, position, after, offset: offset + 2 }
    }

    fn edit(&self, document: &mut Document) {
        type_at(document, 2, self.position, "i");
    }

    /// The document right after the key, before its tree is parsed.
    fn edited(&self) -> Document {
        let mut document = self.before.clone();
        self.edit(&mut document);
        document
    }
}

/// Applies the change that a client sends for one key.
fn type_at(document: &mut Document, version: i32, position: Position, text: &str) {
    let change = Change { range: Some((position, position)), text: text.to_owned() };
    apply_changes(document, version, [change], ENCODING).expect("the position is in the document");
}

fn plan_at(document: &Document, offset: usize) -> Plan {
    plan(black_box(document), offset, &settings())
}

/// Counts four bytes as a token, because the tokenizer belongs to the model.
fn text_at(document: &Document, offset: usize) -> FimText {
    let count = |text: &str| text.len().div_ceil(4);
    let budget = TokenBudget { tokens: settings().context_tokens, excerpts: true };
    Pin::new(black_box(document), offset, Surroundings::default()).text(document, offset, budget, &count)
}

/// A cache that is as full as the server's can be. It has one suggestion for each line up to the one of `offset`, and the next
/// key leaves all of them.
fn full_cache(document: &Document, offset: usize) -> SuggestionCache {
    let mut cache = SuggestionCache::new(SUGGESTIONS);
    let text = document.text();
    let line = text.byte_to_line(offset);
    for number in line + 1 - SUGGESTIONS.get()..=line {
        let place = if number == line { offset } else { text.line_to_byte(number) };
        cache.insert(document, place, &settings(), CachedAnswer::Suggested(suggestion("len()")), Origin::Request);
    }
    cache
}

fn settings() -> CompletionSettings {
    CompletionSettings::default().for_invoked()
}

fn suggestion(text: &str) -> Suggestion {
    Suggestion { text: text.to_owned(), confidence: 0.5, is_cut: false, model: Arc::new("m".to_owned().into()) }
}
