"""mistral.rs and the training code continue a text with the same tokens."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from fimble_train.evaluation.language_model import LanguageModel

# Each text ends at the cursor; the last piece of its last line is healed.
BEGINNINGS = {
    "method.rs": "impl Point {\n    pub fn length(&self) -> f64 {\n        self.",
    "binding.rs": "use std::fs;\n\nfn main() {\n    let text = fs::read",
    "attribute.rs": "#[derive(",
    "match.rs": "fn name(kind: Kind) -> &'static str {\n    match kind {\n        Kind::",
    "loop.rs": "fn sum(values: &[u32]) -> u32 {\n    let mut total = 0;\n    for value in",
    "import.py": "import os\nimport ",
    "definition.py": "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self",
    "return.py": "def area(width, height):\n    return",
    "condition.py": "def first(items):\n    if not",
    "call.py": "with open(path) as file:\n    lines = file.",
}
FEW = 4  # tokens; too few to end most lines, and too few for fimble to see a loop and show nothing


@pytest.mark.skipif("FIMBLE_EXPORT" not in os.environ, reason="needs fimble and an exported model; `check` has both")
def test_mistral_rs_goes_on_as_the_training_code_does(tmp_path: Path) -> None:
    """Compares in f32 on both sides, because quantized weights may choose another token."""
    folder = shutil.copytree(os.environ["FIMBLE_EXPORT"], tmp_path / "export")
    manifest = folder / "fimble-model.toml"
    manifest.write_text(re.sub("(?m)^quantize.*\n", "", manifest.read_text()))
    (tmp_path / "fimble").mkdir()
    (tmp_path / "fimble" / "fimble.toml").touch()
    model = LanguageModel.load(folder, 256)
    shown, expected = {}, {}
    for name, text in BEGINNINGS.items():
        # The file is plain text, because fimble does not show code that does not parse.
        file = tmp_path / f"{name}.txt"
        file.write_text(text)
        lines = text.split("\n")
        place = f"{file}:{len(lines)}:{len(lines[-1]) + 1}"
        command = [*shlex.split(os.environ["FIMBLE"]), "complete", place, "--json", "--model", str(folder)]
        done = subprocess.run(
            [*command, "--max-tokens", str(FEW), "--multiline", "never"],
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        shown[name] = "".join(item["insert_text"] for item in json.loads(done.stdout)["items"])
        expected[name] = few_tokens(model, text)
    # fimble withholds text that repeats a neighbouring line, and it may find a likelier line than the greedy one.
    shown = {name: text for name, text in shown.items() if text and expected[name] is not None}
    assert shown == {name: expected[name] for name in shown}
    assert len(shown) > len(BEGINNINGS) / 2


def few_tokens(model: LanguageModel, text: str) -> str | None:
    """The part of a line that fimble shows after FEW tokens: whole words without blanks at the end. None if the line ends."""
    before, start, held = model.parts({"prompt": text})
    following = model.start(before, start, "", 64)
    written = b""
    for _ in range(FEW):
        token = following(model.allowed(held[len(written) :]) if len(written) < len(held) else None)
        written += model.bytes[token]
        shown = written[len(held) :].decode(errors="ignore")
        if not model.bytes[token] or "\n" in shown:
            return None
    return re.sub(r"\w+$", "", shown).rstrip()
