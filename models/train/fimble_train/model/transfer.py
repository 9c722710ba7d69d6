"""Shrinks a checkpoint, and carries large files in small parts.

Use it for a machine that only small files reach. `join` checks that the parts are complete. `shrink` keeps the step and
the weights in half precision, a sixth of the size; training rebuilds the optimizer's momentum.
"""

import hashlib
from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch


def add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    splitting = actions.add_parser("split", help="write the parts of FILE into FOLDER")
    splitting.add_argument("file", type=Path, metavar="FILE")
    splitting.add_argument("folder", type=Path, metavar="FOLDER")
    splitting.add_argument("size", type=int, metavar="MIB", nargs="?", default=12, help="MiB in a part (default: 12)")
    joining = actions.add_parser("join", help="put FILE together again from its parts in FOLDER")
    joining.add_argument("folder", type=Path, metavar="FOLDER")
    joining.add_argument("file", type=Path, metavar="FILE")
    shrinking = actions.add_parser("shrink", help="write CHECKPOINT without its optimizer state to FILE")
    shrinking.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    shrinking.add_argument("file", type=Path, metavar="FILE")


def main(options: Namespace) -> None:
    match options.action:
        case "split":
            split(options.file, options.folder, options.size)
        case "join":
            join(options.folder, options.file)
        case "shrink":
            shrink(options.checkpoint, options.file)


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
        raise SystemExit(f"the parts of {file.name} in {folder} are incomplete or damaged: copy them again")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def shrink(checkpoint: Path, file: Path) -> None:
    state = torch.load(checkpoint, map_location="cpu")
    torch.save({"step": state["step"], "model": {name: weight.half() for name, weight in state["model"].items()}}, file)
