"""Groups of options: the fields of a dataclass are options of a command, with their help, defaults and checks."""

from __future__ import annotations

import doctest
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from nasbench.cli import option_groups
from nasbench.cli.option_groups import expand_groups
from nasbench.cli.parameters import parameters


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Argument(help="how wide", min=1)]
    depth: Annotated[int, typer.Option(help="how deep", max=9)] = 3
    names: Annotated[list[str] | None, typer.Option(help="repeatable")] = None


@expand_groups
def build(context: typer.Context, size: Size, fast: Annotated[bool, typer.Option("--fast")] = False) -> None:
    """Build."""
    source = context.get_parameter_source("depth")
    assert source is not None
    print(size, fast, source.name)


app = typer.Typer()
app.command()(build)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["4"], "Size(width=4, depth=3, names=None) False DEFAULT"),
        (
            ["4", "--depth", "2", "--names", "a", "--names", "b", "--fast"],
            "Size(width=4, depth=2, names=['a', 'b']) True COMMANDLINE",
        ),
    ],
)
def test_fields_are_options(arguments: list[str], printed: str) -> None:
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).stdout.strip() == printed


def test_fields_are_checked_and_described_as_parameters_are() -> None:
    assert CliRunner().invoke(app, ["0"]).exit_code == 2
    known = parameters(build)
    assert list(known) == ["width", "depth", "names", "fast"]
    assert known["width"].low == 1 and known["depth"].high == 9 and known["depth"].help == "how deep"


def test_the_example_is_right() -> None:
    assert doctest.testmod(option_groups).failed == 0
