"""Carries large files in small parts, and checks that they arrive whole.

    python door.py split FILE FOLDER [MiB a part, 12 unless told]
    python door.py join FOLDER FILE
    python door.py light CHECKPOINT FILE

`light` keeps a checkpoint's step and its weights in half precision, a sixth of the size: momentum is rebuilt.
"""

import hashlib
import sys
from pathlib import Path

import torch


def main() -> None:
    match sys.argv[1:]:
        case ["split", file, folder, *size]:
            split(Path(file), Path(folder), int(size[0]) if size else 12)
        case ["join", folder, file]:
            join(Path(folder), Path(file))
        case ["light", checkpoint, file]:
            light(Path(checkpoint), Path(file))
        case _:
            raise SystemExit(__doc__)


def split(file: Path, folder: Path, mebibytes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = file.read_bytes()
    size = mebibytes * 2**20
    for number, start in enumerate(range(0, len(content), size)):
        (folder / f"{file.name}.{number:03}").write_bytes(content[start : start + size])
    (folder / f"{file.name}.sha256").write_text(hashlib.sha256(content).hexdigest())


def join(folder: Path, file: Path) -> None:
    content = b"".join(part.read_bytes() for part in sorted(folder.glob(f"{file.name}.[0-9][0-9][0-9]")))
    if hashlib.sha256(content).hexdigest() != (folder / f"{file.name}.sha256").read_text():
        raise SystemExit(f"the parts of {file.name} in {folder} are not whole")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def light(checkpoint: Path, file: Path) -> None:
    state = torch.load(checkpoint, map_location="cpu")
    torch.save({"step": state["step"], "model": {name: weight.half() for name, weight in state["model"].items()}}, file)


if __name__ == "__main__":
    main()
