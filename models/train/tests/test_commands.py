"""Every command has help, and the README names it."""

import sys

import pytest

from fimble_train import __main__ as commands
from fimble_train.settings import RECIPE


@pytest.mark.parametrize("name", commands.modules())
def test_a_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main([name, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: python -m fimble_train {name} ")
    # The module's documentation follows the usage.
    documentation = sys.modules[commands.modules()[name]].__doc__
    assert documentation and documentation.splitlines()[0] in shown


def test_the_readme_names_all_commands() -> None:
    readme = (RECIPE / "README.md").read_text()
    assert [name for name in commands.modules() if f"`{name}`" not in readme] == []


def test_help_lists_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    commands.main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in commands.modules())


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(SystemExit, match="--help"):
        commands.main(["trian"])
