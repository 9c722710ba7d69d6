"""Which licences are permissive enough for training data."""

import re

PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MIT-0",
    "NCSA", "PSF-2.0", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "Zlib",
}  # fmt: skip


def permissive(expression: str) -> bool:
    """Whether permissive licences alone satisfy an SPDX expression. Old crates write `/` for `OR`."""
    expression = re.sub(r" WITH [\w.-]+", "", expression).replace("/", " OR ").replace("(", " ( ").replace(")", " ) ")
    words = {"OR": "or", "AND": "and", "(": "(", ")": ")"}
    python = " ".join(words.get(word, str(word in PERMISSIVE)) for word in expression.split())
    # Only `or`, `and`, brackets and booleans are left, so evaluating the expression is safe.
    return bool(python) and bool(eval(python, {"__builtins__": {}}))
