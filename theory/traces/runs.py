"""Runs of finished studies for trace checks: the rank of each query in the searched table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nasbench.benchmarks.catalogue import get_benchmark, has_checksum
from nasbench.errors import NasbenchError
from nasbench.search.registry import registered_optimizer
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
from nasbench.study.store import Store
from nasbench.theory.exact.landscape import Landscape

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class OptimizerRuns:
    """All runs of one optimizer on one benchmark.

    Attributes:
        study: the plan that they followed.
        benchmark: `table/dataset`.
        entry: the optimizer with its settings.
        index: index in the space of each queried architecture, shape (R, Q); -1 after the end of a run.
        observed: objectives as the optimizer saw them, shape (R, Q, M); infinite after the end of a run.
    """

    study: Study
    benchmark: str
    entry: MethodConfig
    index: Ints
    observed: Floats

    @property
    def count(self) -> int:
        """Number of runs."""
        return len(self.index)

    @cached_property
    def horizon(self) -> int:
        """Number of queries made by every run."""
        return int((self.index >= 0).sum(axis=1).min())

    @cached_property
    def landscape(self) -> Landscape | None:
        """Seed means of the searched objective on its split; None where the table is not a complete product."""
        benchmark = get_benchmark(self.benchmark)
        if not benchmark.table.is_complete:
            return None
        protocol = self.study.protocol(benchmark.longest(self.study.objectives, self.study.split))
        values = benchmark.oracle(protocol).objectives[:, 0]
        return Landscape(np.asarray(values, dtype=float), tuple(int(k) for k in benchmark.space.cardinalities))

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """All settings of the optimizer by current names, including defaults."""
        optimizer = registered_optimizer(self.entry.name)
        return {**optimizer.settings, **optimizer.with_new_names(self.entry.settings)}

    def times(self, targets: int) -> Floats:
        """Return the query (from 1) at which each run first asked for a target, shape (R,); infinite if never."""
        assert self.landscape is not None
        return self.first_queries(self.landscape.rank < targets)

    def first_queries(self, wanted: NDArray[np.bool_]) -> Floats:
        """Return the same for the architectures that a mask `(N,)` names."""
        hit = (self.index >= 0) & wanted[self.index]
        return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)


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
