"""Percentile of an architecture in the reference distribution of its task."""

from __future__ import annotations

from typing import Any

import numpy as np

from nasbench.live.experiment.grouped_training import SPACE, train_seeds
from nasbench.live.experiment.rank import TABLES
from nasbench.live.experiment.reference_distribution import RECIPE, SEEDS
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.tasks.task import Task
from nasbench.live.training.recipe import Recipe
from nasbench.spaces.nas_bench_201 import NasBench201Space


def reference_percentile(task: Task, space: str, architecture: Architecture, recipe: Recipe) -> dict[str, Any]:
    """Return how an architecture compares with the random cells of the task's reference distribution; empty if it has none.

    The error is the mean test error of trainings on the training split with the seeds of the distribution: those of the table if the
    cell is in it, else trained here. `reference_percentile` is the percentage of reference cells that are worse, ties counted half.

    Args:
        task: the task, all of whose training examples are used.
        space: space of the architecture.
        architecture: the architecture.
        recipe: recipe of the final training, which has to be that of the distribution but for the seed.
    """
    from nasbench.tables.catalogue import get_table
    from nasbench.tables.shipped import shipped_tables

    name, _, dataset = TABLES.get(task.name, "").partition("/")
    own = {**recipe.as_dict(), "seed": 0} == {**RECIPE.as_dict(), "seed": 0}
    if space != SPACE or not own or task.shape.dims != 1 or name not in shipped_tables():
        return {}
    cells = NasBench201Space()
    table = get_table(name)
    column = table.find(dataset, "accuracy", "test", recipe.epochs)
    assert column is not None
    errors = 100.0 - table.measured(column).mean()
    index = np.asarray(table.row_index)
    # Rows that compute the same function are one cell of the sample.
    distinct = np.flatnonzero(cells.index(cells.canonical(cells.from_index(index))) == index)
    row = int(cells.index(cells.canonical(architecture)))
    if row in index:
        error = float(errors[np.searchsorted(index, row)])
    else:
        canonical = cells.canonical(architecture)
        trained = train_seeds(task, task.load(), canonical, recipe, SEEDS, (recipe.epochs,))
        error = float(trained.test_errors[recipe.epochs].mean())
    sample = errors[distinct]
    worse = float((sample > error).mean() + 0.5 * (sample == error).mean())
    return {"reference_error": error, "reference_percentile": 100.0 * worse, "reference_cells": len(sample)}
