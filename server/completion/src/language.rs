//! The table of known languages. To add a language, add a row. A language with a grammar gets a syntax tree. A language
//! without one is completed based on its text and [`BlockStyle`].

mod grammar;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;

use crate::language::grammar::Grammar;

/// A reference to a row of the table, cheap to copy. Two languages are equal if their identifiers are equal.
#[derive(Clone, Copy)]
pub struct Language(&'static Row);

/// How a language marks blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockStyle {
    /// `{` starts a block and `}` ends it.
    Braces,
    /// A block is indented deeper than the line that starts it. This also covers languages that end blocks with a
    /// keyword, because indentation is the only sign they share.
    Indentation,
}

struct Row {
    /// Language identifiers from the LSP specification ("TextDocumentItem", LSP 3.17). The first one is the canonical
    /// one.
    ids: &'static [&'static str],
    name: &'static str,
    /// File extensions without the dot, and complete names of files that have no extension.
    extensions: &'static [&'static str],
    /// The marker of a comment that ends with its line.
    line_comment: Option<&'static str>,
    block_style: BlockStyle,
    grammar: Option<&'static Grammar>,
}

impl Language {
    /// Text in no known language. It does not remember the identifier or path that led to it.
    pub const PLAIN: Language = Language(&PLAIN);

    /// The language with the LSP identifier `id`; [`Language::PLAIN`] if it is not in the table.
    pub fn from_id(id: &str) -> Self {
        LANGUAGES.iter().find(|row| row.ids.contains(&id)).map_or(Self::PLAIN, Self)
    }

    /// The language of a file, based on its name; [`Language::PLAIN`] if the name is not in the table.
    pub fn from_path(path: &Path) -> Self {
        let Some(extension) = path.extension().or(path.file_name()).and_then(|extension| extension.to_str()) else {
            return Self::PLAIN;
        };
        let known = |row: &&Row| row.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension));
        LANGUAGES.iter().find(known).map_or(Self::PLAIN, Self)
    }

    /// The LSP language identifier. For [`Language::PLAIN`], it is `plaintext`.
    pub fn id(self) -> &'static str {
        self.0.ids[0]
    }

    /// The name to display.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The marker of a comment that ends with its line; `None` if the language has no such comment.
    pub fn line_comment(self) -> Option<&'static str> {
        self.0.line_comment
    }

    /// How the language marks blocks.
    pub fn block_style(self) -> BlockStyle {
        self.0.block_style
    }

    /// The built-in grammar, if there is one.
    pub(crate) fn grammar(self) -> Option<&'static Grammar> {
        self.0.grammar
    }

    /// Whether files in this language can be parsed.
    pub fn has_grammar(self) -> bool {
        self.0.grammar.is_some()
    }

    /// The extensions, without the dot, of all languages that can be parsed.
    pub fn parsed_extensions() -> impl Iterator<Item = &'static str> {
        LANGUAGES.iter().filter(|row| row.grammar.is_some()).flat_map(|row| row.extensions).copied()
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Language {}

impl Hash for Language {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Language({})", self.id())
    }
}

static PLAIN: Row = Row {
    ids: &["plaintext"],
    name: "plain text",
    extensions: &[],
    line_comment: None,
    block_style: BlockStyle::Indentation,
    grammar: None,
};

