"""All runs of one optimizer on one benchmark, on which claims are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.search.registry import registered_optimizer
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
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
