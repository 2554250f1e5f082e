"""The option `--track` of commands that run or train."""

from __future__ import annotations

from typing import Annotated

import typer

Track = Annotated[
    list[str] | None,
    typer.Option(
        help="log curves for tensorboard, mlflow or wandb too, offline and below the results folder, in tracking (repeatable; extra of that name)"
    ),
]
