"""Benchmarks backed by a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.limits import limits_of
from nasbench.benchmarks.objectives import Objective, find_objective, find_quantity, known_quantities
from nasbench.benchmarks.oracle import ConstrainedTableOracle, TableOracle
from nasbench.errors import MissingDataError, NasbenchError
from nasbench.search.known_quantities import KnownQuantity
from nasbench.search.problem import Problem
from nasbench.search.random_streams import hashed_uniform
from nasbench.search.search_protocol import SEED_POLICIES, SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.tables.table import Table
from nasbench.tables.train_time import charged_seconds


@dataclass(frozen=True)
class TabularBenchmark:
    """One data set of a table.

    Attributes:
        table: the measured architectures.
        dataset: the data set.
    """

    table: Table
    dataset: str

    @property
    def name(self) -> str:
        """`table/dataset`."""
        return f"{self.table.name}/{self.dataset}"

    @property
    def space(self) -> Space:
        """The space that is searched."""
        return self.table.space

    @property
    def checksum(self) -> str:
        """Checksum of the table, from those of its arrays."""
        return self.table.checksum

    def longest(self, objectives: Sequence[str], split: str) -> int:
        """Return the epochs of the longest training of the first objective on a split; 1 where the table does not count
        epochs.
        """
        if not objectives:
            raise NasbenchError("The objectives are []; name at least one.")
        quantity = find_quantity(self.table, self.dataset, objectives[0])
        return max(self.table.epochs(self.dataset, quantity, split), default=1)

    def problem(self, protocol: SearchProtocol, seed: int, runs: Sequence[int]) -> Problem:
        """Return the search side for runs of these numbers; raises `NasbenchError` if the table cannot answer the
        setting.
        """
        evaluator = TableEvaluator(self.table, self.dataset, protocol)
        return Problem(evaluator, protocol, seed, tuple(runs), evaluator.limits)

    def oracle(self, protocol: SearchProtocol) -> TableOracle:
        """Return the test side; for reports alone."""
        kind = ConstrainedTableOracle if protocol.constraints else TableOracle
        return kind(self.table, self.dataset, protocol)


class TableEvaluator:
    """Evaluator for the columns of one split; see `nasbench.search.evaluator.Evaluator`. It holds no other column, and looks up such
    quantities only as are known without training.
    """

    def __init__(self, table: Table, dataset: str, protocol: SearchProtocol) -> None:
        self._name = f"{table.name}/{dataset}"
        self._known = known_quantities(table, dataset)
        found = [
            [find_objective(table, dataset, name, protocol.split, epochs) for name in protocol.evaluated]
            for epochs in protocol.epochs
        ]
        self.space = table.space
        self.rows: int | None = len(table)
        self.cheap = tuple(objective.cheap for objective in found[-1])
        self._held = _Held(table.checksum, table.space, None if table.is_complete else np.asarray(table.row_index))
        self._answers = [
            [_Answers.from_objective(objective, protocol.training_seed) for objective in level] for level in found
        ]
        self._seconds = [_seconds(table, dataset, epochs) for epochs in protocol.epochs]
        self.limits = limits_of(protocol, found[-1], lambda m: _extent(level[m] for level in found))
        self._facts = [np.asarray(objective.values) for objective in found[-1] if objective.cheap]

    @property
    def functions(self) -> Ints:
        """Row of the canonical form of each row; its own row where the table lacks the canonical form."""
        return _functions(self._held)

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, -1 for one that the table lacks."""
        return self._held.row(architectures)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Return objectives and training seeds; see the protocol."""
        if len(self._answers) == 1:
            return self._evaluate_at(0, rows, level, key, repetition)
        objectives = np.empty((len(rows), len(self.cheap)))
        seeds = np.empty(len(rows), dtype=np.int64)
        for at in range(len(self._answers)):
            here = level == at
            objectives[here], seeds[here] = self._evaluate_at(at, rows[here], level[here], key[here], repetition[here])
        return objectives, seeds

    def _evaluate_at(
        self, at: int, rows: Ints, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        answers = self._answers[at]
        objectives = np.empty((len(rows), len(answers)))
        draw: Floats | None = None
        seeds = np.full(len(rows), -1, dtype=np.int64)
        for m, answer in enumerate(answers):
            if answer.order is None:
                objectives[:, m] = answer.values[rows]
                continue
            if draw is None:
                draw = hashed_uniform(key, rows, level, repetition)
            width = answer.order.shape[1]
            slot = answer.order.ravel()[rows * width + (draw * answer.available[rows]).astype(np.int64)]
            objectives[:, m] = answer.values.ravel()[rows * width + slot]
            seeds = answer.seeds[slot]
        if draw is None and answers[0].seeds.size == 1:
            seeds[:] = answers[0].seeds[0]
        return objectives, seeds

    def known(self, name: str) -> KnownQuantity:
        """Return a closed form or a column that needs no training; raises `NasbenchError` if there is none of that name."""
        if name not in self._known:
            has = f"these are {', '.join(self._known)}" if self._known else "nothing is"
            raise NasbenchError(f"{name} of {self._name} is not known without training; {has}.")
        known = self._known[name]
        return KnownQuantity(partial(self._held.read, known.values), known.seconds)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        """Return the training seconds at the fidelity."""
        if len(self._seconds) == 1:
            return self._seconds[0][rows]
        return np.stack(self._seconds)[level, rows]

    def facts(self, architectures: Architectures) -> Floats:
        """Return cheap objectives, `(..., number of cheap)`; NaN for architectures that the table lacks."""
        values = [self._held.read(fact, architectures) for fact in self._facts]
        return np.stack(values, axis=-1) if values else np.empty((*architectures.shape[:-1], 0))


@dataclass(frozen=True)
class _Held:
    """Index of the architectures of a table.

    Attributes:
        checksum: the table's; two of one checksum are equal.
        space: of the architectures.
        index: space index of each row, ascending, `(N,)`; None where row i is the architecture with index i.
    """

    checksum: str
    space: Space = field(compare=False)
    index: Ints | None = field(compare=False)

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, -1 for one that the table lacks."""
        asked = self.space.index(architectures)
        if self.index is None:
            return asked
        row = np.minimum(np.searchsorted(self.index, asked), len(self.index) - 1)
        return np.where(self.index[row] == asked, row, -1)

    def read(self, values: Floats, architectures: Architectures) -> Floats:
        """Return the value of each architecture, from one of each row; NaN for an architecture that the table lacks."""
        rows = self.row(architectures)
        return np.where(rows >= 0, values[rows], np.nan)


