"""Turns the text and escape sequences that tmux captures into a web page that looks like the terminal."""

import re
from dataclasses import dataclass
from html import escape

FOREGROUND, BACKGROUND = "#d8dee9", "#1e222a"
# The colours with the numbers 0 to 15.
# fmt: off
NAMED = (
    "#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf",
    "#5c6370", "#ef8a92", "#b1d796", "#f0d197", "#82c2f5", "#d598e6", "#7cccd6", "#ffffff",
)
# fmt: on
SEQUENCE = re.compile(r"\x1b\[([\d;:]*)m")
OTHER_CONTROL = re.compile(r"[\x0e\x0f]|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)")


@dataclass
class Style:
    foreground: str = FOREGROUND
    background: str = BACKGROUND
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underlined: bool = False
    reversed: bool = False

    def apply(self, parameters: str) -> None:
        """Applies the parameters of one "select graphic rendition" sequence (ECMA-48, section 8.3.117)."""
        numbers = [int(number.split(":")[0] or 0) for number in parameters.split(";")]
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                vars(self).update(vars(Style()))
            elif number in (38, 48, 58):
                colour = _extended(numbers)
                if number == 38:
                    self.foreground = colour
                elif number == 48:
                    self.background = colour
            elif number in (1, 2):
                self.bold, self.dim = self.bold or number == 1, self.dim or number == 2
            elif number == 22:
                self.bold = self.dim = False
            elif number in (3, 23):
                self.italic = number == 3
            elif number in (4, 24):
                self.underlined = number == 4
            elif number in (7, 27):
                self.reversed = number == 7
            elif number == 39:
                self.foreground = FOREGROUND
            elif number == 49:
                self.background = BACKGROUND
            elif 30 <= number <= 37 or 90 <= number <= 97:
                self.foreground = NAMED[number - 30 if number < 90 else number - 82]
            elif 40 <= number <= 47 or 100 <= number <= 107:
                self.background = NAMED[number - 40 if number < 100 else number - 92]

    def css(self) -> str:
        foreground, background = self.foreground, self.background
        if self.reversed:
            foreground, background = background, foreground
        rules = f"color:{foreground};background:{background}"
        rules += ";font-weight:bold" * self.bold + ";opacity:.6" * self.dim
        return rules + ";font-style:italic" * self.italic + ";text-decoration:underline" * self.underlined


def _extended(numbers: list[int]) -> str:
    """Removes a colour from the front of the list: its number, or its red, green and blue parts."""
    if numbers.pop(0) == 2:
        return "#{:02x}{:02x}{:02x}".format(*(numbers.pop(0) for _ in range(3)))
    number = numbers.pop(0)
    if number < 16:
        return NAMED[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    levels = (0, 95, 135, 175, 215, 255)
    red, green, blue = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
    return f"#{levels[red]:02x}{levels[green]:02x}{levels[blue]:02x}"


def html(captured: str, cursor: tuple[int, int]) -> str:
    """Returns a page with one element of the terminal's size. A bar marks the cursor, a row and a column from 0."""
    lines = []
    style = Style()
    for line in OTHER_CONTROL.sub("", captured).removesuffix("\n").split("\n"):
        spans = []
        for index, piece in enumerate(SEQUENCE.split(line)):
            if index % 2:
                style.apply(piece)
            elif piece:
                spans.append(f'<span style="{style.css()}">{escape(piece)}</span>')
        lines.append("".join(spans))
    row, column = cursor
    bar = f'<i style="left:{column}ch;top:{row * 17}px"></i>'
    return (
        '<!doctype html><meta charset="utf-8"><style>body{margin:0}'
        "pre{position:relative;display:inline-block;margin:0;font:14px/17px 'DejaVu Sans Mono',monospace;"
        f"background:{BACKGROUND};color:{FOREGROUND}}}span{{display:inline-block;height:17px}}"
        "i{position:absolute;width:2px;height:17px;background:#fff}</style>"
        f"<pre>{chr(10).join(lines)}{bar}</pre>"
    )
