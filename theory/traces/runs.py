"""Runs of finished studies for trace checks: the rank of each query in the searched table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from nasbench.benchmarks.catalogue import get_searchable, has_checksum
from nasbench.errors import NasbenchError
from nasbench.study.live_config import is_live
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store
from nasbench.study.trace_table import SECONDS
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns, space_of_problem


def open_runs(folder: Path) -> list[OptimizerRuns]:
    """Read a results folder: the runs of each method on each problem, but for reference models, which search nothing.

    Raises:
        NasbenchError: if it is not a results folder, lacks units, or one of its benchmarks has another version here.
    """
    store = Store.open(folder)
    study = store.study
    recorded = store.environment.get("benchmarks", {})
    searched = [name for name in study.problems if name not in store.skipped]
    for name in searched:
        if not is_live(name) and not has_checksum(get_searchable(name), recorded.get(name, "")):
            raise NasbenchError(
                f"{folder} was run on another version of {name} than is installed; restore that table or run the study again."
            )
    if store.missing:
        raise NasbenchError(
            f"{folder} lacks {len(store.missing)} of {len(study.units())} units; `nasbench run` with this study and folder resumes it."
        )
    return [runs for name in searched for method in study.methods if (runs := _runs(store, name, method)) is not None]


def _runs(store: Store, benchmark: str, entry: MethodConfig) -> OptimizerRuns | None:
    units = [u for u in store.units() if u.problem == benchmark and u.label == entry.label and u.method is not None]
    if not units:
        return None
    names = ["run", "query", "architecture", SECONDS, *store.study.objectives]
    table = pa.concat_tables([store.read(unit).select(names) for unit in units]).sort_by(
        [("run", "ascending"), ("query", "ascending")]
    )
    run, query = table["run"].to_numpy(), table["query"].to_numpy()
    position = np.unique(run, return_inverse=True)[1]
    shape = (int(position.max()) + 1, int(query.max()) + 1)
    observed = np.full((*shape, len(store.study.objectives)), np.inf)
    for m, objective in enumerate(store.study.objectives):
        observed[position, query, m] = table[objective].to_numpy()
    index = np.full(shape, -1, dtype=np.intp)
    index[position, query] = 0
    strings = table["architecture"].combine_chunks().dictionary_encode()
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    space = space_of_problem(store.study, benchmark)
    known = np.stack([space.from_string(text) for text in strings.dictionary.to_pylist()])
    codes = strings.indices.to_numpy(zero_copy_only=False)
    architectures = None
    if space.product_size < 2**62:
        index[position, query] = space.index(known)[codes]
    else:
        architectures = np.zeros((*shape, space.d), dtype=np.int8)
        architectures[position, query] = known[codes]
    if is_live(benchmark):
        charged = np.zeros(shape)
        charged[position, query] = table[SECONDS].to_numpy()
        curves = tuple(curve for unit in units if "entropy" in (curve := store.result(unit)["search_curve"])[0])
        return OptimizerRuns(
            store.study, benchmark, entry, index, observed, architectures, charged=charged, curves=curves
        )
    noted = [store.timing(unit).seconds_on_the_way for unit in units]
    seconds = tuple((int(queries), float(spent)) for one in noted for queries, spent in one)
    return OptimizerRuns(store.study, benchmark, entry, index, observed, architectures, seconds)
