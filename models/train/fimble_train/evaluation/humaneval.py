"""How many answers to HumanEval-Infilling's cases pass the cases' own tests: pass@1 of one answer each.

    fimble eval HumanEval-SingleLineInfilling.jsonl.gz --each | python humaneval.py HumanEval-SingleLineInfilling.jsonl.gz

The answers are run, each in a process of its own in an empty folder, without an environment and for some seconds at most. That keeps
what a small model writes by accident from doing harm, and nothing that means to.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import evaluate

SECONDS = 10
REACHED = "all tests passed"  # what tells a program that got to its end from one that stops early and says it is well


def main() -> None:
    with gzip.open(sys.argv[1], "rt") as cases:
        answers = {case["task_id"]: case["answer"] for case in evaluate.each(sys.stdin)}
        print(passed(map(json.loads, cases), answers))


def passed(cases: Iterable[dict], answers: dict[str, str]) -> str:
    programs = [program(case, answers[case["task_id"]]) for case in cases if case["task_id"] in answers]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        right = sum(threads.map(passes, programs))
    return f"{right} of {len(programs)} answers pass: {right / len(programs):.1%}"


def program(case: dict, answer: str) -> str:
    # A solution that takes its line's end along leaves the cursor on a line of its own, as `fimble eval` puts it.
    end = "\n" if case["canonical_solution"].endswith("\n") else ""
    return f"{case['prompt']}{answer}{end}{case['suffix']}\n{case['test']}\ncheck({case['entry_point']})\nprint({REACHED!r})\n"


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


if __name__ == "__main__":
    main()
