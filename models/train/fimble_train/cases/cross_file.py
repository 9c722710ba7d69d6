"""Writes the cases of `tests/quality` that need another file than the one at the cursor, and a control set that does not.

    python cross_file.py ../../tests/repositories ../../tests/quality

A case is the rest of a line in a file of a repository: the text between the bytes `start` and `end` of `path`. It holds at
least one name (`names`) that nobody could know from the text near the cursor: in `cross-file` cases it is defined in other
files only, in `in-file` cases in the same file only, and in neither does it occur in the 200 lines above nor in the 60 below.
"""

import builtins
import json
import random
import re
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import tree_sitter_python
import tree_sitter_rust
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from cases import in_turn
from data import Source

COUNT = 400  # cases of a kind at most; the repositories have fewer of some
WINDOW = {"cross-file": (200, 60), "in-file": (120, 60)}  # lines above and below in which a needed name does not occur
SHORTEST, LONGEST = 3, 60  # characters of a solution
FILES = 3  # a name defined in more other files than this is no definition to look for, but a convention
WORD = re.compile(r"[^\W\d]\w*")
WORD_START = re.compile(rb"\b[^\W\d]")


@dataclass(frozen=True)
class Grammar:
    language: Language
    suffix: str
    definitions: str  # a query: @name
    uses: str  # a query: @name, of what is defined somewhere and can be called, read or constructed
    bound: str  # a query: @name, what a file names itself without defining it for others
    skipped: str  # a query: @skip, where no cursor stands
    strings: str  # a query: @string, in which a solution starts at a needed name only


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


