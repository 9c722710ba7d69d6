//! The tree-sitter grammars, each with the query that finds the definitions in a file.

use std::sync::OnceLock;

use tree_sitter::{Query, QueryError};

/// A built-in grammar.
pub(crate) struct Grammar {
    language: fn() -> tree_sitter::Language,
    /// The query for the outline; see [`crate::document::outline`].
    definitions: &'static str,
    query: OnceLock<Result<Query, QueryError>>,
}

pub(crate) static RUST: Grammar = Grammar::new(|| tree_sitter_rust::LANGUAGE.into(), include_str!("queries/rust.scm"));
pub(crate) static PYTHON: Grammar =
    Grammar::new(|| tree_sitter_python::LANGUAGE.into(), include_str!("queries/python.scm"));
pub(crate) static C: Grammar = Grammar::new(|| tree_sitter_c::LANGUAGE.into(), include_str!("queries/c.scm"));
pub(crate) static CPP: Grammar = Grammar::new(
    || tree_sitter_cpp::LANGUAGE.into(),
    concat!(include_str!("queries/c.scm"), include_str!("queries/cpp.scm")),
);
pub(crate) static GO: Grammar = Grammar::new(|| tree_sitter_go::LANGUAGE.into(), include_str!("queries/go.scm"));
pub(crate) static JAVA: Grammar = Grammar::new(|| tree_sitter_java::LANGUAGE.into(), include_str!("queries/java.scm"));
pub(crate) static JAVASCRIPT: Grammar =
    Grammar::new(|| tree_sitter_javascript::LANGUAGE.into(), include_str!("queries/javascript.scm"));
pub(crate) static TYPESCRIPT: Grammar = Grammar::new(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), TYPED);
pub(crate) static TSX: Grammar = Grammar::new(|| tree_sitter_typescript::LANGUAGE_TSX.into(), TYPED);

const TYPED: &str = concat!(include_str!("queries/javascript.scm"), include_str!("queries/typescript.scm"));

impl Grammar {
    const fn new(language: fn() -> tree_sitter::Language, definitions: &'static str) -> Self {
        Self { language, definitions, query: OnceLock::new() }
    }

    pub(crate) fn language(&self) -> tree_sitter::Language {
        (self.language)()
    }

    /// The compiled query. It can only fail because of a mistake in the `.scm` file, and a test checks all of them.
    pub(crate) fn definitions(&self) -> Result<&Query, &QueryError> {
        self.query.get_or_init(|| Query::new(&self.language(), self.definitions)).as_ref()
    }
}
