"""Reference distribution of a live task: a random sample of functionally different NAS-Bench-201 cells, each trained with several seeds.

A search on the task is scored by the percentile of what it found, and the cells are a table on which any optimizer runs. The order of the
cells is fixed, so the first n are a random sample at every n. A folder holds `reference.json`, which says how the cells are trained, and
`cells.jsonl`, a line per finished cell; `nasbench.tables.sources.reference_distribution` makes a table of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError, StorageError
from nasbench.files.documents import read_json
from nasbench.files.sealed import write_json
from nasbench.live.experiment.grouped_training import SPACE, train_seeds
from nasbench.live.hardware.cost_counters import CostCounters
from nasbench.live.networks.space_networks import Architecture, get_cell_networks
from nasbench.live.tasks.task import Task
from nasbench.live.training.recipe import SMALL, Recipe
from nasbench.spaces.nas_bench_201 import NasBench201Space

ORDER_SEED = 0
RECIPE = replace(SMALL, epochs=15, channels=4)
SEEDS = (0, 1, 2)
TEST_EPOCHS = (1, 2, 5, 15)
"""Epochs after which the test split, which is larger than the others, is evaluated."""
SETTINGS, CELLS = "reference.json", "cells.jsonl"


@dataclass(frozen=True)
class ReferenceConfig:
    """How the cells of a reference distribution are trained.

    Attributes:
        task: the task, a classification in one dimension.
        recipe: the recipe; its seed is replaced.
        seeds: training seeds.
        test_epochs: epochs after which the test split is evaluated.
    """

    task: Task
    recipe: Recipe = RECIPE
    seeds: tuple[int, ...] = SEEDS
    test_epochs: tuple[int, ...] = TEST_EPOCHS

    def as_dict(self) -> dict[str, Any]:
        """Return what trainings have to agree in, as JSON-compatible data."""
        return {
            "task": self.task.name,
            "space": SPACE,
            "recipe": self.recipe.as_dict(),
            "seeds": list(self.seeds),
            "test_epochs": list(self.test_epochs),
            "order_seed": ORDER_SEED,
        }


def reference_cells() -> Architecture:
    """Return one cell of each of the 5,260 functions, `(n, 6)`, in a random order that never changes."""
    space = NasBench201Space()
    canonical = np.unique(space.index(space.canonical(space.all)))
    return space.from_index(np.random.default_rng(ORDER_SEED).permutation(canonical))


def extend_reference(config: ReferenceConfig, n_cells: int, folder: Path, report: Callable[[int, str], None]) -> int:
    """Train the first `n_cells` cells that the folder does not hold yet; return how many it held before.

    `report` is told the number of finished cells and the last of them.

    Raises:
        NasbenchError: if the folder holds a distribution that is trained otherwise, or cannot be written.
    """
    cells = reference_cells()
    if not 1 <= n_cells <= len(cells):
        raise NasbenchError(f"A reference distribution has 1 to {len(cells):,} cells, not {n_cells:,}.")
    _open(config, folder)
    space = NasBench201Space()
    done = len(list(finished_cells(folder / CELLS)))
    splits = config.task.load()
    counters = CostCounters(get_cell_networks(SPACE), config.task.shape, config.recipe.channels, config.recipe.cells)
    for number in range(done, n_cells):
        cell = cells[number]
        trained = train_seeds(config.task, splits, cell, config.recipe, config.seeds, config.test_epochs)
        parameters, flops = counters(["parameters", "flops"], cell[None])[0]
        line = {
            "architecture": space.to_string(cell),
            "search": trained.search_errors.round(6).tolist(),
            "test": {str(epoch): errors.round(6).tolist() for epoch, errors in trained.test_errors.items()},
            "seconds": trained.seconds.round(4).tolist(),
            "parameters": round(1e6 * parameters),
            "macs": round(1e6 * flops),
        }
        try:
            with (folder / CELLS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as fault:
            raise StorageError(f"{folder / CELLS} cannot be written ({fault.strerror}); free space.") from None
        report(number + 1, line["architecture"])
    return done


def finished_cells(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the finished cells of a file in order, none if there is no file."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def _open(config: ReferenceConfig, folder: Path) -> None:
    """Write the settings of a new folder, or check those of an old one; the line that a killed run left half-written goes."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / SETTINGS
    if not settings.exists():
        write_json(settings, config.as_dict())
    if read_json(settings, "reference distribution") != json.loads(json.dumps(config.as_dict())):
        raise NasbenchError(
            f"{folder} holds a reference distribution that is trained otherwise; choose another folder."
        )
    cells = folder / CELLS
    if cells.exists():
        content = cells.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            cells.write_bytes(whole)
