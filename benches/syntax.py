"""Counts suggestions that break the syntax of a file that parsed, or repeat a neighbouring line, without fimble's own checks.

    python3 benches/syntax.py [--limit N] [--model NAME|PATH] [--examples N] [--without FILTER...] [CASES...]
    python3 benches/syntax.py --answers FILE

Prints Markdown. Needs a built binary, `target/release/fimble` or the one that `FIMBLE` names, and `pip install tree-sitter
tree-sitter-rust tree-sitter-python`. `--answers` reads the output of an earlier `fimble eval --each`.
"""

import argparse
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import tree_sitter_python
import tree_sitter_rust
from tree_sitter import Language, Parser

ROOT = Path(__file__).resolve().parent.parent
FIMBLE = os.environ.get("FIMBLE", str(ROOT / "target/release/fimble"))
PARSERS = {
    "rust": Parser(Language(tree_sitter_rust.language())),
    "python": Parser(Language(tree_sitter_python.language())),
}
LEAST_CONFIDENCE = 0.2  # the default of `min_confidence`, below which an editor shows a suggestion only on request


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("cases", nargs="*", type=Path, default=sorted((ROOT / "tests/quality").glob("*.jsonl")))
    arguments.add_argument("--limit", default=str(10**9), help="number of cases from each file")
    arguments.add_argument("--model", default="embedded")
    arguments.add_argument("--without", action="append", default=[], help="also judge the suggestions without this filter")
    arguments.add_argument("--answers", type=Path, action="append", default=[], help="read answers from a file instead of asking a model")
    arguments.add_argument("--examples", type=int, default=0, help="number of faulty suggestions to print")
    options = arguments.parse_args()
    cases = {case["task_id"]: case for case in read(options.cases)}
    answers = read(options.answers) if options.answers else ask(options)
    judged: dict[str, Counter] = {}
    for answer in answers:
        counts = judged.setdefault(answer["without"] or "nothing", Counter())
        faults = list(judge(cases[answer["task_id"]], answer))
        counts.update(faults)
        if options.examples and {"breaks", "leaves an error", "repeats"} & set(faults):
            options.examples -= 1
            print(json.dumps([answer["task_id"], faults, answer["answer"], answer["expected"]]))
    table(judged)


def read(paths: Iterable[Path]) -> Iterator[dict]:
    for path in paths:
        with path.open() as lines:
            yield from (json.loads(line) for line in lines if line.startswith("{"))


def ask(options: argparse.Namespace) -> Iterator[dict]:
    command = [FIMBLE, "eval", "--each", "--model", options.model, "--limit", options.limit]
    command += [argument for name in options.without for argument in ("--without", name)]
    with subprocess.Popen([*command, *options.cases], stdout=subprocess.PIPE, text=True) as process:
        yield from (json.loads(line) for line in process.stdout or () if line.startswith("{"))
    if process.returncode:
        raise SystemExit(process.returncode)


def judge(case: dict, answer: dict) -> Iterator[str]:
    """Yields the names of the counters that one answer increments."""
    yield "requests"
    text, solution = answer["answer"].replace("\r\n", "\n"), case["canonical_solution"]
    if not text or answer["confidence"] < LEAST_CONFIDENCE:
        return
    before, after = around(case)
    language = case["language"]
    yield "shown"
    if answer["exact"]:
        yield "right"
    fits = parses(language, before + text + after)
    if parses(language, before + after):
        yield "parsed"
        if not fits:
            yield "breaks"
            yield "opens a block" if opens_block(text, language) else "breaks otherwise"
    if parses(language, before + solution + after):
        yield "parses when finished"
        if not fits:
            yield "leaves an error"
    if repeats(before, text, after):
        yield "repeats"


def around(case: dict) -> tuple[str, str]:
    if "repository" not in case:
        return case["prompt"], case["suffix"]
    file = (ROOT / "tests/repositories" / case["repository"] / case["path"]).read_bytes()
    return file[: case["start"]].decode(), file[case["end"] :].decode()


def parses(language: str, text: str) -> bool:
    return not PARSERS[language].parse(text.encode()).root_node.has_error


def opens_block(text: str, language: str) -> bool:
    return "\n" not in text and text.rstrip().endswith(":" if language == "python" else "{")


def repeats(before: str, text: str, after: str) -> bool:
    """Returns whether the suggestion's first or last line equals the line above or below, ignoring blank lines."""
    rest = after.split("\n")[0]
    lines = (before.split("\n")[-1] + text + rest).split("\n")
    above = [line.strip() for line in before.split("\n")[:-1] if line.strip()]
    below = [line.strip() for line in after.split("\n")[1:] if line.strip()]
    first, last = lines[0].strip(), lines[-1].strip()
    says_something = len(first) > 4 and len(last) > 4  # short lines such as brackets, `else` and `pass` often repeat
    return says_something and (first in above[-1:] or last in below[:1])


def table(judged: dict[str, Counter]) -> None:
    print("| without | requests | shown | right | in text that parsed | break it | of those, open a block | in a line that"
          " parses when finished | leave an error | repeat a neighbouring line |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for without, counts in judged.items():
        share = lambda name, of: f"{counts[name]:,} ({counts[name] / max(1, counts[of]):.2%})"  # noqa: E731
        row = [without, f"{counts['requests']:,}", f"{counts['shown']:,}", share("right", "shown"),
               f"{counts['parsed']:,}", share("breaks", "parsed"), f"{counts['opens a block']:,}",
               f"{counts['parses when finished']:,}", share("leaves an error", "parses when finished"),
               f"{counts['repeats']:,}"]
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