@dataclass(frozen=True)
class File:
    repository: str
    path: str
    text: bytes
    starts: list[int]  # byte offsets of lines
    lines: list[set[str]]  # words of each
    defined: set[str]
    bound: set[str]
    uses: list[tuple[int, int, str]]  # start and end in bytes
    strings: list[tuple[int, int]]

    def line(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1


def main() -> None:
    repositories, folder = Path(sys.argv[1]), Path(sys.argv[2])
    for language, grammar in GRAMMARS.items():
        files = [
            parse(grammar, path.relative_to(repositories), path.read_bytes())
            for path in sorted(repositories.glob(f"*/**/*{grammar.suffix}"))
        ]
        common = common_words(folder, language, files)
        for kind in ["cross-file", "in-file"]:
            made = list(islice(cases(files, common, language, kind), COUNT))
            with (folder / f"{language}-{kind}.jsonl").open("w") as out:
                for number, case in enumerate(made):
                    out.write(json.dumps({"task_id": f"{language}/{kind}/{number}", **case}, ensure_ascii=False) + "\n")
            print(f"{language}-{kind}: {len(made)} cases of {len({(case['repository'], case['path']) for case in made})} files")


def parse(grammar: Grammar, path: Path, text: bytes) -> File:
    root = Parser(grammar.language).parse(text).root_node
    skipped = [(node.start_byte, node.end_byte) for node in captured(grammar, grammar.skipped, root, "skip")]

    def inside(node: Node) -> bool:
        return any(start <= node.start_byte < end for start, end in skipped)

    defined = [node for node in captured(grammar, grammar.definitions, root) if not inside(node)]
    defining = {node.start_byte for node in defined}
    lines = text.split(b"\n")
    return File(
        path.parts[0],
        Path(*path.parts[1:]).as_posix(),
        text,
        [0, *(match.end() for match in re.finditer(rb"\n", text))],
        [set(WORD.findall(line.decode())) for line in lines],
        {node.text.decode() for node in defined},
        set(chain.from_iterable(WORD.findall(node.text.decode()) for node in captured(grammar, grammar.bound, root))),
        sorted(
            {
                (node.start_byte, node.end_byte, node.text.decode())
                for node in captured(grammar, grammar.uses, root)
                if not inside(node) and node.start_byte not in defining
            }
        ),
        [(node.start_byte, node.end_byte) for node in captured(grammar, grammar.strings, root, "string")],
    )


def captured(grammar: Grammar, query: str, root: Node, name: str = "name") -> list[Node]:
    return QueryCursor(Query(grammar.language, query)).captures(root).get(name, [])


def common_words(folder: Path, language: str, files: list[File]) -> set[str]:
    """Words of more than one project: of the repositories here, and of the crates and packages of the other cases.

    Attributes of Python's built-in types count as well; those of Rust's are in enough projects.
    """
    projects: dict[str, set[str]] = defaultdict(set)
    for file in files:
        projects[file.repository].update(*file.lines)
    for kind in ["single-line", "multi-line", "mid-word"]:
        for line in (folder / f"{language}-{kind}.jsonl").open():
            case = json.loads(line)
            text = case["prompt"] + case["canonical_solution"] + case["suffix"]
            projects[case["source"].partition("/")[0]].update(WORD.findall(text))
    counts = Counter(chain.from_iterable(projects.values()))
    known = chain.from_iterable(dir(value) for value in vars(builtins).values() if isinstance(value, type))
    return {word for word, count in counts.items() if count > 1} | (set(known) if language == "python" else set())


def cases(files: list[File], common: set[str], language: str, kind: str) -> Iterator[dict]:
    """From all repositories in turn, one case of each file before a second of any, no line twice."""
    chance = random.Random(f"{language}/{kind}")
    homes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in files:
        for name in file.defined - common:
            homes[file.repository, name].append(file.path)
    places = {(file.repository, file.path): candidates(file, homes, kind, chance) for file in files}
    sources = [Source(file.repository, language, file.path, "") for file in files]
    by_place = {(file.repository, file.path): file for file in files}
    seen: set[str] = set()
    for _ in range(max(map(len, places.values()))):
        for source in in_turn(sources, chance):
            place = source.package, source.path
            while places[place]:
                start, end, names = places[place].pop()
                file = by_place[place]
                solution = file.text[start:end].decode()
                whole = file.text[slice(*extent(file, file.line(start)))].decode().strip()
                if {solution, whole} & seen:
                    continue
                seen |= {solution, whole}
                yield {
                    "language": language,
                    "kind": kind,
                    "repository": place[0],
                    "path": place[1],
                    "start": start,
                    "end": end,
                    "canonical_solution": solution,
                    "names": names,
                    "defined_in": sorted({path for name in names for path in homes[place[0], name]}),
                }
                break


def candidates(
    file: File, homes: dict[tuple[str, str], list[str]], kind: str, chance: random.Random
) -> list[tuple[int, int, list[str]]]:
    """Start, end and needed names of one solution for each line that has any, in random order."""
    above, below = WINDOW[kind]
    needed: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    mixed = set()
    for start, end, name in file.uses:
        paths = homes.get((file.repository, name), [])
        elsewhere = name not in file.defined and name not in file.bound and 0 < len(paths) <= FILES
        here = file.path in paths and sum(name in words for words in file.lines) > 1
        line = file.line(start)
        around = chain(file.lines[max(0, line - above) : line], file.lines[line + 1 : line + 1 + below])
        if not (elsewhere or here) or any(name in words for words in around):
            continue
        if elsewhere == (kind == "cross-file"):
            needed[line].append((start, end, name))
        else:
            mixed.add(line)
    found = []
    for line, uses in needed.items():
        begin, end = extent(file, line)
        short = range(end - LONGEST, end - SHORTEST + 1)
        names = [start for start, _, _ in uses if start in short]
        words = [begin + match.start() for match in WORD_START.finditer(file.text[begin:end])]
        words = [at for at in words if at in short and at <= uses[-1][0] and not any(a < at < b for a, b in file.strings)]
        if not (names or words) or line in mixed:
            continue
        # At a needed name half of the time, else at some word of the line before it.
        start = chance.choice(names if names and (not words or chance.random() < 0.5) else words)
        solution = file.text[start:end].decode()
        typed = WORD.findall(file.text[begin:start].decode())
        missing = sorted({name for at, _, name in uses if at >= start and name not in typed})
        if missing and solution == solution.strip():
            found.append((start, end, missing))
    return chance.sample(found, len(found))


def extent(file: File, line: int) -> tuple[int, int]:
    """Where a line starts and ends, without its line feed."""
    return file.starts[line], file.starts[line + 1] - 1 if line + 1 < len(file.starts) else len(file.text)


if __name__ == "__main__":
    main()
