"""The command line: `python -m fimble_train COMMAND ...`."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module

PROGRAM = "python -m fimble_train"
# Every command is a module of this package with `add_arguments` and `main`. The module is imported when its command runs,
# because torch and transformers take seconds to import.
COMMANDS = {
    "Build a model, in this order:": {
        "collect": ("data.collect", "collect source files, filter them and split them by package"),
        "tokenizer": ("data.tokenizer", "train the tokenizer"),
        "tape": ("data.tape", "tokenize the training and validation splits"),
        "train": ("training.train", "train the model; run it again to resume"),
        "export": ("model.export", "write the files that fimble loads"),
        "ngrams": ("ngrams.command", "add an n-gram table to an exported model"),
        "evaluate": ("evaluation.evaluate", "measure exact match of models and baselines on held-out cases"),
    },
    "Adapt a model to your code:": {
        "finetune": ("finetuning.finetune", "fine-tune a model, or train an adapter, on a repository"),
    },
    "Measure and draw:": {
        "humaneval": ("evaluation.humaneval", "pass@1 of answers to HumanEval-Infilling"),
        "confidence": ("figures.confidence", "table and picture: accuracy by confidence"),
        "curve": ("figures.learning_curve", "picture: the learning curve of a run"),
        "shapes": ("shapes.command", "measure the speed of candidate shapes and estimate their accuracy"),
    },
    "Make test cases:": {
        "cases": ("cases.held_out", "write the cases of tests/quality from the test split"),
        "cross-file": ("cases.cross_file", "write the cases of tests/quality that need another file"),
    },
    "Work on several machines:": {
        "transfer": ("model.transfer", "shrink a checkpoint; split and join large files"),
        "folders": ("settings", "print the folders of the data and of the run, for a shell"),
    },
}


def main(arguments: list[str]) -> None:
    match arguments:
        case [] | ["-h" | "--help", *_]:
            print(usage())
        case [name, *rest] if name in modules():
            module = import_module(modules()[name])
            parser = ArgumentParser(
                prog=f"{PROGRAM} {name}", description=module.__doc__, formatter_class=RawDescriptionHelpFormatter
            )
            module.add_arguments(parser)
            module.main(parser.parse_args(rest))
        case [name, *_]:
            raise SystemExit(f"there is no command {name!r}; `{PROGRAM} --help` lists the commands")


def modules() -> dict[str, str]:
    """The module of each command."""
    return {name: f"fimble_train.{module}" for group in COMMANDS.values() for name, (module, _) in group.items()}


def usage() -> str:
    lines = [f"usage: {PROGRAM} COMMAND ..."]
    for title, commands in COMMANDS.items():
        lines += ["", title, *(f"  {name:<12} {summary}" for name, (_, summary) in commands.items())]
    lines += [
        "",
        "Most commands take a configuration file: configs/tiny.toml runs every step in minutes, configs/cpu.toml is for",
        "two CPU cores, configs/full.toml for an accelerator. Data and results go to ~/.cache/fimble-train, or to",
        f"$FIMBLE_TRAIN_HOME. `{PROGRAM} COMMAND --help` explains a command.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
