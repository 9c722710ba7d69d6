//! Collects the names that the code around the cursor mentions, weighted by their distance.

use std::collections::{HashMap, HashSet};

use ropey::Rope;
use tree_sitter::Node;

use crate::document::Document;
use crate::text::is_word;

/// How many lines above and below the cursor are read.
const LINES_ABOVE: usize = 40;
const LINES_BELOW: usize = 10;

/// The distance in lines at which a name weighs half as much as on the cursor's line.
const HALF_WEIGHT_DISTANCE: f32 = 6.0;

/// The weights of the enclosing type, of the header of an enclosing item and of an import. A name on the cursor's line
/// has weight 1.
const ENCLOSING_TYPE: f32 = 0.8;
const ENCLOSING_HEAD: f32 = 0.6;
const IMPORT: f32 = 0.1;

const LONGEST_LINE: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Weights of names, from 0 to 1.
    pub(super) weights: HashMap<String, f32>,
    /// Weights of the words that the names consist of, from 0 to 1.
    pub(super) subwords: HashMap<String, f32>,
    /// All words in the imports: the imported names and their modules.
    pub(super) imported: HashSet<String>,
}

/// Reads the names around the byte `cursor`.
pub(super) fn mentions(document: &Document, cursor: usize) -> Mentions {
    let text = document.text();
    let mut mentions = Mentions::default();
    let here = text.byte_to_line(cursor);
    for line in here.saturating_sub(LINES_ABOVE)..(here + LINES_BELOW + 1).min(text.len_lines()) {
        let distance = line.abs_diff(here) as f32;
        mentions.add(&words(&line_at(text, line)), HALF_WEIGHT_DISTANCE / (HALF_WEIGHT_DISTANCE + distance));
    }
    let Some(tree) = document.syntax() else { return mentions };
    let root = tree.root_node();
    let mut items = root.walk();
    for item in root.children(&mut items).filter(is_import) {
        let words = words(&text.byte_slice(item.byte_range()).to_string());
        mentions.add(&words, IMPORT);
        mentions.imported.extend(words);
    }
    let innermost = root.descendant_for_byte_range(cursor, cursor);
    for node in std::iter::successors(innermost, |node| node.parent()) {
        let head_end = node.child_by_field_name("body").map(|body| body.start_byte());
        if let Some(head_end) = head_end.filter(|_| node.child_by_field_name("condition").is_none()) {
            mentions.add(&words(&text.byte_slice(node.start_byte()..head_end).to_string()), ENCLOSING_HEAD);
        }
        // For an `impl`, this is the type. For a class, it is the name, which identifies its members.
        let own = node.child_by_field_name("type").or_else(|| node.child_by_field_name("name"));
        if let Some(own) = own.filter(|_| ["impl", "class", "trait"].iter().any(|kind| node.kind().contains(kind))) {
            mentions.add(&words(&text.byte_slice(own.byte_range()).to_string()), ENCLOSING_TYPE);
        }
    }
    mentions
}

impl Mentions {
    fn add(&mut self, words: &[String], weight: f32) {
        for word in words {
            let known = self.weights.entry(word.clone()).or_default();
            *known = known.max(weight);
            for part in subwords(word) {
                let known = self.subwords.entry(part).or_default();
                *known = known.max(weight);
            }
        }
    }
}

fn is_import(node: &Node) -> bool {
    ["import", "use_declaration", "include"].iter().any(|kind| node.kind().contains(kind))
}

/// Splits a name into its words, in lower case: `ParseError` and `parse_error` become `parse` and `error`.
pub(super) fn subwords(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = '_';
    for character in name.chars() {
        let begins = previous == '_' || (character.is_uppercase() && !previous.is_uppercase());
        previous = character;
        if character == '_' {
            continue;
        }
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
    }
    words
}

fn line_at(text: &Rope, line: usize) -> String {
    text.line(line).chars().take(LONGEST_LINE).collect()
}

/// Splits text into possible names. Shorter names are rarely defined in another file.
fn words(text: &str) -> Vec<String> {
    const SHORTEST: usize = 3;
    let words = text.split(|character| !is_word(character));
    let is_name = |word: &&str| word.len() >= SHORTEST && !word.starts_with(|first: char| first.is_ascii_digit());
    words.filter(is_name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn names_are_split_into_words() {
        for name in ["parse_error", "ParseError", "PARSE_ERROR", "_parseError"] {
            assert_eq!(subwords(name), ["parse", "error"], "{name}");
        }
        assert_eq!(subwords("__"), Vec::<String>::new());
    }

    #[test]
    fn near_and_enclosing_names_weigh_most() {
        let fixture = "use a::near;\nuse b::Far;\n\nimpl Outer {\n    fn item(&self, list: Vec<Inner>) {\n        before();\n        $0\n    }\n}\n";
        let filler = "    // filler\n".repeat(60);
        let fixture = fixture.replace("        before", &format!("{filler}        before"));
        let cursor = fixture.find("$0").unwrap();
        let document = Document::new("a", Language::from_id("rust"), 0, &fixture.replace("$0", ""));
        let mentions = mentions(&document, cursor);
        let weight = |word: &str| mentions.weights.get(word).copied().unwrap_or_default();
        assert!(weight("before") > weight("Outer"));
        assert!(weight("Outer") > weight("Inner"));
        assert!(weight("Inner") > weight("Far"));
        assert!(weight("Far") > 0.0);
        assert!(mentions.imported.contains("near") && !mentions.imported.contains("Inner"));
    }
}
