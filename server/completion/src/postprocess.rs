//! From what a model generated to what a user is shown: cut where the plan ends, without what stands after the cursor
//! already, and nothing at all where nothing is left.

use crate::plan::{Plan, Shape};

/// How much of `generated`, from its start on, is worth inserting at the cursor, in bytes; 0 for nothing.
pub fn useful_length(generated: &str, plan: &Plan) -> usize {
    let planned = &generated[..plan.end_of(generated).unwrap_or(generated.len())];
    if is_loop(planned) {
        return 0;
    }
    let text = without_repeated_rest(planned.trim_end(), plan.line_after.trim_end());
    let text = without_repeated_line(text, plan);
    if text.trim().is_empty() { 0 } else { text.len() }
}

/// Whether `text` ends by saying the same again and again, which small models fall into and do not leave.
pub fn is_loop(text: &str) -> bool {
    const REPEATS: usize = 4;
    const LONGEST: usize = 48;
    let text = text.as_bytes();
    (1..=LONGEST).any(|length| {
        // A unit of a letter or two has to go on for longer, since `0, 0, 0` and `aaa` are written on purpose.
        let repeats = REPEATS.max(12 / length);
        let Some(start) = text.len().checked_sub(repeats * length) else { return false };
        let unit = &text[start..start + length];
        // Rulers of dashes are drawn on purpose too.
        unit.iter().any(u8::is_ascii_alphanumeric) && text[start..].chunks(length).all(|chunk| chunk == unit)
    })
}

/// Drops an end of `text` with which the rest of the cursor's line begins.
fn without_repeated_rest<'a>(text: &'a str, rest: &str) -> &'a str {
    let rest_trimmed = rest.trim_start();
    if rest_trimmed.is_empty() {
        return text;
    }
    let starts = text.char_indices().map(|(start, _)| start);
    for start in starts {
        let end = &text[start..];
        let repeats = rest.starts_with(end) || rest_trimmed.starts_with(end);
        // Short ends agree by chance: brackets count only if nothing in the text opened them, words if they go on to
        // the end of the line.
        let means_it =
            if end.chars().all(is_closing) { opens_none_of(&text[..start], end) } else { end.trim() == rest_trimmed };
        if repeats && means_it {
            return text[..start].trim_end_matches(' ');
        }
    }
    text
}

fn is_closing(character: char) -> bool {
    matches!(character, ')' | ']' | '}' | ';' | ',' | '"' | '\'' | '`' | ':')
}

/// Whether all brackets that `closing` closes were opened before `text`.
fn opens_none_of(text: &str, closing: &str) -> bool {
    let mut open = Vec::new();
    let mut quotes = 0;
    for character in text.chars() {
        match character {
            '(' | '[' | '{' => open.push(character),
            ')' | ']' | '}' => drop(open.pop()),
            '"' => quotes += 1,
            _ => {}
        }
    }
    let closes_own_quote = closing.contains('"') && quotes % 2 == 1;
    let closes_own_bracket = closing.contains([')', ']', '}']) && !open.is_empty();
    !closes_own_quote && !closes_own_bracket
}

/// Drops a last line that only says what the next line of the file says.
fn without_repeated_line<'a>(text: &'a str, plan: &Plan) -> &'a str {
    let next = plan.next_line.trim();
    if next.is_empty() {
        return text;
    }
    match plan.shape {
        Shape::Line => {
            let line = format!("{}{}{}", plan.line_before, text, plan.line_after);
            // A lone bracket or `pass` may well come twice.
            let repeats = line.trim() == next && plan.line_before.trim().is_empty() && next.len() > 4;
            if repeats { "" } else { text }
        }
        Shape::Block { .. } => {
            let start = text.rfind('\n').map_or(0, |newline| newline + 1);
            let repeats = start > 0 && text[start..].trim_end() == plan.next_line;
            if repeats { text[..start].trim_end() } else { text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complete::{CompletionSettings, Multiline};
    use crate::document::Document;
    use crate::language::Language;
    use crate::plan::plan;

    fn check(fixture: &str, generated: &str) -> String {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        let document = Document::new("test", Language::from_id("rust"), 0, &fixture.replacen("$0", "", 1));
        let settings =
            CompletionSettings { multiline: Multiline::Auto, max_tokens: 64, context_tokens: 1024, deadline: None };
        let plan = plan(&document, offset, &settings);
        generated[..useful_length(generated, &plan)].to_owned()
    }

    #[test]
    fn brackets_that_stand_after_the_cursor_are_not_repeated() {
        assert_eq!(check("foo($0)", "a, b)"), "a, b");
        assert_eq!(check("foo($0);", "a, b);"), "a, b");
        assert_eq!(check("foo(bar($0));", "a, b));\n"), "a, b");
        assert_eq!(check("let s = \"$0\";", "text\";"), "text");
    }

    #[test]
    fn brackets_that_the_text_opened_stay() {
        assert_eq!(check("foo($0)", "bar(a)"), "bar(a)");
        assert_eq!(check("foo($0)", "bar(a))"), "bar(a)");
        assert_eq!(check("vec![$0]", "\"a\""), "\"a\"");
    }

    #[test]
    fn words_that_end_the_line_are_not_repeated() {
        assert_eq!(check("let a = $0 + offset;", "base + offset;"), "base");
        assert_eq!(check("let a = $0 + offset;", "base + off"), "base + off");
    }

    #[test]
    fn the_next_line_is_not_suggested_again() {
        assert_eq!(check("fn f() {\n    $0\n    return total;\n}", "return total;"), "");
        assert_eq!(check("fn f() {\n    $0\n    }\n}", "}"), "}");
    }

    #[test]
    fn loops_are_nothing() {
        assert_eq!(check("use a::{$0", "Rgb, Rgb, Rgb, R"), "Rgb, Rgb, Rgb, R");
        assert_eq!(check("use a::{$0", "Rgb, Rgb, Rgb, Rgb, "), "");
        assert_eq!(check("let a = $0", "0x000000000000"), "");
        assert_eq!(check("let a = $0", "[0, 0, 0, 0];"), "[0, 0, 0, 0];");
        assert_eq!(check("// $0", "----------------------"), "----------------------");
    }

    #[test]
    fn white_space_is_nothing() {
        assert_eq!(check("let a =$0", "   "), "");
        assert_eq!(check("let a =$0", " 1;   \n"), " 1;");
        assert_eq!(check("let a = 1;$0", "\n\n"), "");
    }
}
