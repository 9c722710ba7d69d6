"""Runs answers to HumanEval-Infilling against the tests of their cases: pass@1 with one answer each.

    fimble eval CASES --each | python -m fimble_train humaneval CASES

CASES is HumanEval-SingleLineInfilling.jsonl.gz. Each answer runs in a process of its own, in an empty folder, without an
environment and for at most ten seconds. This limits accidents, not code that means harm.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fimble_train.evaluation.cases import Case, answered

SECONDS = 10
# Printed at the end of a program: one that exits early has not passed.
REACHED = "all tests passed"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("cases", type=Path, metavar="CASES", help="the cases, as gzipped JSON lines")


def main(options: Namespace) -> None:
    with gzip.open(options.cases, "rt") as cases:
        answers = {case["task_id"]: case["answer"] for case in answered(sys.stdin)}
        print(passed(map(json.loads, cases), answers))


def passed(cases: Iterable[Case], answers: dict[str, str]) -> str:
    programs = [program(case, answers[case["task_id"]]) for case in cases if case["task_id"] in answers]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        right = sum(threads.map(passes, programs))
    return f"{right} of {len(programs)} answers pass: {right / len(programs):.1%}"


def program(case: Case, answer: str) -> str:
    # If the solution includes its line feed, the cursor is on a line of its own; `fimble eval` leaves the line feed out.
    end = "\n" if case["canonical_solution"].endswith("\n") else ""
    code = f"{case['prompt']}{answer}{end}{case['suffix']}\n{case['test']}\n"
    return f"{code}check({case['entry_point']})\nprint({REACHED!r})\n"


def passes(source: str) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = subprocess.run(
                [sys.executable, "-I", "-"],
                input=source,
                text=True,
                cwd=folder,
                env={},
                timeout=SECONDS,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return run.returncode == 0 and run.stdout.endswith(REACHED + "\n")
