"""Surrogate benchmarks: functions that predict what a training or a measurement would give, of spaces too large for a table.

Nothing is looked up and nothing is trained: the search and the report see the same prediction, without noise, split or fidelity. Where no
optimum is known, the best known value is used instead: that of a long search, or of anything that the oracle met since, if that is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.function_benchmark import EvaluatedArchitectures, FunctionEvaluator
from nasbench.benchmarks.limits import limits_of
from nasbench.benchmarks.views import AS_IT_IS, View
from nasbench.errors import NasbenchError, unknown_name
from nasbench.search.constraints import Limits, join
from nasbench.search.known_quantities import KnownQuantity
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space

SAMPLED = 100_000
"""Random architectures that stand for the space where a mean or a rank is asked for."""

Predictor = Callable[[Architectures], Floats]


@dataclass(frozen=True)
class PredictedObjective:
    """One objective.

    Attributes:
        predict: what is minimised, of architectures `(..., d)` to `(...)`.
        unit: of the values.
        find_best: returns the architecture `(d,)` with the smallest value that is known.
        is_exact: whether that value is proved to be the smallest of the space.
        cheap: whether it is known without training.
        view: how users see the values.
    """

    predict: Predictor
    unit: str
    find_best: Callable[[], Architectures]
    is_exact: bool
    cheap: bool = False
    view: View = AS_IT_IS


@dataclass(frozen=True)
class HeldOutError:
    """How well an objective is predicted of measurements that its model was not fitted to.

    Attributes:
        architectures: how many were held out.
        rmse: root mean square error, in the unit of the objective.
        kendall_tau: rank correlation.
    """

    architectures: int
    rmse: float
    kendall_tau: float


@dataclass(frozen=True)
class SurrogateBenchmark:
    """Predictions as a benchmark.

    Attributes:
        name: as in a study.
        space: the space that is searched.
        predictions: by name; the first is the default of a search.
        checksum: of the files that the predictions are made from.
        seconds: training seconds that a query is charged; None if nothing is.
        held_out: by objective, where measurements to hold the predictions against ship with the suite.
    """

    name: str
    space: Space
    predictions: Mapping[str, PredictedObjective]
    checksum: str
    seconds: Predictor | None = None
    held_out: Mapping[str, HeldOutError] = field(default_factory=dict)

    @property
    def views(self) -> Mapping[str, View]:
        """How users see each objective."""
        return {name: objective.view for name, objective in self.predictions.items()}

    def values(self, architecture: Architectures) -> dict[str, tuple[float, str]]:
        """Return every prediction of an architecture `(d,)`, as users see it, with its unit."""
        return {name: (float(one.view(one.predict(architecture))), one.unit) for name, one in self.predictions.items()}

    def longest(self, objectives: Sequence[str], split: str) -> int:
        """Return 1: nothing is trained."""
        return 1

    def problem(self, protocol: SearchProtocol, seed: int, runs: Sequence[int]) -> Problem:
        """Return the search side for runs of these numbers; raises NasbenchError for an objective that there is not."""
        found = self._found(protocol.evaluated)
        limits = limits_of(protocol, found, lambda m: _extent(self.space, found[m].predict))
        return Problem(
            SurrogateEvaluator(self.space, found, self.seconds, self.predictions), protocol, seed, tuple(runs), limits
        )

    def oracle(self, protocol: SearchProtocol) -> SurrogateOracle:
        """Return the test side; for reports alone."""
        if protocol.constraints:
            return ConstrainedSurrogateOracle(self.name, self.space, self._found(protocol.evaluated), protocol)
        return SurrogateOracle(self.space, self._found(protocol.objectives))

    def _found(self, names: Sequence[str]) -> list[PredictedObjective]:
        for name in names:
            if name not in self.predictions:
                raise unknown_name(f"objective of {self.name}", name, self.predictions)
        return [self.predictions[name] for name in names]


class SurrogateEvaluator(FunctionEvaluator):
    """Answers with predictions; see `nasbench.search.problem.Evaluator`."""

    def __init__(
        self,
        space: Space,
        objectives: Sequence[PredictedObjective],
        seconds: Predictor | None,
        predictions: Mapping[str, PredictedObjective] = MappingProxyType({}),
    ) -> None:
        super().__init__(space, objectives[0].predict)
        self.cheap = tuple(objective.cheap for objective in objectives)
        self._predictors = [objective.predict for objective in objectives]
        self._train_seconds = seconds
        self._known = {name: one.predict for name, one in predictions.items() if one.cheap}

    def known(self, name: str) -> KnownQuantity:
        """Return a prediction that needs no training, minimised."""
        if name not in self._known:
            raise unknown_name("quantity that is known without training", name, self._known)
        return KnownQuantity(self._known[name])

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: NDArray[np.uint64], repetition: Ints
    ) -> tuple[Floats, Ints]:
        """Return predictions `(n, M)`, and no training seeds."""
        return _stack(self._predictors, architectures), np.full(len(rows), -1, dtype=np.int64)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        """Return the predicted training seconds; none where nothing is charged."""
        return np.zeros(len(rows)) if self._train_seconds is None else self._train_seconds(architectures)

    def facts(self, architectures: Architectures) -> Floats:
        """Return the cheap objectives, `(..., number of cheap)`."""
        return _stack([p for p, cheap in zip(self._predictors, self.cheap, strict=True) if cheap], architectures)


class SurrogateOracle:
    """The test side; see `nasbench.benchmarks.oracle.Oracle`. A row is the number of an architecture that it met.

    Ranks are those of `SAMPLED` random architectures, and so is the mean.
    """

    score_split = ""
    epochs = 1
    size = SAMPLED

    def __init__(self, space: Space, objectives: Sequence[PredictedObjective]) -> None:
        self._space = space
        self._first = objectives[0]
        predictors = [objective.predict for objective in objectives]
        self._met = EvaluatedArchitectures(space, lambda architectures: _stack(predictors, architectures))
        self.units = tuple(objective.unit for objective in objectives)
        self.views = tuple(objective.view for objective in objectives)
        self.is_optimum_known = self._first.is_exact
        self.ranked_among = f"{SAMPLED:,} random architectures"
        for objective in objectives:
            self._met.row(objective.find_best())

    @property
    def best_score(self) -> float:
        """Smallest prediction that is known, proved or not."""
        return float(self._met.values[:, 0].min())

    @cached_property
    def _ranked(self) -> Floats:
        uniform = np.random.default_rng(0).random((SAMPLED, self._space.d))
        return np.sort(self._first.predict(self._space.sample(uniform)))

    @property
    def mean_score(self) -> float:
        """Mean over random architectures."""
        return float(self._ranked.mean())

    @property
    def objectives(self) -> Floats:
        """Predictions of every architecture that was met, `(rows, M)`: the front among them is the best that is known."""
        return self._met.values

    def row(self, architectures: Architectures) -> Ints:
        """Return the row of each architecture, `(..., d)` to `(...)`."""
        return self._met.row(architectures)

    def score(self, rows: Ints) -> Floats:
        """Return the first objective of rows, `(...)` to `(...)`."""
        return np.asarray(self._met.values[rows, 0])

    def search_mean(self, rows: Ints) -> Floats:
        """Return the same as `score`."""
        return self.score(rows)

    def search_rank(self, count: int) -> float:
        """Return the `count`-th smallest prediction among random architectures, the largest where there are fewer."""
        return float(self._ranked[min(count, SAMPLED) - 1])


class ConstrainedSurrogateOracle(SurrogateOracle):
    """Predictions under the constraints of a protocol; see `nasbench.benchmarks.oracle.ConstrainedOracle`.

    The best architecture that is known without constraints may violate them, so that the optimum is that of the feasible ones among random
    architectures and those that were met.
    """

    def __init__(
        self, name: str, space: Space, evaluated: Sequence[PredictedObjective], protocol: SearchProtocol
    ) -> None:
        super().__init__(space, evaluated)
        self._count = len(protocol.objectives)
        self.units, self.views = self.units[: self._count], self.views[: self._count]
        self.is_optimum_known = False
        views = dict(zip(protocol.evaluated, (one.view for one in evaluated), strict=True))
        self.constraint_views = {one.quantity: views[one.quantity] for one in protocol.constraints}
        self._limits = Limits.of(protocol.constraints, views, [False] * len(evaluated))
        drawn = space.sample(np.random.default_rng(0).random((SAMPLED, space.d)))
        self._drawn = np.sort(
            evaluated[0].predict(drawn[self._satisfied(_stack([e.predict for e in evaluated], drawn))])
        )
        if not len(self._drawn):
            raise NasbenchError(
                f"None of {SAMPLED:,} random architectures of {name} satisfies {join(protocol.constraints)}; loosen that."
            )
        self.size = len(self._drawn)
        self.ranked_among = f"the {self.size:,} feasible of {SAMPLED:,} random architectures"

    def _satisfied(self, values: Floats) -> NDArray[np.bool_]:
        return np.asarray(self._limits.violation(self._limits.values(values)) == 0.0)

    @property
    def _ranked(self) -> Floats:  # type: ignore[override]  # what is sorted at once here is sorted on first use there
        return self._drawn

    @property
    def _scores(self) -> Floats:
        return np.where(self._satisfied(self._met.values), self._met.values[:, 0], np.nan)

    @property
    def best_score(self) -> float:
        """Smallest feasible prediction that is known."""
        return float(np.nanmin(np.append(self._scores, self._drawn[0])))

    @property
    def worst_score(self) -> float:
        """Largest feasible prediction that is known."""
        return float(np.nanmax(np.append(self._scores, self._drawn[-1])))

    @property
    def feasible_share(self) -> float:
        """Share of random architectures that satisfy all constraints."""
        return self.size / SAMPLED

    @property
    def objectives(self) -> Floats:
        """Predictions of every architecture that was met, `(rows, M)`; NaN for infeasible ones."""
        values = self._met.values
        return np.where(self._satisfied(values)[:, None], values[:, : self._count], np.nan)

    def is_feasible(self, rows: Ints) -> NDArray[np.bool_]:
        """See `nasbench.benchmarks.oracle.ConstrainedOracle`."""
        return np.where(rows >= 0, self._satisfied(self._met.values)[rows], False)

    def score(self, rows: Ints) -> Floats:
        """Return the first objective of rows, `(...)` to `(...)`; NaN where infeasible or -1."""
        return np.where(rows >= 0, self._scores[rows], np.nan)

    def search_rank(self, count: int) -> float:
        """Return the `count`-th smallest prediction among feasible random architectures, the largest where there are fewer."""
        return float(self._drawn[min(count, self.size) - 1])


def _stack(predictors: Sequence[Predictor], architectures: Architectures) -> Floats:
    values = [predict(architectures) for predict in predictors]
    return np.stack(values, axis=-1) if values else np.empty((*architectures.shape[:-1], 0))


def _extent(space: Space, predict: Predictor) -> tuple[float, float]:
    """Return the range of a prediction: that of random architectures, widened by itself on either side."""
    values = predict(space.sample(np.random.default_rng(0).random((1_000, space.d))))
    low, high = float(values.min()), float(values.max())
    return 2.0 * low - high, 2.0 * high - low
