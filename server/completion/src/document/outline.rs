//! The definitions in a file: names with their signatures, without bodies. A query for each grammar, in
//! `language/queries/*.scm`, finds them with these captures:
//!
//! | capture | meaning |
//! |---|---|
//! | `@definition` | a function, constant or alias; definitions inside its body are local and left out |
//! | `@type` | a type; definitions inside it are its members |
//! | `@container` | a block with members of a type that is defined elsewhere, such as `impl` |
//! | `@field` | a member of the type around it |
//! | `@name` | the name of the definition |
//! | `@body` | the part that the signature leaves out |

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;
use tree_sitter::{Node, QueryCursor, QueryMatch, StreamingIterator};

use crate::document::syntax::SyntaxTree;
use crate::language::Language;

/// Longer signatures, such as those of types with many fields, are cut.
const MAX_SIGNATURE_LINES: usize = 16;
const MAX_LINE_CHARS: usize = 160;

/// A file with more definitions is most likely generated.
const MAX_DEFINITIONS: usize = 2_000;

/// A definition that other code can refer to by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    pub kind: Kind,
    /// The type that this is a member of.
    pub container: Option<Arc<Container>>,
    /// The code without the body, dedented so that the first line has no indentation.
    pub signature: String,
    /// The first line of the documentation.
    pub documentation: Option<Documentation>,
    /// The byte range in the file, including the body.
    pub range: Range<usize>,
}

/// What a definition defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Type,
    Field,
    /// A function, a constant or an alias.
    Value,
}

/// A type, or a block such as `impl`, with the members of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    /// The first line of the code, such as `impl<T> Display for Name<T>`.
    pub header: String,
    pub range: Range<usize>,
}

/// A line of documentation and its position relative to the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Documentation {
    /// A comment before the signature.
    Before(String),
    /// A docstring: the first line of the body.
    Inside(String),
}

impl Definition {
    /// The signature together with its documentation.
    pub fn documented(&self) -> String {
        let Self { signature, documentation, .. } = self;
        match documentation {
            Some(Documentation::Before(line)) => format!("{line}\n{signature}"),
            Some(Documentation::Inside(line)) => format!("{signature}\n    {line}"),
            None => signature.clone(),
        }
    }
}

/// The definitions in one file, in order.
#[derive(Debug, Default)]
pub struct Outline {
    definitions: Vec<Definition>,
    /// Indices into `definitions`, sorted by name.
    by_name: Vec<u32>,
}

impl Outline {
    /// Collects the definitions in `text`, whose syntax tree is `tree`.
    pub fn new(language: Language, tree: &SyntaxTree, text: &Rope) -> Self {
        let definitions = definitions(language, tree, text);
        let mut by_name: Vec<u32> = (0..).take(definitions.len()).collect();
        by_name.sort_by(|a, b| definitions[*a as usize].name.cmp(&definitions[*b as usize].name));
        Self { definitions, by_name }
    }

    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The definitions with the name `name`.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Definition> {
        let at = |index: &u32| &self.definitions[*index as usize];
        let first = self.by_name.partition_point(|index| *at(index).name < *name);
        self.by_name[first..].iter().map(at).take_while(move |definition| definition.name == name)
    }

    /// The members of the type `name`.
    pub fn members(&self, name: &str) -> impl Iterator<Item = &Definition> {
        let is_in = move |definition: &&Definition| definition.container.as_ref().is_some_and(|it| it.name == name);
        self.definitions.iter().filter(is_in)
    }

    /// An estimate of the memory used, in bytes.
    pub fn bytes(&self) -> usize {
        let of = |definition: &Definition| {
            size_of::<Definition>() + definition.name.len() + definition.documented().len() + 36
        };
        size_of::<Self>() + self.definitions.iter().map(of).sum::<usize>()
    }
}

fn definitions(language: Language, tree: &SyntaxTree, text: &Rope) -> Vec<Definition> {
    let mut found = captured(language, tree, text);
    found.sort_by_key(|found| (found.node.start_byte(), Reverse(found.node.end_byte()), found.body.is_none()));
    found.dedup_by_key(|found| found.node.byte_range());
    let mut definitions = Vec::new();
    let mut containers: Vec<Arc<Container>> = Vec::new();
    let mut members: HashSet<(usize, String)> = HashSet::new();
    let mut local = 0;
    for Captured { capture, node, name, body } in found {
        let range = node.byte_range();
        containers.retain(|container| range.start < container.range.end);
        let is_local = range.start < local;
        if (is_local && capture != Capture::Field) || definitions.len() == MAX_DEFINITIONS {
            continue;
        }
        let container = containers.last().cloned();
        let signature_end = body.map_or(range.end, |body| body.start_byte());
        let kind = match capture {
            Capture::Field => Kind::Field,
            Capture::Type => Kind::Type,
            Capture::Definition | Capture::Container => Kind::Value,
        };
        if matches!(capture, Capture::Type | Capture::Container) && body.is_some() {
            let header = signature(text, range.start..signature_end, language);
            containers.push(Arc::new(Container { name: name.clone(), header, range: range.clone() }));
        }
        if capture == Capture::Container {
            continue;
        }
        if capture == Capture::Field {
            let Some(container) = &container else { continue };
            if !members.insert((container.range.start, name.clone())) {
                continue;
            }
        }
        match body {
            Some(body) if capture == Capture::Definition => local = body.end_byte(),
            None if capture == Capture::Type => local = range.end,
            _ => {}
        }
        let signature = signature(text, range.start..signature_end, language);
        let documentation = documentation(node, body, text, language);
        definitions.push(Definition { name, kind, container, signature, documentation, range });
    }
    definitions
}

