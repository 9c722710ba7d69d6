"""Measures the speed of candidate shapes and number types in mistral.rs, and estimates how often each is right in time.

    export FIMBLE="chrt -r 1 fimble"
    python -m fimble_train shapes measure configs/full.toml --rounds 4
    python -m fimble_train shapes estimate configs/full.toml TRAINED CASES... --machine "two cores" > new-shapes.toml

FIMBLE is the command that runs fimble; with `chrt -r 1` before it, other programs hardly matter. The candidates are those
of shapes.toml. `estimate` prints that file with new figures; it needs the export of the trained configuration TRAINED.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fimble_train.settings import Config, add_config
from fimble_train.shapes.candidates import render
from fimble_train.shapes.estimate import estimate
from fimble_train.shapes.measure import measure


def add_arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    measuring = actions.add_parser("measure", help="measure all candidates with random weights")
    add_config(measuring)
    measuring.add_argument("--rounds", type=int, default=3, metavar="N", help="texts for each model (default: 3)")
    estimating = actions.add_parser("estimate", help="print the figures of all candidates as shapes.toml")
    add_config(estimating)
    estimating.add_argument("trained", type=Path, metavar="TRAINED", help="the configuration of an exported, trained model")
    estimating.add_argument("cases", nargs="+", type=Path, metavar="CASES", help="files of single-line cases")
    estimating.add_argument("--machine", required=True, help="where the measurement ran, for shapes.toml")


def main(options: Namespace) -> None:
    match options.action:
        case "measure":
            measure(options.config, options.rounds)
        case "estimate":
            config, trained = Config.load(options.config), Config.load(options.trained)
            print(render(estimate(config, trained, options.cases, options.machine)), end="")
