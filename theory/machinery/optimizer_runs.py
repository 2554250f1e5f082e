"""All runs of one optimizer on one benchmark, on which claims are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.catalogue import get_benchmark, get_searchable
from nasbench.benchmarks.function_benchmark import FunctionBenchmark
from nasbench.benchmarks.objectives import find_objective
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.search.registry import registered_optimizer
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Space
from nasbench.study.config import Study
from nasbench.study.live_config import is_live
from nasbench.study.methods import MethodConfig
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.exact.noisy_search import NoisyTable

LISTED = 2**17
"""Architectures of a function that are evaluated to know its landscape."""

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def space_of_problem(study: Study, benchmark: str) -> Space:
    """Return the space that a study searches on a benchmark or a live task."""
    return get_space(study.live.space) if is_live(benchmark) else get_searchable(benchmark).space


@dataclass(frozen=True)
class OptimizerRuns:
    """All runs of one optimizer on one benchmark.

    Attributes:
        study: the plan that they followed.
        benchmark: `table/dataset`.
        entry: the optimizer with its settings.
        index: index in the space of each queried architecture, shape (R, Q); -1 after the end of a run, 0 before it in a space that is too
            large for indices.
        observed: objectives as the optimizer saw them, shape (R, Q, M); infinite after the end of a run.
        architectures: of each query, shape (R, Q, d); None where `index` tells them.
        seconds: the optimizer's processor seconds, a run, as pairs (queries, seconds); empty where the folder does not tell.
        charged: measured seconds of each query of a live study, shape (R, Q), 0 after the end of a run; None of other studies.
        curves: of each run of a search on shared weights, a row for each epoch (see `nasbench.live.searchers.loop`).
    """

    study: Study
    benchmark: str
    entry: MethodConfig
    index: Ints
    observed: Floats
    architectures: NDArray[np.int8] | None = None
    seconds: tuple[tuple[int, float], ...] = ()
    charged: Floats | None = None
    curves: tuple[Sequence[Mapping[str, Any]], ...] = ()

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
        """Seed means of the searched objective on its split, or the values of a function; None where not every architecture of a product
        space has one, or they are too many to be listed.
        """
        if self.is_live:
            return None
        benchmark = get_searchable(self.benchmark)
        if not isinstance(benchmark, TabularBenchmark):
            return self._listed_function
        if not benchmark.table.is_complete:
            return None
        protocol = self.study.protocol(benchmark.longest(self.study.objectives, self.study.split))
        values = benchmark.oracle(protocol).objectives[:, 0]
        return Landscape(np.asarray(values, dtype=float), tuple(int(k) for k in benchmark.space.cardinalities))

    @cached_property
    def _listed_function(self) -> Landscape | None:
        benchmark = get_searchable(self.benchmark)
        space = benchmark.space
        if not isinstance(benchmark, FunctionBenchmark) or type(space) is not Space or space.product_size > LISTED:
            return None
        values = benchmark.function(space.from_index(np.arange(space.product_size)))
        return Landscape(np.asarray(values, dtype=float), tuple(int(k) for k in space.cardinalities))

    @property
    def space(self) -> Space:
        """The space that was searched."""
        return space_of_problem(self.study, self.benchmark)

    @property
    def is_product(self) -> bool:
        """Whether every combination of choices could be asked for."""
        if self.study.constraints:
            return False
        if self.is_live:
            return type(self.space).is_feasible is Space.is_feasible
        benchmark = get_searchable(self.benchmark)
        return benchmark.table.is_complete if isinstance(benchmark, TabularBenchmark) else type(self.space) is Space

    @property
    def is_alone(self) -> bool:
        """Whether the optimizer made one training after the other, from nothing, with repeats where it makes them."""
        return not (self.study.parallelism.is_simulated or self.study.warm_start is not None or self.entry.no_repeats)

    @property
    def fidelities(self) -> int:
        """Number of lengths of training."""
        return 1 if isinstance(self.study.epochs, str) else len(self.study.epochs)

    @property
    def sees_means(self) -> bool:
        """Whether each query is answered by the seed mean, or by a function without noise, at one fidelity."""
        noiseless = not self.is_live and not isinstance(get_searchable(self.benchmark), TabularBenchmark)
        return self.fidelities == 1 and (noiseless or self.study.training_seed == "mean")

    @property
    def is_live(self) -> bool:
        """Whether networks were trained."""
        return is_live(self.benchmark)

    @cached_property
    def trainings(self) -> NoisyTable | None:
        """The single trainings of which one answers each query; None where the landscape is None, or no training is drawn."""
        if self.landscape is None or self.study.training_seed != "random" or self.fidelities > 1:
            return None
        if self.sees_means:
            return None
        benchmark = get_benchmark(self.benchmark)
        (epochs,) = self.study.protocol(benchmark.longest(self.study.objectives, self.study.split)).epochs
        found = find_objective(benchmark.table, benchmark.dataset, self.study.objectives[0], self.study.split, epochs)
        if found.values.ndim == 1:
            return None
        values = np.array(found.values, dtype=float)
        values[np.zeros(values.shape, dtype=bool) if found.missing is None else found.missing] = np.nan
        return NoisyTable(values, self.landscape, self.study.repeat_policy)

    @cached_property
    def queried(self) -> NDArray[np.int8]:
        """Architecture of each query within the horizon, shape (R, horizon, d)."""
        if self.architectures is not None:
            return self.architectures[:, : self.horizon]
        return self.space.from_index(self.index[:, : self.horizon])

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
