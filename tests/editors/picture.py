"""Screenshots that are small enough to commit."""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Playwright, sync_playwright


def browser(playwright: Playwright) -> Browser:
    """Starts Debian's Chromium. The caller closes it."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def take(page_content: str, path: Path) -> None:
    """Writes a PNG of the first element of a web page."""
    with sync_playwright() as playwright:
        running = browser(playwright)
        page = running.new_page(viewport={"width": 1600, "height": 1200})
        page.set_content(page_content)
        save(page.locator("body > *").first.screenshot(), path)
        running.close()


def save(png: bytes, path: Path) -> None:
    """Writes a PNG with 64 colours, which is enough for an editor's window."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
