"""The parts that the pictures of the model card share, as SVG."""

from dataclasses import dataclass

LINE = 18  # the height of a line of text


@dataclass(frozen=True)
class Scale:
    """Maps the values of an axis to places in the picture."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def picture(width: int, height: int, parts: list[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
            # A page may be dark.
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *parts,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, content: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="14" {attributes}>{content}</text>'
