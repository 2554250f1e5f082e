"""Comparison of an imported table with the authors' packages, number by number (extra `nas-bench-201`).

`nats-bench` answers for the records of NATS-Bench, `nas-bench-201` (the package `nas_201_api`) for those of
NAS-Bench-201. They receive records read by the restricted unpickler, so no foreign pickle is executed; they contribute
their own interpretation of a record: splits, seeds, and costs of simulated training.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.sources.nats_records import SERIES, SPACES, TRAININGS
from nasbench.tables.table import Table
from nasbench.tables.train_time import training_seconds

PACKAGES: Mapping[str, tuple[str, str]] = {
    "nats-bench-topology": ("nats_bench", "nats-bench"),
    "nats-bench-size": ("nats_bench", "nats-bench"),
    "nas-bench-201-pth": ("nas_201_api", "nas-bench-201"),
}
"""Module and distribution of the authors by format."""
SAME = 1e-4
"""Tolerance for single precision, relative to the larger of 1 and the value."""


@dataclass(frozen=True)
class Agreement:
    """Result of a comparison.

    Attributes:
        package: the authors' package and its version.
        numbers: number of values compared.
        largest: largest difference, relative to the larger of 1 and the value.
    """

    package: str
    numbers: int
    largest: float


def require_official(kind: str) -> None:
    """Raise NasbenchError if a format has no authors' package, or it is not installed."""
    if kind not in PACKAGES:
        raise NasbenchError(f"The authors of {kind} have no package to compare with; leave out --official.")
    module, _ = PACKAGES[kind]
    if module == "nas_201_api":
        require_extra("live", "torch")
    require_extra("nas-bench-201", module)


def official_records(kind: str, source: Path, trusted: bool = False) -> Iterator[Any]:
    """Yield the records of a file or folder, read by the restricted unpickler."""
    if kind == "nas-bench-201-pth":
        from nasbench.tables.sources.nas_bench_201_pth import read_file

        yield from read_file(source, trusted)["arch2infos"].values()
        return
    for path in sorted(p for p in source.glob("*.pbz2") if "meta" not in p.name):
        yield load_file(path)


def compare(table: Table, kind: str, records: Iterable[Any]) -> Agreement:
    """Compare every final accuracy, simulated cost, parameter and FLOP count with the authors' package.

    Raises:
        NasbenchError: naming the first value that differs.
    """
    module, package = PACKAGES[kind]
    results = import_module(module).ArchResults
    count, largest = 0, 0.0
    for record in records:
        for training, epochs in SPACES[kind][1].items():
            theirs = results.create_from_state_dict(record[training])
            cell = table.space.from_string(theirs.arch_str)
            row = int(table.rows(cell))
            for name, mine, his in _pairs(table, theirs, cell, row, epochs):
                difference = abs(mine - his) / max(1.0, abs(his))
                if not difference <= SAME:
                    raise NasbenchError(
                        f"{table.name} has {mine:g} as {name} of {theirs.arch_str}; the package {package} says {his:g}."
                    )
                count, largest = count + 1, max(largest, difference)
    return Agreement(f"{package} {version(package)}", count, largest)


def _pairs(table: Table, theirs: Any, cell: Any, row: int, epochs: int) -> Iterator[tuple[str, float, float]]:
    """Yield names with our and their values."""
    trained = set(theirs.get_dataset_names())
    for dataset, split, name, evaluation in SERIES:
        if name not in trained:
            continue
        column = table.find(dataset, "accuracy", split, epochs)
        measured = None if column is None else table.measured(column)
        for seed in theirs.get_dataset_seeds(name):
            metrics = theirs.get_metrics(name, evaluation or "train", is_random=int(seed))
            assert measured is not None and measured.column.seeds is not None
            mine = measured.values[row, measured.column.seeds.index(int(seed))]
            yield (
                f"{dataset} {split} accuracy after {epochs} epochs, seed {seed},",
                float(mine),
                float(metrics["accuracy"]),
            )
    for dataset, name in TRAININGS.items():
        if name not in trained:
            continue
        ours = training_seconds(table, dataset, epochs)
        assert ours is not None
        charged = [_charged(theirs, name, int(seed)) for seed in theirs.get_dataset_seeds(name)]
        yield (
            f"{dataset} train time of {epochs} epochs",
            float(ours[row]),
            float(np.mean(charged)),
        )
        costs = theirs.get_compute_costs(name)
        yield f"{dataset} parameters", float(table.space.parameters(cell, dataset)), float(costs["params"])  # type: ignore[attr-defined]
        yield f"{dataset} FLOPs", float(table.space.flops(cell, dataset)), float(costs["flops"])  # type: ignore[attr-defined]


def _charged(theirs: Any, name: str, seed: int) -> float:
    """Return the authors' simulated cost of one training: the training and one pass over the validation set."""
    train, valid = (theirs.get_metrics(name, part, is_random=seed) for part in ("train", "x-valid"))
    return float(train["all_time"] + valid["all_time"] / (train["iepoch"] + 1))
