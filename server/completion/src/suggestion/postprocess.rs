//! Trims a generated text: it is cut where the plan ends, and text that repeats the code around the cursor is removed.

use crate::ablations::Mechanism;
use crate::brackets::unmatched;
use crate::plan::Plan;
use crate::suggestion::Reason;
use crate::text::is_word;

/// The length in bytes of the part of `generated`, from its start, that is worth inserting at the cursor. Returns the
/// reason if there is no such part.
pub fn trimmed_length(generated: &str, plan: &Plan) -> Result<usize, Reason> {
    let planned = &generated[..plan.end_of(generated).unwrap_or(generated.len())];
    let repetition = plan.repetition(&format!("{planned}\n"));
    let planned = &planned[..repetition.unwrap_or(planned.len())];
    if plan.ablations.keeps(Mechanism::Loops) && is_loop(planned) {
        return Err(Reason::Repeated);
    }
    let text = planned.trim_end();
    let text = if plan.ablations.keeps(Mechanism::Suffix) { without_suffix_overlap(text, plan) } else { text };
    if text.trim().is_empty() {
        return Err(Reason::Empty);
    }
    let text = if plan.ablations.keeps(Mechanism::Repeats) { without_repeated_line(text, plan) } else { text };
    if text.trim().is_empty() {
        return Err(Reason::Repeated);
    }
    Ok(text.len() + closing_line_break(text, &generated[text.len()..], plan))
}

/// If the closing bracket of a block is already after the cursor, it moves to its own line. Returns the length of the
/// white space before it.
fn closing_line_break(text: &str, after: &str, plan: &Plan) -> usize {
    let closing = after.trim_start();
    let space = &after[..after.len() - closing.len()];
    let is_closed = closing.starts_with([')', ']', '}']) && plan.line_after.trim_start().get(..1) == closing.get(..1);
    if is_closed && text.contains('\n') && space.contains('\n') { space.len() } else { 0 }
}

/// Whether `text` ends in a loop, repeating the same text again and again. Small models fall into loops and do not
/// leave them.
pub fn is_loop(text: &str) -> bool {
    const REPEATS: usize = 4;
    const LEAST: usize = 24;
    const LONGEST: usize = 48;
    let text = text.as_bytes();
    (1..=LONGEST).any(|length| {
        // A short unit must repeat more often, since `[0, 0, 0, 0]` is written on purpose.
        let repeats = REPEATS.max(LEAST.div_ceil(length));
        let Some(start) = text.len().checked_sub(repeats * length) else { return false };
        let unit = &text[start..start + length];
        // Rulers of dashes are also written on purpose.
        unit.iter().any(u8::is_ascii_alphanumeric) && text[start..].chunks(length).all(|chunk| chunk == unit)
    })
}

/// Removes text that is already after the cursor, and everything that follows it.
pub(crate) fn without_suffix_overlap<'a>(text: &'a str, plan: &Plan) -> &'a str {
    let rest = plan.line_after.trim();
    let repeated = match rest.chars().next() {
        None => None,
        Some(')' | ']' | '}') => overlapping_bracket(text, rest, plan),
        Some('"') if unmatched(&plan.line_before).quoted => unescaped_quote(text),
        Some('>') => unmatched_angle(text),
        Some(_) => overlapping_words(text, rest),
    };
    repeated.map_or(text, |start| text[..start].trim_end_matches(' '))
}

/// The first closing bracket in `text` that neither closes a bracket in `text` nor one that the cursor's line leaves
/// open.
fn overlapping_bracket(text: &str, rest: &str, plan: &Plan) -> Option<usize> {
    let left_open = unmatched(&plan.line_before).opening.len().saturating_sub(unmatched(rest).closing.len());
    let first = *unmatched(text).closing.get(left_open)?;
    (text[first..].chars().next() == rest.chars().next()).then_some(first)
}

fn unescaped_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(offset, character)| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends.then_some(offset)
    })
}

/// The `>` that closes generic arguments opened before `text`.
fn unmatched_angle(text: &str) -> Option<usize> {
    let mut open = 0usize;
    let mut before = ' ';
    for (offset, character) in text.char_indices() {
        match character {
            '<' => open += 1,
            // An arrow is not a bracket.
            '>' if matches!(before, '-' | '=') => {}
            '>' if open == 0 => return Some(offset),
            '>' => open -= 1,
            _ => {}
        }
        before = character;
    }
    None
}

/// Where `text` repeats the rest of the cursor's line, if at most closing punctuation follows.
fn overlapping_words(text: &str, rest: &str) -> Option<usize> {
    text.match_indices(rest).map(|(start, _)| start).find(|start| {
        let splits_word = text[..*start].ends_with(is_word) && rest.starts_with(is_word);
        let ends_line = text[start + rest.len()..].chars().all(|c| matches!(c, ')' | ']' | '}' | ';' | ','));
        ends_line && !splits_word
    })
}

