"""Measures exact match of baselines and exported models on held-out cases, with the server's prompt and healing.

An answer is right if it equals the solution, apart from blanks at its end. For models it also prints the bits that a
character of the solutions takes. `fimble eval` agrees, except that the server withholds some answers afterwards.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import torch

from fimble_train.evaluation.baselines import Ngrams, most_recent_line
from fimble_train.evaluation.cases import Case, read
from fimble_train.evaluation.language_model import LanguageModel
from fimble_train.evaluation.scoring import score
from fimble_train.settings import Config, add_config


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("cases", nargs="+", type=Path, metavar="CASES", help="files such as tests/quality/*.jsonl")
    parser.add_argument(
        "--model", action="append", default=[], type=Path, metavar="FOLDER", help="an exported model; may be repeated"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="take the first N cases of each file")
    parser.add_argument(
        "--context", type=int, metavar="TOKENS", help="prompt plus answer; default: the configuration's context"
    )
    parser.add_argument(
        "--examples", type=int, default=0, metavar="N", help="print the first N answers for each file and model"
    )
    parser.add_argument("--no-baselines", action="store_true", help="evaluate the models only")


def main(options: Namespace) -> None:
    # A model this small decodes no faster on two threads, and on a busy machine the threads wait for each other.
    torch.set_num_threads(1)
    config = Config.load(options.config)
    context = options.context or config.rows.context
    predictors: dict[str, Callable[[Case], str]] = {}
    if not options.no_baselines:
        predictors["most recent line"] = most_recent_line
        predictors["n-gram"] = Ngrams(config, context).answer
    models = {folder.name: LanguageModel.load(folder, context) for folder in options.model}
    predictors |= {name: model.answer for name, model in models.items()}
    for file in options.cases:
        cases = list(islice(read(file), options.limit))
        for name, answer in predictors.items():
            score(f"{file.stem}, {name}", cases, answer, options.examples)
        for name, model in models.items():
            bits = sum(map(model.bits, cases)) / len(cases)
            print(f"{file.stem}, {name}: {bits:.3f} bits a character", flush=True)
