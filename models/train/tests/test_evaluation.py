"""Healing, the n-gram baseline, HumanEval-Infilling, and the cross-file cases."""

import re
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from fimble_train.data.tokenizer import END
from fimble_train.evaluation import baselines, cases, humaneval
from fimble_train.evaluation.completer import Completer, NextToken

QUALITY = Path(__file__).resolve().parents[3] / "tests" / "quality"


class Silent(Completer):
    """Ends every answer at its first token."""

    def start(self, prefix: str, written: str, suffix: str, room: int) -> NextToken:
        return lambda allowed: END


def test_healing_allows_what_goes_on_with_the_typed_text(encoder: Tokenizer) -> None:
    completer = Silent(encoder, 64)
    completer.bytes[-3:] = [b"print", b"    ", b" let"]

    def allowed(held: bytes) -> set[bytes]:
        return {completer.bytes[token] for token in completer.allowed(held)}

    assert allowed(b"pri") == {b"p", b"print"}
    assert allowed(b" ") == {b" ", b" let"}


def test_ngrams_know_the_most_frequent_follower() -> None:
    tokens = np.array([1, 2, 3, 1, 2, 3, 1, 2, 4, 5, 6], np.uint64)
    table = baselines.followers(tokens, 3)
    assert baselines.look_up(table, (1, 2)) == 3
    assert baselines.look_up(table, (5, 6)) is None


def test_answers_pass_the_tests_of_their_case() -> None:
    case = {
        "task_id": "one",
        "prompt": "def double(x):\n",
        "canonical_solution": "    y = x + x\n",
        "suffix": "    return y\n",
        "test": "def check(candidate):\n    assert candidate(2) == 4\n",
        "entry_point": "double",
    }
    answers = {"    y = 2 * x": 1, "    y = x": 0, "    y = (": 0, "    exit()": 0}
    for answer, right in answers.items():
        assert humaneval.passed([case], {"one": answer}).startswith(f"{right} of 1 ")


@pytest.mark.parametrize("file", sorted(QUALITY.glob("*-cross-file.jsonl")), ids=lambda file: file.stem)
def test_cross_file_cases_need_a_name_that_is_not_near(file: Path) -> None:
    for case in cases.read(file):
        assert case["suffix"][:1] in ("", "\n")
        whole = (file.parent.parent / "repositories" / case["repository"] / case["path"]).read_text()
        assert case["prompt"] + case["canonical_solution"] + case["suffix"] == whole, case["task_id"]
        near = case["prompt"].split("\n")[-201:] + case["suffix"].split("\n")[:61]
        for name in case["names"]:
            assert name in case["canonical_solution"]
            assert not re.search(rf"\b{name}\b", "\n".join(near)), case["task_id"]