static LANGUAGES: &[Row] = &[
    Row {
        ids: &["rust"],
        name: "Rust",
        extensions: &["rs"],
        line_comment: Some("//"),
        block_style: BlockStyle::Braces,
        grammar: Some(&grammar::RUST),
    },
    Row {
        ids: &["python"],
        name: "Python",
        extensions: &["py", "pyi", "pyw"],
        line_comment: Some("#"),
        block_style: BlockStyle::Indentation,
        grammar: Some(&grammar::PYTHON),
    },
    with_grammar(braces("C", &["c"], &["c", "h"]), &grammar::C),
    braces("C#", &["csharp"], &["cs", "csx"]),
    with_grammar(
        braces("C++", &["cpp"], &["cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "h++", "ipp", "inl"]),
        &grammar::CPP,
    ),
    braces("Dart", &["dart"], &["dart"]),
    with_grammar(braces("Go", &["go"], &["go"]), &grammar::GO),
    with_grammar(braces("Java", &["java"], &["java"]), &grammar::JAVA),
    with_grammar(
        braces("JavaScript", &["javascript", "javascriptreact"], &["js", "mjs", "cjs", "jsx"]),
        &grammar::JAVASCRIPT,
    ),
    braces("Kotlin", &["kotlin"], &["kt", "kts"]),
    braces("PHP", &["php"], &["php"]),
    braces("Scala", &["scala"], &["scala", "sc"]),
    braces("Swift", &["swift"], &["swift"]),
    with_grammar(braces("TypeScript", &["typescript"], &["ts", "mts", "cts"]), &grammar::TYPESCRIPT),
    // A separate language, because `<T>x` is a JSX tag here and a type assertion in TypeScript.
    with_grammar(braces("TypeScript with JSX", &["typescriptreact"], &["tsx"]), &grammar::TSX),
    braces("Zig", &["zig"], &["zig", "zon"]),
    Row { line_comment: None, ..braces("CSS", &["css"], &["css"]) },
    Row { line_comment: None, ..braces("JSON", &["json"], &["json"]) },
    braces("JSON with comments", &["jsonc"], &["jsonc"]),
    indentation("Dockerfile", &["dockerfile"], &["dockerfile"], "#"),
    indentation("Elixir", &["elixir"], &["ex", "exs"], "#"),
    indentation("Haskell", &["haskell"], &["hs"], "--"),
    indentation("Lua", &["lua"], &["lua"], "--"),
    indentation("Makefile", &["makefile"], &["makefile", "gnumakefile", "mk"], "#"),
    indentation("Ruby", &["ruby"], &["rb", "rake", "gemspec", "rakefile", "gemfile"], "#"),
    indentation("Shell", &["shellscript", "sh", "bash"], &["sh", "bash", "zsh", ".bashrc", ".profile", ".zshrc"], "#"),
    indentation("SQL", &["sql"], &["sql"], "--"),
    indentation("TOML", &["toml"], &["toml"], "#"),
    indentation("YAML", &["yaml"], &["yaml", "yml"], "#"),
    Row { line_comment: None, ..indentation("HTML", &["html"], &["html", "htm"], "") },
    Row { line_comment: None, ..indentation("Markdown", &["markdown"], &["md", "markdown"], "") },
];

/// Adds a grammar to `row`.
const fn with_grammar(row: Row, grammar: &'static Grammar) -> Row {
    Row { grammar: Some(grammar), ..row }
}

/// A row for a language with C-like syntax.
const fn braces(name: &'static str, ids: &'static [&'static str], extensions: &'static [&'static str]) -> Row {
    Row { ids, name, extensions, line_comment: Some("//"), block_style: BlockStyle::Braces, grammar: None }
}

/// A row for a language without braces.
const fn indentation(
    name: &'static str,
    ids: &'static [&'static str],
    extensions: &'static [&'static str],
    line_comment: &'static str,
) -> Row {
    Row { ids, name, extensions, line_comment: Some(line_comment), block_style: BlockStyle::Indentation, grammar: None }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn languages_are_found_by_identifier_and_path() {
        for (id, path, name) in [
            ("rust", "src/main.rs", "Rust"),
            ("python", "stubs/os.pyi", "Python"),
            ("python", "OLD.PY", "Python"),
            ("typescriptreact", "App.tsx", "TypeScript with JSX"),
            ("cpp", "a.b.hpp", "C++"),
            ("shellscript", "/home/me/.bashrc", "Shell"),
            ("dockerfile", "Dockerfile", "Dockerfile"),
            ("toml", "Cargo.toml", "TOML"),
            ("plaintext", "LICENSE", "plain text"),
            ("brainfuck", "a.bf", "plain text"),
            ("", "", "plain text"),
        ] {
            assert_eq!(Language::from_id(id).name(), name, "{id}");
            assert_eq!(Language::from_path(Path::new(path)).name(), name, "{path}");
        }
        assert_eq!(Language::from_id("brainfuck").id(), "plaintext");
        assert_eq!(Language::from_id("javascriptreact"), Language::from_id("javascript"));
        assert_ne!(Language::from_id("rust"), Language::PLAIN);
        assert_eq!(format!("{:?}", Language::from_id("rust")), "Language(rust)");
    }

    #[test]
    fn identifiers_and_extensions_are_unique() {
        let mut ids = HashSet::from(["plaintext"]);
        let mut extensions = HashSet::new();
        for row in LANGUAGES {
            assert!(!row.ids.is_empty(), "{}", row.name);
            assert!(row.ids.iter().all(|id| ids.insert(id)), "{}", row.name);
            assert!(row.extensions.iter().all(|extension| extensions.insert(extension)), "{}", row.name);
            assert_ne!(row.line_comment, Some(""), "{}", row.name);
        }
    }

    #[test]
    fn every_grammar_loads() {
        for row in LANGUAGES {
            if let Some(grammar) = row.grammar {
                assert!(tree_sitter::Parser::new().set_language(&grammar.language()).is_ok(), "{}", row.name);
                assert!(grammar.definitions().is_ok(), "{}: {:?}", row.name, grammar.definitions());
            }
        }
    }
}
