"""`nasbench zero-cost`; torch is imported when it runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nasbench.cli.live_options import Device, Json, Seed, show
from nasbench.errors import NasbenchError
from nasbench.extras import require_extra


def zero_cost(
    task: Annotated[str, typer.Argument(help="task whose inputs the networks have")] = "mnist-1d",
    against: Annotated[
        str | None, typer.Option(help="benchmark with trained cells of nas-bench-201 (default: the table of the task)")
    ] = None,
    proxies: Annotated[str, typer.Option(help="names, joined by commas")] = "all",
    architectures: Annotated[int, typer.Option(min=5, help="number of random cells of different function")] = 100,
    channels: Annotated[int, typer.Option(min=1, help="channels of the networks")] = 4,
    cells: Annotated[int, typer.Option(min=1, help="cells per stage")] = 1,
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Compare how zero-cost proxies and sizes rank cells with their errors after training, which a table has."""
    require_extra("live", "torch")
    import torch

    from nasbench.live.experiment.proxy_ranking import RANKED, rank_proxies
    from nasbench.live.experiment.rank import TABLES
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.tasks.catalogue import get_task

    benchmark = against or TABLES.get(task)
    if benchmark is None:
        raise NasbenchError(f"No table has trained cells of {task}; name a benchmark of nas-bench-201 with --against.")
    chosen = RANKED if proxies == "all" else [name.strip() for name in proxies.split(",")]
    where = choose_device(device)
    if where.type == "cpu":
        torch.set_num_threads(1)  # most networks are too small for more
    size = (architectures, channels, cells, where, seed)
    rows = rank_proxies(chosen, get_task(task), benchmark, *size, lambda name: print(f"{name} done", file=sys.stderr))
    show("zero-cost", "proxies", [{"task": task, "against": benchmark, **row} for row in rows], json)
