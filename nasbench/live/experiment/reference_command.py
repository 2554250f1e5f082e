"""`nasbench data reference`; torch is imported when the command runs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli.live_options import Json, hold_results, show
from nasbench.extras import require_extra


def reference(
    folder: Annotated[Path, typer.Argument(callback=hold_results, help="folder of the distribution, made or extended")],
    task: Annotated[str, typer.Option(help="a classification in one dimension")] = "mnist-1d",
    cells: Annotated[int, typer.Option(min=1, help="number of cells, at most 5260")] = 1000,
    json: Json = False,
) -> None:
    """Train a random sample of NAS-Bench-201 cells with three seeds each; what the folder holds already stays."""
    require_extra("live", "torch")
    import torch

    from nasbench.live.experiment.reference_distribution import ReferenceConfig, extend_reference
    from nasbench.live.tasks.catalogue import get_task

    torch.set_num_threads(1)  # the tensors are too small for more
    begun, first = time.monotonic(), [0]

    def report(number: int, architecture: str) -> None:
        first[0] = first[0] or number
        each = (time.monotonic() - begun) / (number - first[0] + 1)
        left = each * (cells - number)
        print(f"{number} of {cells} cells ({architecture}), {left / 60:.0f} min left", file=sys.stderr)

    before = extend_reference(ReferenceConfig(get_task(task)), cells, folder, report)
    row = {"task": task, "folder": str(folder), "cells": max(cells, before), "trained": max(cells - before, 0)}
    show("data reference", "distributions", [row], json)
