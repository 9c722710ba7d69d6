//! Cuts a window out of the file around the cursor, with edges between syntax nodes.

use std::ops::Range;

use ropey::Rope;

use crate::document::Document;

/// How many tenths of the window's tokens are for the text before the cursor. If the text after the cursor needs fewer
/// than its share, the text before it gets the rest.
const PREFIX_TENTHS: usize = 7;

/// One in this many tokens is reserved for text that will be typed at the cursor.
const ROOM_SHARE: usize = 8;

/// One in this many tokens of the prefix stays free if the window starts inside the file. The start stays where it is
/// until typed text has filled this space; moving it means evaluating the whole window again.
const SLACK_SHARE: usize = 4;

/// Without a syntax tree, windows start and end at lines whose number is a multiple of this.
const BLOCK_LINES: usize = 16;

/// In a longer line, the pin moves within the line, in steps of this many bytes.
pub(super) const LONGEST_TAIL: usize = 1024;

/// The most bytes per token that any text is expected to have. This limits how much of a huge file is read.
const BYTES_PER_TOKEN: usize = 8;

/// The text around a cursor at the time when the window was made. Line breaks are LF, as in the training data of the
/// models. Offsets are bytes of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// The document from `start` to `pin`.
    pub(super) prefix: String,
    /// The document from the cursor to `end`.
    pub(super) suffix: String,
    pub(super) start: usize,
    pub(super) pin: usize,
    pub(super) end: usize,
    /// The most tokens that the text between the pin and the cursor may have.
    pub(super) room: usize,
}

/// Cuts a window of at most `tokens`, including the typed text, around the byte `cursor`. The window is split at the
/// byte `pin` before the cursor, or later if the text between them is too long. `kept_start` is the start of an earlier
/// window. If it is still good enough, it is used again, so that the prefix keeps its tokens. `count` counts the tokens
/// of a text.
pub(super) fn window(
    document: &Document,
    pin: usize,
    cursor: usize,
    tokens: usize,
    kept_start: Option<usize>,
    count: &dyn Fn(&str) -> usize,
) -> Window {
    let text = document.text();
    let typed = text.byte_slice(pin..cursor).to_string();
    let (length, used) = fit(&[&typed], tokens, count, Nearest::Last);
    let pin = cursor - length;
    let room = used.max(tokens / ROOM_SHARE);
    let tokens = tokens - room;

    let reach = cursor..character_at(text, cursor + BYTES_PER_TOKEN * tokens);
    let after = text.byte_slice(reach.clone()).to_string();
    let parts = split(&after, cursor, &seams(document, cursor, reach));
    let (suffix, used) = fit(&parts, tokens - tokens * PREFIX_TENTHS / 10, count, Nearest::First);
    let tokens = tokens - used;

    let reach = next_line(text, pin.saturating_sub(BYTES_PER_TOKEN * tokens), pin)..pin;
    let before = text.byte_slice(reach.clone()).to_string();
    let kept = kept_start.filter(|start| reach.contains(start) && line_start(text, *start) == *start);
    let kept = kept.filter(|start| (tokens / 2..=tokens).contains(&count(&before[start - reach.start..])));
    let start = kept.unwrap_or_else(|| {
        let mut parts = split(&before, reach.start, &seams(document, cursor, reach.clone()));
        parts.reverse();
        let (mut prefix, _) = fit(&parts, tokens, count, Nearest::Last);
        if prefix < pin {
            prefix = fit(&parts, tokens - tokens / SLACK_SHARE, count, Nearest::Last).0;
        }
        pin - prefix
    });

    Window {
        prefix: with_lf(&before[start - reach.start..]),
        suffix: with_lf(&after[..suffix]),
        start,
        pin,
        end: cursor + suffix,
        room,
    }
}

/// The text that the user typed between the pin and the cursor, with LF line breaks.
pub(super) fn tail(text: &Rope, pin: usize, cursor: usize) -> String {
    with_lf(&text.byte_slice(pin..cursor).to_string())
}

/// The start of the line that contains the byte `offset`. In a very long line, a fixed offset within the line.
pub(super) fn line_start(text: &Rope, offset: usize) -> usize {
    let line = text.line_to_byte(text.byte_to_line(offset));
    let steps = (offset - line).saturating_sub(1) / LONGEST_TAIL;
    character_at(text, line + steps * LONGEST_TAIL)
}

/// The start of the character at `offset`, or the end of the text.
pub(super) fn character_at(text: &Rope, offset: usize) -> usize {
    text.char_to_byte(text.byte_to_char(offset.min(text.len_bytes())))
}

