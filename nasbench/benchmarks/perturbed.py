"""Perturbed copies of a benchmark, with values exchanged among architectures, to avoid overfitting when tuning on one
table.

Settings that suit the best cells of one data set make an optimizer look better there. Copies agree with the table only
in part, each in a different way, so only settings that help on all of them are rewarded. A copy keeps the values of the
table, their noise and the training times; it changes which architecture has which value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.objectives import find_longest
from nasbench.benchmarks.oracle import TableOracle
from nasbench.benchmarks.tabular import TableEvaluator, TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.tables.table import Table

BOTTOM = 1e3
"""Beyond every normal score."""


@dataclass(frozen=True)
class PerturbedBenchmark(TabularBenchmark):
    """A perturbed copy of one data set of a table, for the first objective only.

    With `u` the normal scores of the architectures' seed means and `r` a random linear function of their features (see
    `random_function`), made uncorrelated with `u`, an architecture takes the values of the one whose rank in `u` is its
    own rank in `c u + sqrt(1 - c^2) r`. Architectures of equal function have equal `r`. In spaces with paths,
    architectures without a live path stay worst, since they compute nothing on any data set.

    Attributes:
        copy: number of the copy, from 1; each is a different function.
        correlation: `c` in (0, 1], the correlation of the copy's normal scores with the table's.
    """

    copy: int
    correlation: float

    def __post_init__(self) -> None:
        if self.copy < 1 or not 0 < self.correlation <= 1:
            raise NasbenchError(
                f"A perturbed copy has a number of 1 or more and a correlation above 0 and up to 1, not {self.copy} and {self.correlation}."
            )

    def problem(self, protocol: SearchProtocol, seed: int, runs: Sequence[int]) -> Problem:
        """Return the search side; see `TabularBenchmark`."""
        evaluator = _PerturbedEvaluator(self.table, self.dataset, protocol, self.partners(protocol))
        return Problem(evaluator, protocol, seed, tuple(runs))

    def oracle(self, protocol: SearchProtocol) -> TableOracle:
        """Return the oracle; only its search means, used in tuning, are those of the copy."""
        return _PerturbedOracle(self.table, self.dataset, protocol, self.partners(protocol))

    def partners(self, protocol: SearchProtocol) -> Ints:
        """Return, for each row, the row of the table whose values it takes, `(N,)`."""
        if len(protocol.objectives) != 1:
            raise NasbenchError(
                f"A perturbed copy has one objective, not {len(protocol.objectives)}; name the one to tune for."
            )
        objective = protocol.objectives[0]
        return _partners(self.table, self.dataset, objective, protocol.split, self.copy, self.correlation)


@lru_cache(maxsize=64)
def _partners(table: Table, dataset: str, objective: str, split: str, copy: int, correlation: float) -> Ints:
    # Cached, since tuning uses the same copies in every run of every trial.
    from scipy.special import ndtri

    means = find_longest(table, dataset, objective, split).mean()
    known = np.flatnonzero(np.isfinite(means))
    ordered = known[np.argsort(means[known], kind="stable")]
    architectures = table.architectures[ordered]
    scores = ndtri((np.arange(len(ordered)) + 0.5) / len(ordered))
    other = random_function(table.space, architectures, np.random.default_rng(copy))
    other -= scores * (other @ scores) / (scores @ scores)
    mixed = correlation * scores + (1 - correlation**2) ** 0.5 * other / other.std()
    if table.space.has_paths:
        mixed[table.space.paths(architectures).sum(axis=1) == 0] += BOTTOM
    partners = np.arange(len(means))
    partners[ordered[np.argsort(mixed, kind="stable")]] = ordered
    partners.flags.writeable = False
    return partners


def random_function(space: Space, architectures: Architectures, rng: np.random.Generator) -> Floats:
    """Return a random linear function of architectures `(n, d)`, of mean 0 and variance 1: `(n,)`.

    The sum of one function each of the one-hot decisions, how often each choice occurs and, where the space has them, paths and
    bigrams, of canonical forms; each has standard normal coefficients and is scaled to variance 1.
    """
    canonical = space.canonical(architectures)
    features = [space.one_hot(canonical), space.choice_counts(canonical)]
    if space.has_paths:
        features += [space.paths(canonical), space.bigrams(canonical)]
    total = np.zeros(len(architectures))
    for some in features:
        values = some @ rng.standard_normal(some.shape[1])
        total += (values - values.mean()) / values.std()
    return (total - total.mean()) / total.std()


class _PerturbedEvaluator(TableEvaluator):
    """Evaluator that returns the values of each row's partner, at its own training time."""

    def __init__(self, table: Table, dataset: str, protocol: SearchProtocol, partners: Ints) -> None:
        super().__init__(table, dataset, protocol)
        self._partners = partners

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Return objectives and training seeds; see the protocol."""
        return super().evaluate(self._partners[rows], architectures, level, key, repetition)


class _PerturbedOracle(TableOracle):
    """True values of each row's partner on the search split."""

    def __init__(self, table: Table, dataset: str, protocol: SearchProtocol, partners: Ints) -> None:
        super().__init__(table, dataset, protocol)
        self._partners = partners

    @cached_property
    def search_means(self) -> Floats:
        """See `TableOracle`."""
        return super().search_means[self._partners]
