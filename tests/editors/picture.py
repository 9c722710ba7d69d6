"""Screenshots that are small enough for a repository."""

import io
import shutil

from PIL import Image
from playwright.sync_api import sync_playwright


def browser(playwright):
    """Debian's browser, which the caller closes."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def take(page_content, path):
    """A PNG of a web page's first element."""
    with sync_playwright() as playwright:
        running = browser(playwright)
        page = running.new_page(viewport={"width": 1600, "height": 1200})
        page.set_content(page_content)
        save(page.locator("body > *").first.screenshot(), path)
        running.close()


def save(png, path):
    """Writes a PNG with 64 colours, which is what an editor's window needs."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
