"""The file model.ngrams.

`fimble-ngrams-1` and a line feed, a line of JSON (`Header`), then little-endian arrays: the start of each of 65,536
buckets and the end of the last (u32), and for each entry its context's check (u16), its follower (u16) and the follower's
probability in 255ths (u8). The first 16 bits of a context's hash are its bucket, the next 16 bits its check. Entries are
in the order of the hash. server/inference/src/ngrams reads the same file.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fimble_train.ngrams.gate import Gate
from fimble_train.ngrams.table import LENGTHS, Table

MAGIC = b"fimble-ngrams-1\n"


@dataclass(frozen=True)
class Header:
    vocabulary: int
    shortest: int  # tokens of a context
    longest: int
    gate: dict[str, list[list[float]]]


def write(path: Path, table: Table, gate: Gate, vocabulary: int) -> int:
    """Writes the file and returns its size in bytes."""
    buckets = np.searchsorted(table.hashes >> np.uint64(48), np.arange(2**16 + 1)).astype("<u4")
    checks = (table.hashes >> np.uint64(32) & np.uint64(0xFFFF)).astype("<u2")
    header = Header(vocabulary, LENGTHS[0], LENGTHS[-1], asdict(gate))
    arrays = [buckets, checks, table.followers.astype("<u2"), table.probabilities]
    content = b"".join(array.tobytes() for array in arrays)
    path.write_bytes(MAGIC + json.dumps(asdict(header)).encode() + b"\n" + content)
    return path.stat().st_size


def read(path: Path) -> tuple[Table, Gate]:
    head, line, arrays = path.read_bytes().split(b"\n", 2)
    if head + b"\n" != MAGIC:
        raise SystemExit(f"{path} is not a table of n-grams: make one with the `ngrams` command")
    buckets = np.frombuffer(arrays, "<u4", 2**16 + 1)
    size, start = int(buckets[-1]), buckets.nbytes
    checks = np.frombuffer(arrays, "<u2", size, start)
    followers = np.frombuffer(arrays, "<u2", size, start + 2 * size)
    probabilities = np.frombuffer(arrays, np.uint8, size, start + 4 * size)
    high = np.repeat(np.arange(2**16, dtype=np.uint64), np.diff(buckets))
    hashes = high << np.uint64(48) | checks.astype(np.uint64) << np.uint64(32)
    return Table(hashes, followers, probabilities), Gate(**json.loads(line)["gate"])