#[derive(Clone, Copy, PartialEq)]
enum Capture {
    Definition,
    Type,
    Container,
    Field,
}

struct Captured<'tree> {
    capture: Capture,
    node: Node<'tree>,
    name: String,
    body: Option<Node<'tree>>,
}

fn captured<'tree>(language: Language, tree: &'tree SyntaxTree, text: &Rope) -> Vec<Captured<'tree>> {
    let Some(Ok(query)) = language.grammar().map(|grammar| grammar.definitions()) else { return Vec::new() };
    let chunks = |node: Node| text.byte_slice(node.byte_range()).chunks().map(str::as_bytes);
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(query, tree.root_node(), chunks);
    let mut found: Vec<Captured> = Vec::new();
    while let Some(one) = matches.next() {
        found.extend(read(one, query.capture_names(), text));
    }
    found
}

fn read<'tree>(found: &QueryMatch<'_, 'tree>, names: &[&str], text: &Rope) -> Option<Captured<'tree>> {
    let node = |name: &str| {
        let mut nodes = found.captures.iter().filter(|capture| names[capture.index as usize] == name);
        nodes.next().map(|capture| capture.node)
    };
    let captures = [
        ("definition", Capture::Definition),
        ("type", Capture::Type),
        ("container", Capture::Container),
        ("field", Capture::Field),
    ];
    let (whole, capture) = captures.iter().find_map(|(name, capture)| Some((node(name)?, *capture)))?;
    let name = text.byte_slice(node("name")?.byte_range()).to_string();
    Some(Captured { capture, node: whole, name, body: node("body") })
}

/// The code in `range` without comments, dedented so that the first line has no indentation.
fn signature(text: &Rope, range: Range<usize>, language: Language) -> String {
    let indent = text.byte_to_char(range.start) - text.line_to_char(text.byte_to_line(range.start));
    let code = text.byte_slice(range).to_string();
    let is_comment = |line: &str| language.line_comment().is_some_and(|marker| line.trim_start().starts_with(marker));
    let lines = code.lines().filter(|line| !line.trim().is_empty() && !is_comment(line)).take(MAX_SIGNATURE_LINES);
    let dedented = lines.map(|line| {
        let blanks = line.chars().take(indent).take_while(|character| character.is_whitespace()).count();
        line.chars().skip(blanks).take(MAX_LINE_CHARS).collect::<String>().trim_end().to_owned()
    });
    dedented.collect::<Vec<_>>().join("\n")
}

