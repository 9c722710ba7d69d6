"""Exact match of answers to cases."""

from collections import defaultdict
from collections.abc import Callable

from fimble_train.evaluation.cases import Case, typed


def score(title: str, cases: list[Case], answer: Callable[[Case], str], examples: int) -> None:
    """Prints the share of right answers and the first `examples` answers.

    An answer is right if it equals the solution, apart from blanks at its end.
    """
    right: dict[str, list[bool]] = defaultdict(list)
    for number, case in enumerate(cases):
        given = answer(case)
        match = given.rstrip() == case["canonical_solution"].rstrip()
        right["all"].append(match)
        if case["kind"] == "single-line":
            right["inside the line" if typed(case["prompt"]).strip() else "whole line"].append(match)
        if number < examples:
            verdict = "right" if match else "wrong"
            print(f"{verdict}: {typed(case['prompt'])!r} {given!r}, not {case['canonical_solution']!r}")
    shares = ", ".join(f"{name} {100 * sum(found) / len(found):.1f} %" for name, found in right.items())
    print(f"{title}: {shares} of {len(cases)}", flush=True)
