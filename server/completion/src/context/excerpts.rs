//! Selects the best definitions and the most similar code within a token budget.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::context::Surroundings;
use crate::context::definitions::{Candidate, candidates};
use crate::context::mentions::mentions;
use crate::context::similar::parts;
use crate::document::Document;
use crate::document::outline::Definition;
use crate::prompt::Excerpt;

/// Extra tokens for each file (its path and separators) and for each line (its line break).
const FILE_TOKENS: usize = 6;
const LINE_TOKENS: usize = 1;

/// The least score for showing a definition with its documentation. Below it, the tokens are better spent on another
/// definition.
const MIN_DOCUMENTED_SCORE: f32 = 0.9;

/// How many tenths of the budget are reserved for definitions. Similar code gets the rest.
const DEFINITIONS_TENTHS: usize = 7;

/// Selects excerpts for a completion at the byte `cursor` and returns them with the number of tokens they use. That
/// number is at most `tokens`, as `count` counts them. The most relevant excerpt comes last, so that it is closest to
/// the cursor in the prompt. `visible` is the byte range of `document` that the model sees anyway.
pub(super) fn excerpts(
    document: &Document,
    cursor: usize,
    visible: &Range<usize>,
    surroundings: &Surroundings,
    tokens: usize,
    count: &dyn Fn(&str) -> usize,
) -> (Vec<Excerpt>, usize) {
    let mut files: BTreeMap<Arc<str>, Chosen> = BTreeMap::new();
    let mut headers: HashSet<(Arc<str>, usize)> = HashSet::new();
    let mut left = tokens * DEFINITIONS_TENTHS / 10;
    for Candidate { path, definition, score } in
        candidates(document, visible, &mentions(document, cursor), surroundings)
    {
        let cost_of = |text: &str| count(text) + LINE_TOKENS * text.lines().count();
        let text = if score < MIN_DOCUMENTED_SCORE { definition.signature.clone() } else { definition.documented() };
        let mut cost = cost_of(&text);
        if !files.contains_key(&path) {
            cost += FILE_TOKENS + count(&path);
        }
        let header = definition.container.as_ref().map(|container| (path.clone(), container.range.start));
        if let (Some(header), Some(container)) = (&header, &definition.container)
            && !headers.contains(header)
        {
            cost += cost_of(&container.header);
        }
        if cost <= left {
            left -= cost;
            headers.extend(header);
            let chosen = files.entry(path).or_default();
            chosen.score = chosen.score.max(score);
            chosen.definitions.push((definition, text));
        }
    }
    left += tokens - tokens * DEFINITIONS_TENTHS / 10;

    let mut found: Vec<(f32, Excerpt)> =
        files.into_iter().map(|(path, chosen)| (chosen.score, chosen.shown(path))).collect();
    for part in parts(document, cursor, visible, surroundings) {
        let cost = FILE_TOKENS + count(&part.path) + count(&part.text) + LINE_TOKENS * part.text.lines().count();
        if cost <= left {
            left -= cost;
            found.push((part.score, Excerpt { path: part.path, text: part.text }));
        }
    }
    found.sort_by(|(score, _), (other, _)| score.total_cmp(other));
    (found.into_iter().map(|(_, excerpt)| excerpt).collect(), tokens - left)
}

/// The definitions chosen from one file.
#[derive(Default)]
struct Chosen {
    score: f32,
    /// Each definition with the text that is shown for it.
    definitions: Vec<(Definition, String)>,
}

