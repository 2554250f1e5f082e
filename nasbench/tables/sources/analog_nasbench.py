"""AnalogNAS-Bench: the NAS-Bench-201 cells on analog in-memory hardware, CIFAR-10; the file `data.anb` of the package `analog-nasbench`.

Accuracies (%), all on the test set: `accuracy` of the digital network; `accuracy@ptq` and `accuracy@qat` quantised after and in
training; `accuracy@noisy` of the digital network and `accuracy@analog` of one trained for it on noisy hardware; and what remains of the
latter two after the hardware has drifted for 60 s, an hour, a day and 30 days, such as `accuracy@analog-drift-3600s`. Keys are cells as
NASLib writes them: edges 01, 02, 03, 12, 13, 23, and 0 skip, 1 none, 2 3x3, 3 1x1, 4 pooling. The file's records are objects of two
classes; they are read as what they hold, without the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.nas_bench_201_cell import AVG_POOL, CONV_1X1, CONV_3X3, EDGES, NONE, SKIP
from nasbench.spaces.space import Architectures
from nasbench.tables.column import Column, Measured
from nasbench.tables.restricted_pickle import Inert, load_file
from nasbench.tables.writer import write_table

NAME = "analog-nasbench"
PACKAGE = "analognasbench"
DATASETS = ("cifar10",)
CLASSES = frozenset({("analognasbench.data", "Architecture"), ("analognasbench.data", "DriftMeasurement")})
NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
NASLIB_OPERATIONS = (SKIP, NONE, CONV_3X3, CONV_1X1, AVG_POOL)
SECONDS = (60, 3600, 86400, 2592000)
FIELDS: Mapping[str, str] = {
    "baseline_accuracy": "accuracy",
    "ptq_accuracy": "accuracy@ptq",
    "qat_accuracy": "accuracy@qat",
    "noisy_accuracy": "accuracy@noisy",
    "analog_accuracy": "accuracy@analog",
    **{f"baseline_drift_{s}": f"accuracy@noisy-drift-{s}s" for s in SECONDS},
    **{f"analog_drift_{s}": f"accuracy@analog-drift-{s}s" for s in SECONDS},
}


def build(folder: Path) -> None:
    """Write the table into an empty folder.

    Raises:
        NasbenchError: if the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NasbenchError(
            "The package analog-nasbench is not installed; it holds AnalogNAS-Bench: pip install analog-nasbench."
        )
    write_file(folder, Path(spec.submodule_search_locations[0]) / "data.anb")


def write_file(folder: Path, source: Path) -> None:
    """Write the table of a `data.anb` into an empty folder.

    Raises:
        NasbenchError: if the file is damaged, hostile, or not a record for each cell.
    """
    space = NasBench201Space()
    held = load_file(source, CLASSES)
    if not isinstance(held, dict) or len(held) != space.size:
        raise NasbenchError(f"{source} is not AnalogNAS-Bench, which has a record for each of {space.size} cells.")
    try:
        index = space.index(from_naslib(np.array(list(held), dtype=np.int64)))
        values = {field: np.array([_number(vars(record)[field]) for record in held.values()]) for field in FIELDS}
    except (TypeError, ValueError, KeyError, IndexError) as fault:
        raise NasbenchError(f"{source} is not AnalogNAS-Bench ({type(fault).__name__}: {fault}).") from None
    order = np.argsort(index, kind="stable")
    if not np.array_equal(index[order], np.arange(space.size)):
        raise NasbenchError(f"{source} does not hold each of the {space.size} cells once.")
    columns = [
        Measured(Column(dataset=DATASETS[0], quantity=quantity, unit="%", split="test"), values[field][order])
        for field, quantity in FIELDS.items()
    ]
    write_table(
        folder,
        name=NAME,
        space=space,
        columns=columns,
        provenance="analog-nasbench 0.1.3, AnalogNAS-Bench",
        notes=["cifar10 has no validation split: a study must name the split that it searches on."],
    )


def from_naslib(codes: np.ndarray) -> Architectures:
    """Return cells as NASLib writes them, `(..., 6)`, in the order and numbers of the space."""
    order = [NASLIB_EDGES.index(edge) for edge in EDGES]
    return np.asarray(NASLIB_OPERATIONS, dtype=np.int8)[codes[..., order]]


def _number(value: Any) -> float:
    """Return a number, or the `value` of a measurement with its uncertainty."""
    return float(vars(value)["value"] if isinstance(value, Inert) else value)
