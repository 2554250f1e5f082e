"""NAS-Bench-Graph from the installed package `nas-bench-graph` (Apache-2.0): 26,206 networks on eight graphs, 2,021 on proteins.

Validation and test are means over three training seeds (single seeds are not in the package); what was trained with which number of
epochs differs by data set and is tuned by the authors, so there is no fidelity. On proteins the score is the mean area under the
ROC curve over 112 tasks, in per cent; elsewhere it is accuracy. The package is found without importing it, and its pickles are
read with the restricted unpickler. Every combination of the space gets the record of its network.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_graph import NODES, OPERATIONS, NasBenchGraphSpace
from nasbench.spaces.space import Architectures, Ints
from nasbench.tables.column import Column, Measured
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.writer import write_table

NAME = "nas-bench-graph"
DATASETS = ("arxiv", "citeseer", "computers", "cora", "cs", "photo", "physics", "pubmed")
QUANTITIES = ("valid_perf", "perf", "latency", "para")
KEY_BASE = 10


def build(folder: Path) -> None:
    """Write the table of the eight data sets that share a space into an empty folder."""
    write(folder, NasBenchGraphSpace(), DATASETS, "mean accuracy of three seeds")


def write(folder: Path, space: NasBenchGraphSpace, datasets: tuple[str, ...], note: str) -> None:
    """Write the table of data sets that share a space.

    Raises:
        NasbenchError: if the package is missing, or its records are not one for each network of the space.
    """
    columns = [column for dataset in datasets for column in _columns(dataset, records(dataset), space, note)]
    write_table(
        folder,
        name=space.name,
        space=space,
        columns=columns,
        row_index=space.index(space.all),
        provenance="nas-bench-graph 1.4.0, NAS-Bench-Graph by Qin et al. (2022)",
    )


def records(dataset: str) -> dict[int, dict[str, float]]:
    """Return the package's records of one data set: key of a network to `valid_perf`, `perf` (fractions), `latency` (s), `para` (M).

    Raises:
        NasbenchError: if the package is not installed or its file is damaged.
    """
    spec = find_spec("nas_bench_graph")
    if spec is None or not spec.submodule_search_locations:
        raise NasbenchError(
            "The package nas-bench-graph is not installed; it holds NAS-Bench-Graph and comes with the suite's dependencies."
        )
    loaded: dict[int, dict[str, float]] = load_file(
        Path(spec.submodule_search_locations[0]) / "light" / f"{dataset}.bench"
    )
    return loaded


def _columns(dataset: str, found: dict[int, dict[str, Any]], space: NasBenchGraphSpace, note: str) -> list[Measured]:
    keys = np.array(list(found), dtype=np.int64)
    keyed = space.index(space.canonical(_architectures(keys, space))).tolist()
    of_network = dict(zip(keyed, found.values(), strict=True))
    networks = space.index(space.canonical(space.all))
    absent = set(networks.tolist()) - set(of_network)
    if absent or len(of_network) != len(found) or len(found) != len(np.unique(networks)):
        raise NasbenchError(
            f"nas-bench-graph has {len(found)} records on {dataset}; the space {space.name!r} has {len(np.unique(networks))} networks, each of which needs one."
        )
    table = {key: np.array([of_network[network][key] for network in networks.tolist()]) for key in QUANTITIES}

    def column(quantity: str, unit: str, split: str | None = None, note: str = "") -> Column:
        return Column(dataset=dataset, quantity=quantity, unit=unit, split=split, note=note)

    return [
        Measured(column("accuracy", "%", "validation", note), 100 * table["valid_perf"]),
        Measured(column("accuracy", "%", "test", note), 100 * table["perf"]),
        Measured(
            column("latency", "ms", note="inference on the GPU of the benchmark's authors"), 1e3 * table["latency"]
        ),
        Measured(column("parameters", "M"), table["para"]),
    ]


def _architectures(keys: Ints, space: NasBenchGraphSpace) -> Architectures:
    """Return architectures of keys: five digits, the wiring and the operations by their position among all nine."""
    digits = keys[:, None] // KEY_BASE ** np.arange(NODES, -1, -1) % KEY_BASE
    if digits.min() < 0 or digits.max() >= len(OPERATIONS) or keys.max() >= KEY_BASE ** (NODES + 1):
        raise NasbenchError(f"nas-bench-graph has the key {int(keys.max())}; keys have five digits from 0 to 8.")
    position = np.array([space.operations.index(name) if name in space.operations else -1 for name in OPERATIONS])
    operations = position[digits[:, 1:]]
    if operations.min() < 0:
        raise NasbenchError(f"nas-bench-graph has a network with an operation that {space.name!r} lacks.")
    return np.concatenate([digits[:, :1], operations], axis=1).astype(np.int8)