impl Chosen {
    /// Lists the definitions in file order, with members indented below their type.
    fn shown(mut self, path: Arc<str>) -> Excerpt {
        self.definitions.sort_by_key(|(definition, _)| definition.range.start);
        let mut lines: Vec<String> = Vec::new();
        let mut open = None;
        for (Definition { container, range, .. }, text) in &self.definitions {
            match container {
                Some(container) => {
                    if open != Some(container.range.start) {
                        lines.push(container.header.clone());
                        open = Some(container.range.start);
                    }
                    lines.extend(text.lines().map(|line| format!("    {line}")));
                }
                None => {
                    lines.push(text.clone());
                    // A type that was just shown serves as the header of its members.
                    open = Some(range.start);
                }
            }
        }
        Excerpt { path, text: lines.join("\n") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::OpenFile;
    use crate::context::workspace_index::WorkspaceIndex;
    use crate::document::outline::Outline;
    use crate::language::Language;

    fn document(name: &str, text: &str) -> Document {
        Document::new(name, Language::from_path(std::path::Path::new(name)), 0, text)
    }

    /// The excerpts for the cursor in `fixture`, with other files open or indexed.
    fn check(name: &str, fixture: &str, open: &[(&str, &str)], indexed: &[(&str, &str)], tokens: usize) -> String {
        let cursor = fixture.find("$0").unwrap();
        let document = document(name, &fixture.replace("$0", ""));
        let index = WorkspaceIndex::default();
        for (name, text) in indexed {
            let file = self::document(name, text);
            index.insert(name, Outline::new(file.language(), file.syntax().unwrap(), file.text()));
        }
        let open = open.iter().map(|(name, text)| OpenFile { document: self::document(name, text), edited: None });
        let surroundings = Surroundings {
            project: "project".into(),
            same_file: true,
            open: open.collect(),
            workspace: Some(Arc::new(index)),
        };
        let visible = document.text().line_to_byte(document.text().byte_to_line(cursor).saturating_sub(3))..cursor + 20;
        let words = |text: &str| text.split_whitespace().count();
        let (found, used) = excerpts(&document, cursor, &visible, &surroundings, tokens, &words);
        assert!(used <= tokens);
        found.iter().map(|excerpt| format!("{}:\n{}\n", excerpt.path, excerpt.text)).collect()
    }

    const SHAPES: &str = "/// A shape.\npub struct Shape {\n    pub sides: u8,\n}\n\nimpl Shape {\n    /// How large it is.\n    pub fn area(&self) -> f64 {\n        0.0\n    }\n}\n\nfn unrelated() {}\n";

    #[test]
    fn mentioned_types_are_shown_with_their_members() {
        let fixture = "use crate::shapes::Shape;\n\nfn print(shape: &Shape) {\n    println!(\"{}\", shape.$0);\n}\n";
        insta::assert_snapshot!(check("src/print.rs", fixture, &[], &[("src/shapes.rs", SHAPES)], 200), @r"
        src/shapes.rs:
        /// A shape.
        pub struct Shape {
            pub sides: u8,
        }
        impl Shape
            pub fn area(&self) -> f64
        ");
    }

    #[test]
    fn open_documents_take_precedence_over_files_on_disk() {
        let fixture = "fn f() {\n    let a = area($0);\n}\n";
        let open = [("src/a.rs", "fn area(of: u8) {}")];
        let indexed = [("src/a.rs", "fn area() {}"), ("src/b.rs", "fn area(other: u8) {}")];
        insta::assert_snapshot!(check("src/c.rs", fixture, &open, &indexed, 200), @r"
        src/a.rs:
        fn area(of: u8)
        src/b.rs:
        fn area(other: u8)
        ");
    }

    #[test]
    fn definitions_outside_the_window_of_the_same_file_are_shown() {
        let filler = "# filler\n".repeat(20);
        let fixture = format!("def area(width, height):\n    return 1\n\n{filler}\ndef near():\n    return area($0)\n");
        insta::assert_snapshot!(check("a.py", &fixture, &[], &[], 200), @r"
        a.py:
        def area(width, height):
        ");
    }

    #[test]
    fn similar_code_in_open_files_is_shown() {
        let fixture =
            "def load_user(path):\n    with open(path) as file:\n        data = json.load(file)\n    return $0\n";
        let other = "import json\n\n\ndef load_order(path):\n    with open(path) as file:\n        data = json.load(file)\n    return Order(**data)\n";
        insta::assert_snapshot!(check("a.py", fixture, &[("b.py", other), ("c.py", "x = 1\n")], &[], 200), @r"
        b.py:
        import json


        def load_order(path):
            with open(path) as file:
                data = json.load(file)
            return Order(**data)
        ");
    }

    #[test]
    fn the_best_definition_is_chosen_within_the_budget() {
        let fixture = "fn f() {\n    far();\n\n\n\n\n\n\n    near($0);\n}\n";
        let indexed = [("src/a.rs", "fn far(a: u8, b: u8) {}\nfn near(a: u8, b: u8) {}\n")];
        insta::assert_snapshot!(check("src/c.rs", fixture, &[], &indexed, 25), @r"
        src/a.rs:
        fn near(a: u8, b: u8)
        ");
        assert_eq!(check("src/c.rs", fixture, &[], &indexed, 5), "");
    }
}