/// The first line of the docstring in `body`, or of the comment above `node`.
fn documentation(node: Node, body: Option<Node>, text: &Rope, language: Language) -> Option<Documentation> {
    let line = |node: Node| {
        let start = text.byte_slice(node.byte_range()).lines().next().map(|line| line.to_string()).unwrap_or_default();
        start.chars().take(MAX_LINE_CHARS).collect::<String>().trim_end().to_owned()
    };
    let docstring = body
        .and_then(|body| body.named_child(0))
        .filter(|first| first.kind() == "expression_statement")
        .and_then(|first| first.named_child(0))
        .filter(|first| first.kind() == "string")
        .map(line);
    if let Some(line) = docstring {
        let closing = line.get(..3).filter(|quotes| !line[3..].contains(quotes)).unwrap_or_default();
        return Some(Documentation::Inside(format!("{line}{closing}")));
    }
    let marker = language.line_comment()?;
    let mut comment = None;
    let mut below = node;
    while let Some(above) = below.prev_sibling() {
        let is_comment = above.kind().contains("comment");
        let touches = above.end_position().row + 1 >= below.start_position().row;
        if !touches || !(is_comment || above.kind().contains("attribute")) {
            break;
        }
        comment = if is_comment { Some(above) } else { comment };
        below = above;
    }
    comment.map(line).filter(|line| line.starts_with(marker)).map(Documentation::Before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    /// Lists each definition as an excerpt would show it, with the header of its container in brackets.
    fn check(language: &str, text: &str) -> String {
        let document = Document::new("a", Language::from_id(language), 0, text);
        let shown = document.outline().unwrap().definitions().iter().map(|definition| {
            let container = definition.container.as_ref().map(|container| format!("[{}] ", container.header));
            format!("{}{}", container.unwrap_or_default(), definition.documented())
        });
        shown.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn rust_items_are_shown_without_bodies() {
        let text = r#"
use a::b;

/// A place.
///
/// More.
#[derive(Debug)]
pub struct Place<T> {
    /// Where.
    pub offset: usize,
    kind: T,
}

impl<T: Clone> Place<T> {
    /// Moves it.
    pub fn moved(
        &self,
        by: usize, // bytes
    ) -> Self {
        fn inner() {}
        const LOCAL: u8 = 1;
        todo!()
    }
}

trait Named {
    fn name(&self) -> String;
}

impl Named for Place<u8> {
    fn name(&self) -> String { String::new() }
}

// Section

const LIMIT: usize = 3;
enum Kind { A, B }
type Pair = (u8, u8);
macro_rules! pair { () => { (0, 0) }; }
mod tests {
    fn helper() {}
}
"#;
        insta::assert_snapshot!(check("rust", text), @r"
        /// A place.
        pub struct Place<T> {
            pub offset: usize,
            kind: T,
        }
        [impl<T: Clone> Place<T>] /// Moves it.
        pub fn moved(
            &self,
            by: usize, // bytes
        ) -> Self
        trait Named
        [trait Named] fn name(&self) -> String;
        [impl Named for Place<u8>] fn name(&self) -> String
        const LIMIT: usize = 3;
        enum Kind { A, B }
        type Pair = (u8, u8);
        macro_rules! pair
        fn helper()
        ");
    }

    #[test]
    fn python_definitions_are_shown_with_their_docstrings() {
        let text = r#"
import os

LIMIT = 3

class Place(Base):
    """A place.

    More.
    """
    kind: str = "a"

    def __init__(self, offset):
        self.offset = offset
        self.offset = 2
        local = 1

    @property
    def moved(self, by: int) -> "Place":
        '''Moves it.'''
        def inner(): pass
        self.by = by

def place(a,
          b=1):
    return a
"#;
        insta::assert_snapshot!(check("python", text), @r#"
    LIMIT = 3
    class Place(Base):
        """A place."""
    [class Place(Base):] kind: str = "a"
    [class Place(Base):] def __init__(self, offset):
    [class Place(Base):] self.offset = offset
    [class Place(Base):] def moved(self, by: int) -> "Place":
        '''Moves it.'''
    [class Place(Base):] self.by = by
    def place(a,
              b=1):
    "#);
    }

    #[test]
    fn every_grammar_has_an_outline() {
        let files = [
            ("c", "typedef struct a { int b; } a_t;\n#define C 1\nint *f(int d) { int e; return 0; }\nint g(void);\n"),
            ("cpp", "class A {\n  int b;\n  void c(int d);\n};\nvoid A::c(int d) {}\nstruct E { int f; };\n"),
            (
                "go",
                "package a\n\n// F does.\nfunc F(a int) error {\n\tvar b int\n}\n\ntype T struct {\n\tA int\n}\n\nconst C = 1\n",
            ),
            ("java", "class A {\n  int b;\n  A(int c) {}\n  int d(int e) { return 1; }\n}\n"),
            (
                "javascript",
                "export const a = (b) => b;\nclass C {\n  d(e) { const f = 1; }\n}\nfunction g(h) {}\nconst i = 1;\n",
            ),
            (
                "typescript",
                "interface A {\n  b: string;\n}\nexport class C {\n  d: number;\n  e(f: A): void {}\n}\ntype G = A;\n",
            ),
            ("typescriptreact", "export const A = (b: C) => <d>{b}</d>;\n"),
        ];
        let outlines: Vec<String> =
            files.iter().map(|(language, text)| format!("{language}:\n{}", check(language, text))).collect();
        insta::assert_snapshot!(outlines.join("\n\n"), @r"
        c:
        typedef struct a { int b; } a_t;
        #define C 1
        int *f(int d)
        int g(void);

        cpp:
        class A
        [class A] int b;
        [class A] void c(int d);
        void A::c(int d)
        struct E { int f; }

        go:
        // F does.
        func F(a int) error
        type T struct {
        	A int
        }
        C = 1

        java:
        class A
        [class A] int b;
        [class A] A(int c)
        [class A] int d(int e)

        javascript:
        const a = (b) =>
        class C
        [class C] d(e)
        function g(h)
        const i = 1;

        typescript:
        interface A {
          b: string;
        }
        class C
        [class C] d: number
        [class C] e(f: A): void
        type G = A;

        typescriptreact:
        const A = (b: C) =>
        ");
    }
}
