"""The manifest of a fine-tuned model or adapter, for fimble."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

from fimble_train.settings import RECIPE

# The folder of the manifests that are built into fimble, and of the embedded model.
MODELS = RECIPE.parent


def manifest(base: Path, name: str, code: str, is_adapter: bool) -> str:
    """The base's manifest with another name and description, without its source; for an adapter, what ties it to its base."""
    fields = {"family": "qwen2.5-coder"} | known(base)
    base_name = fields.get("name", base.name)
    if is_adapter:
        fields = {"base": base_name, "base_weights": weights_digest(base)}
    fields |= {"name": name, "description": f"{base_name}, fine-tuned on {code}"}
    plain = {key: value for key, value in fields.items() if not isinstance(value, dict)}
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in plain.items())


def known(folder: Path) -> dict[str, Any]:
    """The manifest in a model's folder, or else the one that is built into fimble for the folder's name."""
    for file in (folder / "fimble-model.toml", MODELS / f"{folder.resolve().name.lower()}.toml"):
        if file.exists():
            return tomllib.loads(file.read_text())
    return {}


def weights_digest(folder: Path) -> str:
    """Identifies the weights of an adapter's base. fimble computes the same digest from its own copy of the base."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as file:
            for number in range(64):
                file.seek(max(0, size - 4096) * number // 63)
                digest.update(file.read(4096))
    return digest.hexdigest()[:8]
