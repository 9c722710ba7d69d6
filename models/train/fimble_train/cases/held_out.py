"""Writes the held-out cases of `tests/quality` from the test split, in HumanEval-Infilling's format.

    python cases.py configs/cpu.toml ../../tests/quality

A case's text is `prompt + canonical_solution + suffix`; the solution ends before its line feed. In `single-line` cases the
cursor stands after the indentation (three in five) or later in the line, in `mid-word` cases inside a word, and the rest of the
line is missing; in `multi-line` cases the body of a block is.
"""

import csv
import io
import json
import random
import re
import sys
import tokenize
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import data
import spans
from data import Source
from settings import Config, Sources

KINDS = {"single-line": ("line", 600), "multi-line": ("block", 200), "mid-word": ("word", 200)}
PROMPT = 2400  # characters at most, from a line start
SUFFIX = 800  # characters at most, to a line end
# Excerpts with a package registry's address are left out.
REGISTRY = re.compile(r"\b(crates\Wio|pypi\Worg|npmjs\Wcom)\b")
FIRST_LINE = 8  # lines before it are headers and imports without anything to go by


def main() -> None:
    sources = Config.load(sys.argv[1]).sources
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    files = data.read(sources, "test")
    for language in ["rust", "python"]:
        for kind, (span, count) in KINDS.items():
            made = cases([file for file in files if file.language == language], kind, span)
            with (folder / f"{language}-{kind}.jsonl").open("w") as out:
                for number in range(count):
                    case = next(made, None)
                    if case is None:
                        raise SystemExit(f"the test split has only {number} {kind} cases in {language}")
                    out.write(json.dumps({"task_id": f"{language}/{kind}/{number}", **case}, ensure_ascii=False) + "\n")
    (folder / "LICENSES.md").write_text(licences(sources))


def cases(files: list[Source], kind: str, span_kind: str) -> Iterator[dict[str, str]]:
    """Cases from all packages in turn, one of each file before a second of any, no solution twice."""
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
    """The lines that are comment or documentation: nobody's model writes the same sentence."""
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
    """Where the last whole lines of a text that fit into a size start."""
    return 0 if len(text) <= size else text.find("\n", len(text) - size) + 1


def line_end(text: str, size: int) -> int:
    """Where the first whole lines of a text that fit into a size end."""
    return len(text) if len(text) <= size else text.rfind("\n", 0, size) + 1


def licences(sources: Sources) -> str:
    with (sources.folder / "sources.tsv").open() as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["split"] == "test" and row["files"] != "0"]
    listed = "".join(f"| {row['name']} | {row['version']} | {row['licence']} |\n" for row in rows)
    return (
        "# Where the cases come from\n\n"
        "Each case is an excerpt of a published crate or Python package, named in its `source` field, and stays under that\n"
        "package's licence and its authors' copyright. The recipe in `models/train` trains on no file of these packages, in\n"
        "any version; its `cases.py` makes the cases. The cases of the `-file.jsonl` files are places in\n"
        "`tests/repositories`, which names its own.\n\n"
        f"| package | version | licence |\n|---|---|---|\n{listed}"
    )


if __name__ == "__main__":
    main()