@lru_cache(maxsize=4)
def _functions(held: _Held) -> Ints:
    # Cached, since a process opens the same table for every unit, and 423,624 canonical forms take longer than a unit.
    index = np.arange(held.space.size) if held.index is None else held.index
    canonical = held.row(held.space.canonical(held.space.from_index(index)))
    functions: Ints = np.where(canonical >= 0, canonical, np.arange(len(index)))
    functions.flags.writeable = False
    return functions


@dataclass(frozen=True)
class _Answers:
    """Values of one objective, arranged for the seed policy.

    Attributes:
        values: `(N,)`, or `(N, S)` where a training seed is drawn.
        order: positions of the measured seeds of each architecture first, `(N, S)`; None where none is drawn.
        available: number of measured seeds, `(N,)`.
        seeds: the seed numbers, `(S,)`; one where a fixed seed answers; empty where a mean does.
    """

    values: Floats
    order: Ints | None
    available: Ints
    seeds: Ints

    @classmethod
    def from_objective(cls, objective: Objective, policy: str | int) -> _Answers:
        values, seeds = objective.values, objective.seeds
        none = np.empty(0, dtype=np.int64)
        if values.ndim == 1:
            if objective.missing is not None and objective.missing.any():
                raise MissingDataError(
                    f"{int(objective.missing.sum())} architectures have no {objective.name}; leave it out, or import a table of those that have."
                )
            return cls(np.asarray(values), None, none, none)
        missing = np.zeros(values.shape, dtype=bool) if objective.missing is None else np.asarray(objective.missing)
        if policy in SEED_POLICIES and missing.all(axis=1).any():
            raise MissingDataError(
                f"{int(missing.all(axis=1).sum())} architectures have no trained seed for {objective.name}; the table must be narrowed to those that have."
            )
        if policy == "mean":
            return cls(objective.mean(), None, none, none)
        if policy == "random":
            return cls(
                np.asarray(values),
                np.argsort(missing, axis=1, kind="stable"),
                (~missing).sum(axis=1),
                np.asarray(seeds),
            )
        if policy not in seeds:
            raise NasbenchError(
                f"Training seed {policy!r} is not in the table, which has {', '.join(map(str, seeds))}."
            )
        at = seeds.index(int(policy))
        if missing[:, at].any():
            raise MissingDataError(
                f"Training seed {policy} is missing for {int(missing[:, at].sum())} architectures; choose another, or 'random', or 'mean'."
            )
        return cls(np.ascontiguousarray(values[:, at]), None, none, np.array([policy]))


def _extent(levels: Iterable[Objective]) -> tuple[float, float]:
    """Return the smallest and the largest value of an objective over all architectures, seeds and fidelities."""
    values = [
        level.values if level.missing is None else np.where(level.missing, np.nan, level.values) for level in levels
    ]
    return min(float(np.nanmin(array)) for array in values), max(float(np.nanmax(array)) for array in values)


def _seconds(table: Table, dataset: str, epochs: int) -> Floats:
    """Return the training seconds of each row at `epochs`; none where the table times nothing."""
    found = charged_seconds(table, dataset, epochs)
    return np.zeros(len(table)) if found is None else np.asarray(found)
