"""HW-NAS-Bench (Li et al., ICLR 2021) from `HW-NAS-Bench-v1_0.pickle`: latency (ms) and energy (mJ) of the NAS-Bench-201 cells.

The part `nasbench201` maps a data set to its metrics, each a list over the cells in the authors' order, which the networks under
`config` name. The part `fbnet` sums layers and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Ints
from nasbench.tables.column import Column, Measured
from nasbench.tables.importer import ImportOptions, ImportReport
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.writer import write_table

PART = "nasbench201"
NETWORKS = "config"
UNITS = {"latency": "ms", "energy": "mJ"}


def import_source(source: Path, folder: Path, options: ImportOptions) -> ImportReport:
    """Write the table; see `nasbench.tables.importer`.

    Raises:
        NasbenchError: if the file is damaged, hostile, or has not a number for every network that it names.
    """
    held = load_file(source)
    datasets = held.get(PART) if isinstance(held, dict) else None
    if not isinstance(datasets, dict) or not datasets or not all(isinstance(m, dict) for m in datasets.values()):
        raise NasbenchError(f"{source} is not HW-NAS-Bench; it should map {PART!r} to data sets and these to metrics.")
    space = NasBench201Space()
    rows = {dataset: _cells(source, dataset, metrics, space) for dataset, metrics in datasets.items()}
    index = next(iter(rows.values()))
    order = np.argsort(index, kind="stable")
    columns, left = [], []
    for dataset, metrics in datasets.items():
        if not np.array_equal(rows[dataset], index):
            raise NasbenchError(f"{source} lists other networks for {dataset} than for {next(iter(rows))}.")
        for metric, values in metrics.items():
            known = re.fullmatch(r"([A-Za-z0-9]+)_(latency|energy)", str(metric))
            if known:
                numbers = _numbers(source, f"{dataset}, {metric}", values, len(index))[order]
                quantity = f"{known[2]}@{known[1]}"
                columns.append(
                    Measured(Column(dataset=str(dataset).lower(), quantity=quantity, unit=UNITS[known[2]]), numbers)
                )
            elif metric != NETWORKS:
                left.append(metric)
    if not columns:
        raise NasbenchError(f"{source} holds no metric of the form device_latency or device_energy.")
    absent = np.setdiff1d(np.arange(space.size), index)
    notes = [f"{str(metric)[:80]} is neither latency nor energy and was left out." for metric in dict.fromkeys(left)]
    if len(absent):
        notes.append(f"{len(absent)} of the {space.size} cells are not in the file.")
    write_table(
        folder,
        name=options.name,
        space=space,
        columns=columns,
        provenance=f"HW-NAS-Bench by Li et al. (2021), {source.name}",
        row_index=None if len(absent) == 0 else index[order],
        notes=notes,
    )
    return ImportReport(tuple(space.to_string(space.all[i]) for i in absent), tuple(notes))


def _cells(source: Path, dataset: str, metrics: Mapping[str, Any], space: NasBench201Space) -> Ints:
    """Return the space index of each network of a data set."""
    networks = metrics.get(NETWORKS)
    if not isinstance(networks, list) or not all(isinstance(n, dict) and "arch_str" in n for n in networks):
        raise NasbenchError(
            f"{source}, {dataset}: {NETWORKS!r} should list networks with their 'arch_str', which the other lists follow."
        )
    index = np.array([space.index(space.from_string(str(network["arch_str"]))) for network in networks], dtype=np.int64)
    if len(np.unique(index)) != len(index) or len(index) == 0:
        raise NasbenchError(
            f"{source}, {dataset}: {NETWORKS!r} lists {len(index)} networks, of which {len(np.unique(index))} differ."
        )
    return index


def _numbers(source: Path, what: str, values: Any, networks: int) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise NasbenchError(f"{source}, {what} should be a list of numbers.") from None
    if numbers.shape != (networks,):
        raise NasbenchError(
            f"{source}, {what} has the shape {numbers.shape}; it should have one number for each of {networks} networks."
        )
    if np.isnan(numbers).any():
        raise NasbenchError(f"{source}, {what} should hold finite numbers that are not negative.")
    return numbers
