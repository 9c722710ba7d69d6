"""Writes the cases of tests/quality that need another file than the one at the cursor, and a control set that does not.

A case is the rest of a line in a file of a repository: the text between the bytes `start` and `end` of `path`. It
contains at least one name (`names`) that the text near the cursor does not reveal: it occurs neither in the 200 lines
above the cursor (120 in in-file cases) nor in the 60 lines below. In cross-file cases the name is defined only in other
files, in in-file cases only in the same file.
"""

import builtins
import json
import random
import re
from argparse import ArgumentParser, Namespace
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from tree_sitter import Node, Parser, Query, QueryCursor

from fimble_train.cases.grammars import GRAMMARS, Grammar
from fimble_train.cases.held_out import in_turn
from fimble_train.data.splits import Source
from fimble_train.evaluation.cases import Case

COUNT = 400  # cases of a kind, at most; the repositories have fewer of some kinds
WINDOW = {"cross-file": (200, 60), "in-file": (120, 60)}  # lines above and below that do not contain a needed name
SHORTEST, LONGEST = 3, 60  # characters of a solution
FILES = 3  # a name defined in more other files than this is a convention, not a definition to look up
WORD = re.compile(r"[^\W\d]\w*")
WORD_START = re.compile(rb"\b[^\W\d]")

# The start and end of a solution in bytes, and the names it needs.
Candidate = tuple[int, int, list[str]]


@dataclass(frozen=True)
class File:
    repository: str
    path: str
    text: bytes
    starts: list[int]  # byte offsets of lines
    lines: list[set[str]]  # the words of each line
    defined: set[str]
    bound: set[str]
    uses: list[tuple[int, int, str]]  # start and end in bytes
    strings: list[tuple[int, int]]

    def line(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("repositories", type=Path, metavar="REPOSITORIES", help="tests/repositories")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write: tests/quality")


def main(options: Namespace) -> None:
    for language, grammar in GRAMMARS.items():
        files = [
            parse(grammar, path.relative_to(options.repositories), path.read_bytes())
            for path in sorted(options.repositories.glob(f"*/**/*{grammar.suffix}"))
        ]
        common = common_words(options.folder, language, files)
        for kind in ["cross-file", "in-file"]:
            made = list(islice(cases(files, common, language, kind), COUNT))
            with (options.folder / f"{language}-{kind}.jsonl").open("w") as out:
                for number, case in enumerate(made):
                    task = {"task_id": f"{language}/{kind}/{number}", **case}
                    out.write(json.dumps(task, ensure_ascii=False) + "\n")
            sources = {(case["repository"], case["path"]) for case in made}
            print(f"{language}-{kind}: {len(made)} cases from {len(sources)} files")


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
        {content(node) for node in defined},
        set(chain.from_iterable(WORD.findall(content(node)) for node in captured(grammar, grammar.bound, root))),
        sorted(
            {
                (node.start_byte, node.end_byte, content(node))
                for node in captured(grammar, grammar.uses, root)
                if not inside(node) and node.start_byte not in defining
            }
        ),
        [(node.start_byte, node.end_byte) for node in captured(grammar, grammar.strings, root, "string")],
    )


def captured(grammar: Grammar, query: str, root: Node, name: str = "name") -> list[Node]:
    return QueryCursor(Query(grammar.language, query)).captures(root).get(name, [])


def content(node: Node) -> str:
    assert node.text is not None, "the tree was parsed from bytes"
    return node.text.decode()


def common_words(folder: Path, language: str, files: list[File]) -> set[str]:
    """Words that occur in several projects: these repositories, and the crates and packages of the other cases.

    Attributes of Python's built-in types count as well. Those of Rust's types occur in enough projects.
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


def cases(files: list[File], common: set[str], language: str, kind: str) -> Iterator[Case]:
    """Cases from all repositories in turn, one from each file before a second from any, without repeated lines."""
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


def candidates(file: File, homes: dict[tuple[str, str], list[str]], kind: str, chance: random.Random) -> list[Candidate]:
    """One solution for each line that has any, in random order."""
    above, below = WINDOW[kind]
    needed: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    # Lines with a needed name of the other kind.
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
        words = [at for at in words if at in short and at <= uses[-1][0]]
        words = [at for at in words if not any(first < at < last for first, last in file.strings)]
        if not (names or words) or line in mixed:
            continue
        # Half of the solutions start at a needed name, the others at a word before it.
        start = chance.choice(names if names and (not words or chance.random() < 0.5) else words)
        solution = file.text[start:end].decode()
        typed = WORD.findall(file.text[begin:start].decode())
        missing = sorted({name for at, _, name in uses if at >= start and name not in typed})
        if missing and solution == solution.strip():
            found.append((start, end, missing))
    return chance.sample(found, len(found))


def extent(file: File, line: int) -> tuple[int, int]:
    """The start and end of a line without its line feed, in bytes."""
    return file.starts[line], file.starts[line + 1] - 1 if line + 1 < len(file.starts) else len(file.text)
