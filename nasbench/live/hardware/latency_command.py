"""`nasbench latency`. Torch is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nasbench.cli.live_options import Device, Json, Seed, Space, show
from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.ranges import POSITIVE


def latency(
    task: Annotated[str, typer.Argument(help="task whose inputs are used")] = "digits",
    space: Space = "nas-bench-201",
    channels: Annotated[int, typer.Option(min=1, help="channels of the network")] = 8,
    cells: Annotated[int | None, typer.Option(min=1, help="cells per stage; layers in the DARTS space")] = None,
    batch: Annotated[int, typer.Option(min=1, help="examples per pass")] = 1,
    sampled: Annotated[int, typer.Option(min=2, help="number of random architectures for the comparison")] = 30,
    calibration: Annotated[int, typer.Option(min=1, help="number of other random architectures for calibration")] = 10,
    seconds: Annotated[float, typer.Option(help="seconds per measurement")] = 0.1,
    processor_time: Annotated[
        bool, typer.Option("--processor-time", help="measure CPU time on one thread instead of wall time")
    ] = False,
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Evaluate the latency predictor; repeated measurements give the noise floor."""
    require_extra("live", "torch")
    if seconds not in POSITIVE:
        raise NasbenchError(f"--seconds is {seconds}; it should be {POSITIVE.words}.")
    import time
    from dataclasses import asdict

    import numpy as np
    import torch
    from torch.utils import benchmark

    from nasbench.live.hardware.latency import LatencyTable
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.networks.space_networks import get_cell_networks
    from nasbench.live.tasks.catalogue import get_task

    networks = get_cell_networks(space)
    depth = (3 if space == "darts" else 1) if cells is None else cells
    where = networks.make_space()
    where_to = choose_device(device)
    if processor_time and where_to.type != "cpu":
        raise NasbenchError("CPU time requires a CPU; leave out --processor-time or add --device cpu.")
    if processor_time:
        torch.set_num_threads(1)
    clock = time.thread_time if processor_time else benchmark.timer
    table = LatencyTable(
        networks, get_task(task).shape, channels, depth, batch=batch, device=where_to, seconds=seconds, clock=clock
    )
    drawn = where.sample(np.random.default_rng(seed).random((calibration + sampled, where.d)))
    table.calibrate(drawn[:calibration])
    given = {
        "task": task,
        "space": space,
        "batch": batch,
        "clock": "processor" if processor_time else "wall",
        "base_ms": table.base,
    }
    rows = [
        {"compared": "predicted, measured", **asdict(table.check(drawn[calibration:]))},
        {"compared": "measured, repeated", **asdict(table.repeat(drawn[calibration:]))},
    ]
    rows = [{**given, "operations": len(table.table), **row} for row in rows]
    show("latency", "rows", rows, json)
