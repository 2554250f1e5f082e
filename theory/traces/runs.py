"""Runs of finished studies for trace checks: the rank of each query in the searched table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from nasbench.benchmarks.catalogue import get_benchmark, has_checksum
from nasbench.errors import NasbenchError
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns


def open_runs(folder: Path) -> list[OptimizerRuns]:
    """Read a results folder.

    Raises:
        NasbenchError: if it is not a results folder, lacks units, one of its benchmarks has another version here, or it has constraints.
    """
    store = Store.open(folder)
    study = store.study
    if study.constraints:
        raise NasbenchError(f"{folder} was run under constraints, of which no claim says anything; give other traces.")
    recorded = store.environment.get("benchmarks", {})
    for name in study.problems:
        if not has_checksum(get_benchmark(name), recorded.get(name, "")):
            raise NasbenchError(
                f"{folder} was run on another version of {name} than is installed; restore that table or run the study again."
            )
    if store.missing:
        raise NasbenchError(
            f"{folder} lacks {len(store.missing)} of {len(study.units())} units; `nasbench run` with this study and folder resumes it."
        )
    return [_runs(store, benchmark, entry) for benchmark in study.problems for entry in study.methods]


def _runs(store: Store, benchmark: str, entry: MethodConfig) -> OptimizerRuns:
    units = [u for u in store.study.units() if u.problem == benchmark and u.label == entry.label]
    names = ["run", "query", "architecture", *store.study.objectives]
    table = pa.concat_tables([store.read(unit).select(names) for unit in units]).sort_by(
        [("run", "ascending"), ("query", "ascending")]
    )
    strings = table["architecture"].combine_chunks().dictionary_encode()
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    space = get_benchmark(benchmark).space
    known = np.array([int(space.index(space.from_string(text))) for text in strings.dictionary.to_pylist()])
    run, query = table["run"].to_numpy(), table["query"].to_numpy()
    position = np.unique(run, return_inverse=True)[1]
    shape = (int(position.max()) + 1, int(query.max()) + 1)
    index = np.full(shape, -1, dtype=np.intp)
    index[position, query] = known[strings.indices.to_numpy(zero_copy_only=False)]
    observed = np.full((*shape, len(store.study.objectives)), np.inf)
    for m, objective in enumerate(store.study.objectives):
        observed[position, query, m] = table[objective].to_numpy()
    return OptimizerRuns(store.study, benchmark, entry, index, observed)
