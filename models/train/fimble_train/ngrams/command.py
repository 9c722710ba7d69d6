"""Counts n-grams in the training set and writes model.ngrams into the folder of an exported model.

A model that two cores train has seen a fraction of the training set; counting reads all of it in minutes. At each token
the server mixes three sources: the model; the table, for what followed the last tokens in more than one package; and the
prompt itself, for what followed where its text was the same. The weight of each depends on how sure it is, and is fitted
on the validation packages.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fimble_train.data import tape
from fimble_train.ngrams import file
from fimble_train.ngrams.counting import count
from fimble_train.ngrams.fitting import fit
from fimble_train.settings import Config, add_config


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="an exported model with this configuration's tokenizer")
    parser.add_argument(
        "--entries", type=int, default=4_200_000, metavar="N", help="size of the table, at most (default: 4200000)"
    )
    parser.add_argument("--table", type=Path, metavar="FILE", help="take the entries of this model.ngrams instead of counting")


def main(options: Namespace) -> None:
    config = Config.load(options.config)
    if (options.folder / "tokenizer.json").read_bytes() != config.tokenizer.read_bytes():
        raise SystemExit(f"{options.folder} has another tokenizer than {config.tokenizer}: copy it there and run `tape`")
    table = file.read(options.table)[0] if options.table else count(tape.load(config, "train"), options.entries)
    print(f"{len(table.hashes):,} entries")
    gate = fit(config, options.folder, table)
    size = file.write(options.folder / "model.ngrams", table, gate, config.shape.vocabulary)
    print(f"{size / 2**20:.2f} MiB")