/// Removes a line that equals the line above or below it, and everything that follows it.
fn without_repeated_line<'a>(text: &'a str, plan: &Plan) -> &'a str {
    let rest = if text.contains('\n') { "" } else { &plan.line_after };
    let first = format!("{}{}{rest}", plan.line_before, text.lines().next().unwrap_or_default());
    let first = first.trim();
    // A lone bracket or `pass` may occur twice.
    let repeats = |other: &str| first == other.trim() && first.len() > 4;
    if repeats(&plan.previous_line) || (!text.contains('\n') && repeats(&plan.next_line)) {
        return "";
    }
    let Some((above, last)) = text.rsplit_once('\n') else { return text };
    let is_next = last.trim_end() == plan.next_line || (last.trim() == plan.next_line.trim() && last.trim().len() > 4);
    if is_next && !plan.next_line.is_empty() { above.trim_end() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::language::Language;
    use crate::plan::plan;
    use crate::settings::CompletionSettings;

    fn check(fixture: &str, generated: &str) -> String {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let document = Document::new("test", Language::from_id("rust"), 0, &fixture.replacen("$0", "", 1));
        let settings = CompletionSettings::default().for_invoked();
        let plan = plan(&document, offset, &settings);
        generated[..trimmed_length(generated, &plan).unwrap_or(0)].to_owned()
    }

    #[test]
    fn brackets_after_the_cursor_are_not_repeated() {
        assert_eq!(check("foo($0)", "a, b)"), "a, b");
        assert_eq!(check("foo($0);", "a, b);"), "a, b");
        assert_eq!(check("foo(bar($0));", "a, b));\n"), "a, b");
        assert_eq!(check("let s = \"$0\";", "text\";"), "text");
        assert_eq!(check("let s = \"$0\";", "a\\\"b\";"), "a\\\"b");
        assert_eq!(check("foo($0)", "a, b);"), "a, b");
        assert_eq!(check("let v: Vec<$0>", "u8> = vec![];"), "u8");
        assert_eq!(check("let v: Vec<$0>", "Fn(u8) -> Vec<u8>>"), "Fn(u8) -> Vec<u8>");
    }

    #[test]
    fn brackets_that_close_the_text_itself_stay() {
        assert_eq!(check("foo($0)", "bar(a)"), "bar(a)");
        assert_eq!(check("foo($0)", "bar(a))"), "bar(a)");
        assert_eq!(check("vec![$0]", "\"a\""), "\"a\"");
        assert_eq!(check("foo(bar($0)", "x)"), "x)");
        assert_eq!(check("foo(bar($0)", "x));"), "x)");
    }

    #[test]
    fn words_at_the_end_of_the_line_are_not_repeated() {
        assert_eq!(check("let a = $0 + offset;", "base + offset;"), "base");
        assert_eq!(check("let a = $0 + offset;", "base + off"), "base + off");
        assert_eq!(check("let a = $0 + offset", "base + offset;"), "base");
        assert_eq!(check("let a = $0 s", "bars"), "bars");
    }

    #[test]
    fn a_closing_bracket_after_the_cursor_moves_to_its_own_line() {
        assert_eq!(check("fn f() {$0}", "\n    a();\n}\n"), "\n    a();\n");
        assert_eq!(check("    foo(|x| {$0});", "\n        a(x);\n    });"), "\n        a(x);\n    ");
        assert_eq!(check("fn f() {$0\n}", "\n    a();\n}\n"), "\n    a();");
    }

    #[test]
    fn the_next_line_is_not_repeated() {
        assert_eq!(check("fn f() {\n    $0\n    return total;\n}", "return total;"), "");
        assert_eq!(check("fn f() {\n    ret$0\n    return total;\n}", "urn total;"), "");
        assert_eq!(check("fn f() {\n    $0\n    }\n}", "}"), "}");
        assert_eq!(check("if a {\n    $0\n}\nreturn b;\n", "return b;"), "return b;");
        assert_eq!(check("for a in b {\n    $0\nreturn b;\n", "return b;"), "");
        assert_eq!(check("for a in b {\n    $0\nreturn b;\n", "a();\n    return b;"), "a();");
    }

    #[test]
    fn the_previous_line_is_not_repeated() {
        assert_eq!(check("fn f() {\n    count += 1;\n\n    $0\n}", "count += 1;"), "");
        assert_eq!(check("fn f() {\n    count += 1;\n    cou$0\n}", "nt += 1;"), "");
        assert_eq!(check("fn f() {\n    count += 1;\n    cou$0\n}", "nt += 10;"), "nt += 10;");
        assert_eq!(check("fn f() {\n    if a {\n        b\n    }\n$0\n", "}"), "}");
    }

    #[test]
    fn loops_are_suppressed() {
        assert_eq!(check("use a::{$0", "Rgb, Rgb, Rgb, R"), "Rgb, Rgb, Rgb, R");
        assert_eq!(check("use a::{$0", "Rgb, Rgb, Rgb, Rgb, Rgb, "), "");
        assert_eq!(check("let a = $0", &format!("0x{}", "0".repeat(24))), "");
        assert_eq!(check("let a = $0", "[0, 0, 0, 0, 0, 0];"), "[0, 0, 0, 0, 0, 0];");
        assert_eq!(check("// $0", "----------------------"), "----------------------");
    }

    #[test]
    fn white_space_is_suppressed() {
        assert_eq!(check("let a =$0", "   "), "");
        assert_eq!(check("let a =$0", " 1;   \n"), " 1;");
        assert_eq!(check("let a = 1;$0", "\n\n"), "");
    }
}
