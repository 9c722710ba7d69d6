//! What of the file the model is shown: a window around the cursor, split at the pin.

use ropey::{Rope, RopeSlice};

use crate::document::Document;

/// Of the window's tokens, this part out of ten is for what stands before the cursor, the rest for what follows. What
/// the text after the cursor does not need goes to the text before it.
const PREFIX_TENTHS: usize = 7;

/// The window begins and ends at lines whose number is a multiple of this, so that it does not move with every new
/// line and the prompt keeps its beginning.
const BLOCK_LINES: usize = 16;

/// A longer line is split: the pin then moves inside it, in steps of this many bytes.
const LONGEST_TAIL: usize = 1024;

/// More bytes than this a token are not expected of any text; it bounds what of a huge line is looked at.
const BYTES_PER_TOKEN: usize = 8;

/// Text around the cursor. Line breaks are LF, as in the text that models are trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// From the window's start to the pin.
    pub prefix: String,
    /// From the pin, which is the start of the cursor's line, to the cursor.
    pub tail: String,
    /// From the cursor to the window's end.
    pub suffix: String,
}

/// Takes as much around the byte `offset` as `tokens` allow. `count` says how many tokens a text has.
pub fn context(document: &Document, offset: usize, tokens: usize, count: &dyn Fn(&str) -> usize) -> Context {
    let text = document.text();
    let line = text.byte_slice(pin(text, offset)..offset).to_string();
    let (length, used) = fit(&[&line], tokens, count, Nearest::Last);
    let (pin, tail) = (offset - length, line[line.len() - length..].to_owned());
    let tokens = tokens - used;

    let end = character_at(text, offset + BYTES_PER_TOKEN * tokens);
    let after = text_of(text.byte_slice(offset..end));
    let blocks = blocks(&after, text.byte_to_line(offset));
    let (suffix, used) = fit(&blocks, tokens - tokens * PREFIX_TENTHS / 10, count, Nearest::First);

    let start = character_at(text, pin.saturating_sub(BYTES_PER_TOKEN * tokens));
    let before = text_of(text.byte_slice(start..pin));
    let mut blocks = self::blocks(&before, text.byte_to_line(start));
    blocks.reverse();
    if start > 0 && blocks.len() > 1 {
        // Its beginning depends on where the cursor is.
        blocks.pop();
    }
    let (prefix, _) = fit(&blocks, tokens - used, count, Nearest::Last);

    Context { prefix: before[before.len() - prefix..].to_owned(), tail, suffix: after[..suffix].to_owned() }
}

/// Where the prompt is split: the start of the line, or a place inside it that stays while the user types on.
fn pin(text: &Rope, offset: usize) -> usize {
    let line = text.line_to_byte(text.byte_to_line(offset));
    let steps = (offset - line).saturating_sub(1) / LONGEST_TAIL;
    character_at(text, line + steps * LONGEST_TAIL)
}

/// The start of the character at `offset`, or the end of the text.
fn character_at(text: &Rope, offset: usize) -> usize {
    text.char_to_byte(text.byte_to_char(offset.min(text.len_bytes())))
}

/// Cuts `text`, which begins on the line numbered `line`, before each line whose number is a multiple of
/// [`BLOCK_LINES`].
fn blocks(text: &str, mut line: usize) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut start = 0;
    for (newline, _) in text.match_indices('\n') {
        line += 1;
        if line.is_multiple_of(BLOCK_LINES) {
            blocks.push(&text[start..=newline]);
            start = newline + 1;
        }
    }
    if start < text.len() {
        blocks.push(&text[start..]);
    }
    blocks
}

/// Which end of a text is near the cursor.
#[derive(Clone, Copy, PartialEq)]
enum Nearest {
    First,
    Last,
}

/// Takes whole parts while they fit, nearest first; then lines, if the parts were too large to make much of a window,
/// and of the nearest line, if even that is too large, what fits. Returns bytes and tokens taken.
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
        // A window that keeps its start is worth something, but not half of its size.
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

/// Halves `line`, keeping its nearest end, until it fits.
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

fn text_of(slice: RopeSlice<'_>) -> String {
    let text = String::from(slice);
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    /// One token a word, as far as these tests are concerned.
    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn check(text: &str, tokens: usize) -> Context {
        let offset = text.find("$0").expect("the fixture has a cursor");
        let document = Document::new("test", Language::PLAIN, 0, &text.replacen("$0", "", 1));
        let context = context(&document, offset, tokens, &words);
        let whole = document.text().to_string().replace("\r\n", "\n");
        assert!(whole.contains(&format!("{}{}{}", context.prefix, context.tail, context.suffix)));
        assert!(words(&context.prefix) + words(&context.tail) + words(&context.suffix) <= tokens);
        context
    }

    #[test]
    fn a_small_file_is_shown_whole_and_split_at_the_line() {
        let context = check("a\n  b$0 c\nd\n", 100);
        assert_eq!(context, Context { prefix: "a\n".into(), tail: "  b".into(), suffix: " c\nd\n".into() });
    }

    #[test]
    fn line_breaks_are_shown_as_lf() {
        assert_eq!(check("a\r\nb$0\r\nc", 100).suffix, "\nc");
    }

    #[test]
    fn the_window_keeps_its_start_while_lines_are_added() {
        let lines: Vec<String> = (0..200).map(|line| format!("word{line}")).collect();
        let start = |line: usize| check(&format!("{}\n$0", lines[..line].join("\n")), 50).prefix[..8].to_owned();
        assert_eq!(start(163), start(170));
        assert_eq!(start(163), "word128\n");
        assert_ne!(start(163), start(199));
    }

    #[test]
    fn what_the_suffix_does_not_need_the_prefix_gets() {
        let lines: Vec<String> = (0..96).map(|line| format!("w{line}")).collect();
        let before = check(&format!("{}\n$0", lines.join("\n")), 64).prefix;
        assert_eq!(words(&before), 64);
        let after = check(&format!("$0{}", lines.join("\n")), 60).suffix;
        assert_eq!(words(&after), 16);
    }

    #[test]
    fn a_huge_line_is_cut_near_the_cursor() {
        let line = "word ".repeat(100_000);
        let context = check(&format!("{line}$0{line}"), 20);
        assert!(context.tail.len() <= LONGEST_TAIL);
        assert!(context.suffix.starts_with("word"));
        let many_bytes = |text: &str| text.len();
        let document = Document::new("test", Language::PLAIN, 0, &"é".repeat(10_000));
        let context = super::context(&document, 10_000, 1500, &many_bytes);
        assert!(context.prefix.len() + context.tail.len() + context.suffix.len() <= 1500);
    }

    #[test]
    fn an_empty_document_has_an_empty_context() {
        assert_eq!(check("$0", 10), Context { prefix: String::new(), tail: String::new(), suffix: String::new() });
    }
}
