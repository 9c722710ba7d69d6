"""Queries for the names in Rust and Python files, in tree-sitter's query language."""

from dataclasses import dataclass

import tree_sitter_python
import tree_sitter_rust
from tree_sitter import Language


@dataclass(frozen=True)
class Grammar:
    language: Language
    suffix: str
    definitions: str  # a query with @name: the names that an item defines
    uses: str  # a query with @name: names that are called, read or constructed and defined somewhere
    bound: str  # a query with @name: names that a file binds without defining them for others
    skipped: str  # a query with @skip: code where no case places the cursor
    strings: str  # a query with @string: in a string, a solution starts only at a needed name


RUST = Grammar(
    Language(tree_sitter_rust.language()),
    ".rs",
    """
    (function_item name: (identifier) @name)
    (function_signature_item name: (identifier) @name)
    (struct_item name: (type_identifier) @name)
    (enum_item name: (type_identifier) @name)
    (union_item name: (type_identifier) @name)
    (trait_item name: (type_identifier) @name)
    (type_item name: (type_identifier) @name)
    (associated_type name: (type_identifier) @name)
    (enum_variant name: (identifier) @name)
    (field_declaration name: (field_identifier) @name)
    (const_item name: (identifier) @name)
    (static_item name: (identifier) @name)
    (macro_definition name: (identifier) @name)
    """,
    """
    (field_expression field: (field_identifier) @name)
    (field_initializer field: (field_identifier) @name)
    (field_pattern name: (field_identifier) @name)
    (type_identifier) @name
    (scoped_identifier name: (identifier) @name)
    (scoped_identifier path: (identifier) @name)
    (call_expression function: (identifier) @name)
    (macro_invocation macro: (identifier) @name)
    """,
    """
    (let_declaration pattern: (_) @name)
    (parameter pattern: (_) @name)
    (closure_parameters (_) @name)
    (type_parameters (_) @name)
    """,
    """
    (use_declaration) @skip
    (attribute_item) @skip
    (line_comment) @skip
    (block_comment) @skip
    (mod_item name: (identifier) @tests body: (_) @skip (#match? @tests "^tests?$"))
    """,
    "(string_literal) @string (char_literal) @string",
)
PYTHON = Grammar(
    Language(tree_sitter_python.language()),
    ".py",
    """
    (function_definition name: (identifier) @name)
    (class_definition name: (identifier) @name)
    (module (expression_statement (assignment left: (identifier) @name)))
    (class_definition body: (block (expression_statement (assignment left: (identifier) @name))))
    ((assignment left: (attribute object: (identifier) @self attribute: (identifier) @name)) (#eq? @self "self"))
    """,
    """
    (attribute attribute: (identifier) @name)
    (call function: (identifier) @name)
    (argument_list (identifier) @name)
    (attribute object: (identifier) @name)
    (type (identifier) @name)
    (raise_statement (identifier) @name)
    """,
    """
    (assignment left: (identifier) @name)
    (assignment left: (pattern_list (identifier) @name))
    (for_statement left: (_) @name)
    (for_in_clause left: (_) @name)
    (as_pattern_target) @name
    (parameters (_) @name)
    (lambda_parameters (_) @name)
    """,
    """
    (import_statement) @skip
    (import_from_statement) @skip
    (comment) @skip
    (expression_statement (string)) @skip
    """,
    "(string) @string",
)
GRAMMARS = {"rust": RUST, "python": PYTHON}
