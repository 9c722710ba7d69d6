//! Finds code in other places that shares many words with the code before the cursor.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;

use crate::context::Surroundings;
use crate::document::Document;
use crate::text::is_word;

/// The length of a part in lines, and the distance between the starts of two parts.
const PART_LINES: usize = 12;
const STEP_LINES: usize = 6;

/// How many lines before the cursor are compared.
const COMPARED_LINES: usize = 8;

/// Limits on the lines that are searched in each file, and on the number of files.
const MAX_LINES: usize = 2_000;
const MAX_FILES: usize = 10;

/// Parts with a lower similarity (the Jaccard index of their words) are ignored. With fewer words, the comparison means
/// nothing.
const MIN_SIMILARITY: f32 = 0.2;
const MIN_WORDS: usize = 6;

/// A part that contains the last edit of its file is worth more.
const EDITED_FACTOR: f32 = 1.5;

/// Consecutive lines of a file, with their similarity to the code before the cursor.
pub(super) struct Part {
    pub(super) path: Arc<str>,
    pub(super) text: String,
    pub(super) score: f32,
}

/// The most similar part of each file, best first. `visible` is the byte range of `document` that the model sees
/// anyway.
pub(super) fn parts(
    document: &Document,
    cursor: usize,
    visible: &Range<usize>,
    surroundings: &Surroundings,
) -> Vec<Part> {
    let text = document.text();
    let here = text.byte_to_line(cursor);
    let wanted = words(text, here.saturating_sub(COMPARED_LINES)..here + 1);
    if wanted.len() < MIN_WORDS {
        return Vec::new();
    }
    let same = surroundings.same_file.then_some((document, None));
    let open = surroundings.open.iter().filter(|file| file.document.language() == document.language());
    let files = same.into_iter().chain(open.map(|file| (&file.document, file.edited))).take(MAX_FILES);
    let best = files.filter_map(|(file, edited)| {
        let text = file.text();
        let edited = edited.map(|offset| text.byte_to_line(offset.min(text.len_bytes())));
        let is_shown = |lines: &Range<usize>| {
            file.name() == document.name()
                && text.line_to_byte(lines.start) < visible.end
                && visible.start < text.line_to_byte(lines.end)
        };
        let last = text.len_lines().min(MAX_LINES);
        let parts = (0..last).step_by(STEP_LINES).map(|first| first..(first + PART_LINES).min(last));
        let scored = parts.filter(|lines| !is_shown(lines)).map(|lines| {
            let similarity = similarity(&wanted, &words(text, lines.clone()));
            let is_edited = edited.is_some_and(|line| lines.contains(&line));
            (similarity * if is_edited { EDITED_FACTOR } else { 1.0 }, lines)
        });
        let (score, lines) = scored.max_by(|(score, _), (other, _)| score.total_cmp(other))?;
        let part = text.slice(text.line_to_char(lines.start)..text.line_to_char(lines.end)).to_string();
        (score >= MIN_SIMILARITY).then(|| Part { path: file.name().into(), text: part.trim_end().to_owned(), score })
    });
    let mut best: Vec<Part> = best.collect();
    best.sort_by(|a, b| b.score.total_cmp(&a.score));
    best
}

fn words(text: &Rope, lines: Range<usize>) -> HashSet<String> {
    const LONGEST_LINE: usize = 200;
    let mut words = HashSet::new();
    for line in lines {
        let line: String = text.line(line).chars().take(LONGEST_LINE).collect();
        words.extend(line.split(|character| !is_word(character)).filter(|word| !word.is_empty()).map(str::to_owned));
    }
    words
}

/// The Jaccard index of two sets.
fn similarity(some: &HashSet<String>, others: &HashSet<String>) -> f32 {
    let common = some.intersection(others).count();
    let all = some.len() + others.len() - common;
    if all == 0 { 0.0 } else { common as f32 / all as f32 }
}