/// The first line start at or after `offset` and before `limit`. If there is none, the start of the character at
/// `offset`.
fn next_line(text: &Rope, offset: usize, limit: usize) -> usize {
    let line = text.byte_to_line(offset);
    let start = text.line_to_byte(line);
    let next = if start == offset { start } else { text.line_to_byte(line + 1) };
    if next < limit { next } else { character_at(text, offset) }
}

/// The offsets in `range` where the text may be cut, in order. These are lines that start an item or a statement that
/// is a sibling of a node around the cursor, at any depth. Without a tree, these are all [`BLOCK_LINES`]th lines.
fn seams(document: &Document, cursor: usize, range: Range<usize>) -> Vec<usize> {
    let text = document.text();
    let Some(tree) = document.syntax() else {
        let lines = text.byte_to_line(range.start)..text.byte_to_line(range.end) + 1;
        let starts = lines.filter(|line| line.is_multiple_of(BLOCK_LINES)).map(|line| text.line_to_byte(line));
        return starts.filter(|start| range.contains(start)).collect();
    };
    let mut seams = Vec::new();
    let mut parent = Some(tree.root_node());
    while let Some(node) = parent.take() {
        let mut child = node.walk();
        let mut more = child.goto_first_child_for_byte(range.start).is_some();
        let mut introduced = false;
        while more && child.node().start_byte() < range.end {
            let (start, end) = (child.node().start_byte(), child.node().end_byte());
            let line = text.line_to_byte(text.byte_to_line(start));
            let begins_line = text.byte_slice(line..start).chars().all(char::is_whitespace);
            if child.node().is_named() && begins_line && range.contains(&line) && !introduced {
                seams.push(line);
            }
            // A comment or an attribute belongs to the node after it.
            introduced = ["comment", "attribute"].iter().any(|kind| child.node().kind().contains(kind));
            if start < cursor && cursor <= end && child.node().child_count() > 0 {
                parent = Some(child.node());
            }
            more = child.goto_next_sibling();
        }
    }
    seams.sort_unstable();
    seams.dedup();
    seams
}

/// Cuts `text`, which starts at the byte `start` of the document, at `seams`.
fn split<'a>(text: &'a str, start: usize, seams: &[usize]) -> Vec<&'a str> {
    let inside = seams.iter().map(|seam| seam - start).filter(|offset| (1..text.len()).contains(offset));
    let ends: Vec<usize> = inside.chain([text.len()]).collect();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(&ends).map(|(start, end)| &text[start..*end]).filter(|part| !part.is_empty()).collect()
}

/// Which end of a text is closer to the cursor.
#[derive(Clone, Copy, PartialEq)]
enum Nearest {
    First,
    Last,
}

/// Takes whole parts while they fit, nearest first. If the parts were too large to fill half of the tokens, continues
/// with lines, and if even the nearest line is too large, with a part of it. Returns the bytes and the tokens taken.
fn fit(parts: &[&str], tokens: usize, count: &dyn Fn(&str) -> usize, nearest: Nearest) -> (usize, usize) {
    let (mut taken, mut used) = (0, 0);
    for part in parts {
        let size = count(part);
        if size <= tokens - used {
            taken += part.len();
            used += size;
            continue;
        }
        let mut lines: Vec<&str> = part.split_inclusive('\n').collect();
        // Windows that start at the same part are good for caching, but not at the price of half their size.
        if used <= tokens / 2 && lines.len() > 1 {
            if nearest == Nearest::Last {
                lines.reverse();
            }
            let (more, size) = fit(&lines, tokens - used, count, nearest);
            return (taken + more, used + size);
        }
        if used == 0 {
            let (more, size) = cut(part, tokens, count, nearest);
            return (taken + more, size);
        }
        break;
    }
    (taken, used)
}

/// Halves `line` until it fits, keeping the end that is nearest to the cursor.
fn cut(mut line: &str, tokens: usize, count: &dyn Fn(&str) -> usize, nearest: Nearest) -> (usize, usize) {
    while !line.is_empty() {
        let size = count(line);
        if size <= tokens {
            return (line.len(), size);
        }
        let last = nearest == Nearest::Last;
        let mut half = if last { line.len().div_ceil(2) } else { line.len() / 2 };
        while !line.is_char_boundary(half) {
            half = if last { half + 1 } else { half - 1 };
        }
        line = if last { &line[half..] } else { &line[..half] };
    }
    (0, 0)
}

