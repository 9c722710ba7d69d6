//! The languages fimble knows by name. A language is added by adding a row to the table; one with a grammar gets a
//! syntax tree, one without is completed from its text and its [`BlockStyle`] alone.

mod grammar;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;

use crate::language::grammar::Grammar;

/// A handle on a row of the table, cheap to copy. Equal where the language identifier is.
#[derive(Clone, Copy)]
pub struct Language(&'static Row);

/// How a language shows where a block begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockStyle {
    /// `{` opens a block and `}` closes it.
    Braces,
    /// A block is what is indented deeper than the line that opens it. Also for languages that close blocks with a
    /// keyword, where indentation is the one sign they share.
    Indentation,
}

struct Row {
    /// Language identifiers as LSP clients send them ("TextDocumentItem", LSP 3.17); the first is the one shown.
    ids: &'static [&'static str],
    name: &'static str,
    /// File extensions without the dot, and whole names of files that have no extension.
    extensions: &'static [&'static str],
    /// What begins a comment that runs to the end of the line.
    line_comment: Option<&'static str>,
    block_style: BlockStyle,
    grammar: Option<&'static Grammar>,
}

impl Language {
    /// Text of no known language. It keeps nothing of the identifier or path it was looked up by.
    pub const PLAIN: Language = Language(&PLAIN);

    /// The language a client means by `id` ([`Language::PLAIN`] for one not in the table).
    pub fn from_id(id: &str) -> Self {
        LANGUAGES.iter().find(|row| row.ids.contains(&id)).map_or(Self::PLAIN, Self)
    }

    /// The language of a file, from its name alone ([`Language::PLAIN`] where that says nothing).
    pub fn from_path(path: &Path) -> Self {
        let Some(extension) = path.extension().or(path.file_name()).and_then(|extension| extension.to_str()) else {
            return Self::PLAIN;
        };
        let known = |row: &&Row| row.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension));
        LANGUAGES.iter().find(known).map_or(Self::PLAIN, Self)
    }

    /// The LSP language identifier; `plaintext` for [`Language::PLAIN`].
    pub fn id(self) -> &'static str {
        self.0.ids[0]
    }

    /// The name to show a person.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What begins a comment that runs to the end of the line; `None` where the language has no such comment.
    pub fn line_comment(self) -> Option<&'static str> {
        self.0.line_comment
    }

    pub fn block_style(self) -> BlockStyle {
        self.0.block_style
    }

    /// `None` where none is built in.
    pub(crate) fn grammar(self) -> Option<&'static Grammar> {
        self.0.grammar
    }

    /// Whether its files can be parsed.
    pub fn has_grammar(self) -> bool {
        self.0.grammar.is_some()
    }

    /// The extensions, without the dot, of the files that can be parsed.
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
    // A language of its own: `<T>x` is a tag here, and a type assertion there.
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

/// `row` with a grammar.
const fn with_grammar(row: Row, grammar: &'static Grammar) -> Row {
    Row { grammar: Some(grammar), ..row }
}

/// A row of a language that looks like C, without a grammar.
const fn braces(name: &'static str, ids: &'static [&'static str], extensions: &'static [&'static str]) -> Row {
    Row { ids, name, extensions, line_comment: Some("//"), block_style: BlockStyle::Braces, grammar: None }
}

/// A row of a language without braces, without a grammar.
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
    fn identifiers_and_paths_name_languages() {
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
    fn no_identifier_or_extension_names_two_languages() {
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
