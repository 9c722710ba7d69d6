"""Writes the held-out cases of tests/quality from the test split, in HumanEval-Infilling's format.

The text of a case is `prompt + canonical_solution + suffix`; the solution ends before its line feed. In single-line cases
the cursor is after the indentation (three cases in five) or later in the line, in mid-word cases inside a word, and the
rest of the line is missing. In multi-line cases the body of a block is missing.
"""

import csv
import io
import json
import random
import re
import tokenize
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from fimble_train.data import spans, splits
from fimble_train.data.splits import Source
from fimble_train.settings import Config, Sources, add_config

# For each kind of case, the kind of span and the number of cases.
KINDS = {"single-line": ("line", 600), "multi-line": ("block", 200), "mid-word": ("word", 200)}
PROMPT = 2400  # characters, at most; starts at a line start
SUFFIX = 800  # characters, at most; ends at a line end
# Excerpts with a package registry's address are left out.
REGISTRY = re.compile(r"\b(crates\Wio|pypi\Worg|npmjs\Wcom)\b")
FIRST_LINE = 8  # the lines before it are headers and imports, with nothing to complete them from


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to write, such as tests/quality")


def main(options: Namespace) -> None:
    sources = Config.load(options.config).sources
    options.folder.mkdir(parents=True, exist_ok=True)
    files = splits.read(sources, "test")
    for language in ["rust", "python"]:
        for kind, (span, count) in KINDS.items():
            made = cases([file for file in files if file.language == language], kind, span)
            with (options.folder / f"{language}-{kind}.jsonl").open("w") as out:
                for number in range(count):
                    case = next(made, None)
                    if case is None:
                        raise SystemExit(f"the test split has only {number} {kind} cases in {language}")
                    task = {"task_id": f"{language}/{kind}/{number}", **case}
                    out.write(json.dumps(task, ensure_ascii=False) + "\n")
    (options.folder / "LICENSES.md").write_text(licences(sources))


def cases(files: list[Source], kind: str, span_kind: str) -> Iterator[dict[str, str]]:
    """Cases from all packages in turn, one from each file before a second from any, without repeated solutions."""
    chance = random.Random(kind)
    seen = set()
    for _ in range(20):
        for file in in_turn(files, chance):
            lines = spans.LINES.findall(file.text)
            at = chance.randrange(len(lines))
            span = spans.KINDS[span_kind](lines, at, chance)
            if span is None or at < FIRST_LINE or at in prose(file, lines):
                continue
            middle = span.middle(lines)
            solution = middle[span.typed :]
            whole = middle.strip()
            if sum(map(str.isalnum, solution)) < 3 or whole in seen:
                continue
            seen.add(whole)
            before = "".join(lines[: span.first])
            before = before[line_start(before, PROMPT) :]
            after = lines[span.last][span.end :] + "".join(lines[span.last + 1 :])
            after = after[: line_end(after, SUFFIX)]
            if REGISTRY.search(before + middle + after):
                continue
            yield {
                "prompt": before + middle[: span.typed],
                "suffix": after,
                "canonical_solution": solution,
                "language": file.language,
                "kind": kind,
                "source": f"{file.package}/{file.path}",
            }


def in_turn(files: list[Source], chance: random.Random) -> Iterator[Source]:
    """One file of each package, then another of each, in random order."""
    packages: dict[str, list[Source]] = {}
    for file in chance.sample(files, len(files)):
        packages.setdefault(file.package, []).append(file)
    for turn in zip_longest(*packages.values()):
        yield from filter(None, turn)


def prose(file: Source, lines: list[str]) -> set[int]:
    """The lines that are comments or documentation: no model writes the same sentence as an author."""
    found = {number for number, line in enumerate(lines) if spans.is_comment(line)}
    if file.language == "python":
        rows = [number for number, line in enumerate(lines) for _ in range(line.count("\n"))]
        try:
            for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
                if token.type == tokenize.STRING and token.start[0] != token.end[0]:
                    found |= set(rows[token.start[0] - 1 : token.end[0]])
        except (tokenize.TokenError, IndentationError):
            found |= set(rows)
    return found


def line_start(text: str, size: int) -> int:
    """The start of the last whole lines that fit into `size` characters."""
    return 0 if len(text) <= size else text.find("\n", len(text) - size) + 1


def line_end(text: str, size: int) -> int:
    """The end of the first whole lines that fit into `size` characters."""
    return len(text) if len(text) <= size else text.rfind("\n", 0, size) + 1


def licences(sources: Sources) -> str:
    with (sources.folder / "sources.tsv").open() as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["split"] == "test" and row["files"] != "0"]
    listed = "".join(f"| {row['name']} | {row['version']} | {row['licence']} |\n" for row in rows)
    return (
        "# Where the cases come from\n\n"
        "Each case is an excerpt of a published crate or Python package, named in its `source` field, and stays under that\n"
        "package's licence and its authors' copyright. The recipe in `models/train` trains on no file of these packages, in\n"
        "any version; its command `cases` makes the cases. The cases of the `-file.jsonl` files are places in\n"
        "`tests/repositories`, which names its own.\n\n"
        f"| package | version | licence |\n|---|---|---|\n{listed}"
    )