fn with_lf(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    /// Counts one token for each word.
    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn document(language: &str, fixture: &str) -> (Document, usize) {
        let cursor = fixture.find("$0").expect("the fixture has a cursor");
        (Document::new("test", Language::from_id(language), 0, &fixture.replacen("$0", "", 1)), cursor)
    }

    fn check(language: &str, fixture: &str, tokens: usize) -> Window {
        let (document, cursor) = document(language, fixture);
        let pin = line_start(document.text(), cursor);
        let window = window(&document, pin, cursor, tokens, None, &words);
        let tail = tail(document.text(), window.pin, cursor);
        let whole = document.text().to_string().replace("\r\n", "\n");
        assert!(whole.contains(&format!("{}{tail}{}", window.prefix, window.suffix)));
        assert!(words(&window.prefix) + window.room + words(&window.suffix) <= tokens);
        window
    }

    fn functions(numbers: std::ops::Range<usize>) -> String {
        numbers.map(|number| format!("/// Says {number}.\nfn f{number}() {{\n    a({number});\n}}\n\n")).collect()
    }

    #[test]
    fn a_small_file_is_shown_whole_and_split_at_the_line() {
        let window = check("plaintext", "a\n  b$0 c\nd\n", 100);
        assert_eq!((&*window.prefix, &*window.suffix, window.pin), ("a\n", " c\nd\n", 2));
    }

    #[test]
    fn line_breaks_are_shown_as_lf() {
        assert_eq!(check("plaintext", "a\r\nb$0\r\nc", 100).suffix, "\nc");
    }

    #[test]
    fn a_window_starts_and_ends_between_items() {
        let fixture = format!("{}fn g() {{\n    let a = $0\n}}\n\n{}", functions(0..40), functions(40..80));
        let window = check("rust", &fixture, 150);
        assert!(window.prefix.starts_with("/// Says "), "{}", window.prefix);
        assert!(window.suffix.ends_with("}\n\n"), "{}", window.suffix);
        // In a function that is larger than the window, the window starts between statements.
        let statements: String = (0..99).map(|number| format!("    if a {{\n        b({number});\n    }}\n")).collect();
        let window = check("rust", &format!("fn g() {{\n{statements}    $0\n}}\n"), 50);
        assert!(window.prefix.starts_with("    if a {\n        b("), "{}", window.prefix);
    }

    #[test]
    fn a_window_keeps_its_start_while_the_file_grows_a_little() {
        let fixture = |last: usize| format!("{}fn g() {{ $0 }}", functions(0..last));
        let (before, cursor) = document("rust", &fixture(50));
        let first = window(&before, line_start(before.text(), cursor), cursor, 200, None, &words);
        let starts: Vec<usize> = (51..90)
            .map(|last| {
                let (after, cursor) = document("rust", &fixture(last));
                window(&after, line_start(after.text(), cursor), cursor, 200, Some(first.start), &words).start
            })
            .collect();
        let kept = starts.iter().take_while(|start| **start == first.start).count();
        assert!((3..12).contains(&kept), "{kept}");
        assert!(starts.iter().all(|start| *start >= first.start));
    }

    #[test]
    fn without_a_tree_windows_start_at_multiples_of_a_block() {
        let lines: Vec<String> = (0..200).map(|line| format!("word{line}")).collect();
        let start = |line: usize| {
            let fixture = format!("{}\n$0", lines[..line].join("\n"));
            check("plaintext", &fixture, 72).prefix.lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(start(163), start(170));
        assert_eq!(start(163), "word128");
        assert_ne!(start(163), start(199));
    }

    #[test]
    fn the_prefix_gets_the_tokens_that_the_suffix_leaves() {
        let lines: Vec<String> = (0..56).map(|line| format!("w{line}")).collect();
        assert_eq!(words(&check("plaintext", &format!("{}\n$0", lines.join("\n")), 64).prefix), 56);
        assert_eq!(words(&check("plaintext", &format!("$0{}", lines.join("\n")), 80).suffix), 16);
    }

    #[test]
    fn a_huge_line_is_cut_near_the_cursor() {
        let line = "word ".repeat(100_000);
        let window = check("plaintext", &format!("{line}$0{line}"), 20);
        assert!(500_000 - window.pin <= LONGEST_TAIL);
        assert!(window.suffix.starts_with("word"));
        let many_bytes = |text: &str| text.len();
        let document = Document::new("test", Language::PLAIN, 0, &"é".repeat(10_000));
        let window = super::window(&document, line_start(document.text(), 10_000), 10_000, 1500, None, &many_bytes);
        assert!(window.prefix.len() + (10_000 - window.pin) + window.suffix.len() <= 1500);
    }

    #[test]
    fn an_empty_document_has_an_empty_window() {
        let window = check("rust", "$0", 10);
        assert_eq!((&*window.prefix, &*window.suffix), ("", ""));
    }
}
