"""Options shared by the commands of live search, their checks, and output of rows; this module never imports torch."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.errors import NasbenchError, StorageError
from nasbench.files.atomic import remove_leftovers
from nasbench.files.locks import only_writer
from nasbench.ranges import LARGEST_SEED


def hold_results(context: typer.Context, folder: Path | None) -> Path | None:
    """Lock `folder` against other writers while the command runs, remove incomplete files of killed commands, and
    return it.

    Raises:
        NasbenchError: before anything is computed, if the folder cannot be created or written, or another process
            writes to it.
    """
    if folder is not None and not context.resilient_parsing:
        nearest = next(place for place in (folder, *folder.parents) if place.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise StorageError(f"{nearest} is no folder that can be written; --out should name one, or one to make.")
        context.with_resource(only_writer(folder))
        remove_leftovers(folder)
    return folder


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda")]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="random seed")]
Out = Annotated[
    Path | None,
    typer.Option(callback=hold_results, help="folder for checkpoints and results; an interrupted run in it is resumed"),
]
Space = Annotated[str, typer.Option(help="nas-bench-201, darts, hierarchical, or convnet[:BASE:MMAC]")]
SpaceOfTask = Annotated[
    str | None,
    typer.Option(
        help="nas-bench-201[+OPERATION], darts, hierarchical, convnet[:BASE:MMAC], mlp (default for a table) or sequence (for texts and forecasts)"
    ),
]
AnyTask = "a task of nasbench list tasks, folder:PATH, csv:PATH#COLUMN, npz:PATH, medmnist:NAME or MODULE:ATTR"
"""Help on the name of a task."""
Epochs = Annotated[int | None, typer.Option(min=1, help="epochs of the final training (default: the recipe's)")]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="file with the token that clients and server share (default: the variable NASBENCH_TOKEN)"),
]
Certificates = Annotated[
    Path | None,
    typer.Option(help="folder with ca.pem, at the server also server.pem and server.key, for TLS"),
]
Channels = Annotated[
    int | None, typer.Option(min=1, help="channels of the network (default: the recipe's, 8 in a search)")
]
Cells = Annotated[
    int | None, typer.Option(min=1, help="cells per stage; layers in the DARTS space (default: the recipe's)")
]


def parse_options(texts: list[str]) -> dict[str, Any]:
    """Parse parameters from NAME=VALUE texts, including numbers, true and false."""
    options: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise NasbenchError(f"Option {text!r} should be NAME=VALUE.")
        options[name] = _value(value)
    return options


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def say(sentence: str) -> None:
    """Write a sentence on what was read on standard error."""
    if sentence:
        print(f"nasbench: {sentence}", file=sys.stderr)


def show(command: str, plural: str, rows: list[dict[str, Any]], json: bool) -> None:
    """Print rows as one JSON object, or as a table of the flat values."""
    from nasbench.cli.console import print_json, print_table

    if json:
        print_json(command, **{plural: rows})
        return
    flat = [{k: v for k, v in row.items() if not isinstance(v, dict | list)} for row in rows]
    if len(flat) == 1:
        flat = [{"what": name, "value": value} for name, value in flat[0].items()]
    print_table(command, flat)
