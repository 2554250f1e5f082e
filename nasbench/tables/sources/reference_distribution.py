"""Reference distribution of a live task as a table, from the folder that `nasbench data reference` writes.

Each cell was trained with every seed. Accuracies are 100 % minus the error: on the search split ("validation") after each epoch, on the
test split after some; all are epochs of one training, whose learning rate falls to zero at the last, so an early epoch is a cheap look at
a training that goes on. `train_time` is CPU seconds of one training up to that epoch, without evaluations. A cell that computes the same
function as a trained one has its row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.files.documents import parse_json, read_json, read_text
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.writer import write_table

NAME = "mnist-1d-reference"
SETTINGS, CELLS = "reference.json", "cells.jsonl"
Cell = Mapping[str, Any]


def build(folder: Path, source: Path) -> None:
    """Write the table of the distribution in `source` into an empty folder; a last line that is not finished is left out.

    Raises:
        NasbenchError: if there is no distribution.
    """
    settings = read_json(source / SETTINGS, "reference distribution")
    text = read_text(source / CELLS, "reference distribution")
    cells = [parse_json(line, CELLS) for line in text[: text.rfind("\n") + 1].splitlines()]
    if not cells:
        raise NasbenchError(f"{source} holds no trained cell; run: nasbench data reference {source}")
    space, task = NasBench201Space(), settings["task"]
    own = space.index(np.stack([space.from_string(cell["architecture"]) for cell in cells]))
    canonical = space.index(space.canonical(space.all))
    index = np.flatnonzero(np.isin(canonical, own))
    place = {int(row): at for at, row in enumerate(own)}
    rows = np.array([place[int(row)] for row in canonical[index]])
    recipe = settings["recipe"]
    write_table(
        folder,
        name=f"{task}-reference",
        space=space,
        columns=_columns(task, cells, rows, settings["seeds"]),
        provenance=f"{len(cells)} random cells of different function, trained by nasbench data reference with seeds "
        f"{', '.join(map(str, settings['seeds']))} ({recipe['epochs']} epochs, {recipe['channels']} channels)",
        row_index=index,
        notes=[f"Trained with the recipe {json.dumps(recipe, sort_keys=True)}"],
    )


def _columns(
    dataset: str, trained: Sequence[Cell], rows: np.ndarray[Any, np.dtype[np.int64]], seeds: Sequence[int]
) -> Iterator[Measured]:
    """Yield the columns, each with the values of `trained` at `rows`."""
    search = 100.0 - np.array([cell["search"] for cell in trained])
    for epoch in range(1, search.shape[2] + 1):
        column = Column(
            dataset=dataset, quantity="accuracy", unit="%", split="validation", epochs=epoch, seeds=tuple(seeds)
        )
        yield Measured(column, search[rows, :, epoch - 1].round(6))
    for epoch in map(int, trained[0]["test"]):
        test = 100.0 - np.array([cell["test"][str(epoch)] for cell in trained])
        column = Column(dataset=dataset, quantity="accuracy", unit="%", split="test", epochs=epoch, seeds=tuple(seeds))
        yield Measured(column, test[rows].round(6))
    seconds = np.array([cell["seconds"] for cell in trained])
    note = "CPU seconds of one of the seeds that were trained at once"
    for epoch in range(1, seconds.shape[1] + 1):
        column = Column(dataset=dataset, quantity="train_time", unit="s", epochs=epoch, note=note)
        yield Measured(column, seconds[rows, epoch - 1])
    for quantity, key in (("parameters", "parameters"), ("flops", "macs")):
        values = np.array([cell[key] for cell in trained]) / 1e6
        yield Measured(Column(dataset=dataset, quantity=quantity, unit="M"), values[rows])
