"""Which files are worth learning from, and near-copies."""

import re
import zlib

# Copies of other projects, under licences of their own.
VENDORED = re.compile(r"(^|/)(_?vendor(ed)?|_?extern(al|s)?|third_party|site-packages)/")
GENERATED = re.compile(
    r"@generated|do not (edit|modify)|auto(matically|-)? ?generated|generated (by|from|with)|bindgen", re.IGNORECASE
)


class NearCopies:
    """Remembers the lines of the files kept so far. A file is a near-copy if most of its lines are known."""

    def __init__(self) -> None:
        self.lines: set[int] = set()

    def seen(self, text: str) -> bool:
        """Whether the file is a near-copy; if not, its lines are remembered."""
        # Brackets and common statements occur everywhere, so short lines do not count.
        lines = {hash(line) for line in map(str.strip, text.split("\n")) if len(line) >= 20}
        if len(lines & self.lines) > 0.5 * len(lines):
            return True
        self.lines |= lines
        return False


def normalised(raw: bytes) -> str:
    """The text with line feeds only and no trailing blanks, as formatters leave a file; empty if it is not UTF-8."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return ""
    return "".join(line.rstrip() + "\n" for line in text.lstrip("\ufeff").splitlines())


def refusal(path: str, text: str) -> str | None:
    """Why a file is not worth learning from, or None if it is."""
    if VENDORED.search(path):
        return "vendored"
    if not 200 <= len(text) <= 200_000:
        return "size"
    if GENERATED.search(text[:1000]):
        return "generated"
    lines = text.split("\n")
    if max(map(len, lines)) > 1000 or len(text) / len(lines) > 80:
        return "long lines"
    letters = sum(map(str.isalpha, text))
    if letters < 0.4 * len(text.replace(" ", "")) or sum(map(str.isdigit, text)) > 0.2 * letters:
        return "table"
    if len(zlib.compress(text.encode(), 1)) < 0.1 * len(text):
        return "repetitive"
    return None
