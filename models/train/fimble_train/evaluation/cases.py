"""Held-out cases: a text with a hole in it, and the solution that fits the hole."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# One line of a cases file, in HumanEval-Infilling's format. The text is `prompt + canonical_solution + suffix`.
Case = dict[str, Any]


def read(file: Path) -> Iterator[Case]:
    """Cases with their text. A case from `cross-file` names a place in a repository beside the folder of the cases."""
    with file.open() as lines:
        for case in map(json.loads, lines):
            if "repository" in case:
                path = file.resolve().parent.parent / "repositories" / case["repository"] / case["path"]
                text = path.read_bytes()
                case |= {"prompt": text[: case["start"]].decode(), "suffix": text[case["end"] :].decode()}
            yield case


def answered(lines: Iterable[str]) -> Iterator[Case]:
    """The cases that `fimble eval --each` prints before its figures."""
    return (json.loads(line) for line in lines if line.startswith("{"))


def typed(prompt: str) -> str:
    """The text before the cursor in the cursor's line. The prompt is pinned at the start of this line."""
    return prompt[prompt.rfind("\n") + 1 :]
