"""User-facing benchmark: all measurements of an architecture, the best architectures, and the search problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.benchmarks.catalogue import Searchable, benchmark_names, get_searchable
from nasbench.benchmarks.objectives import CLOSED_FORMS, find_longest, find_objective, find_quantity, objective_names
from nasbench.benchmarks.surrogates import NAMES
from nasbench.benchmarks.synthetic import EXAMPLES
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError, quoted, unknown_name
from nasbench.ranges import COUNT, SEED, Text, as_names, check_setting
from nasbench.registered import registered
from nasbench.search.constraints import Constraint, as_constraints
from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.search.search_protocol import SearchProtocol, as_epochs
from nasbench.spaces.space import Architectures, Space
from nasbench.tables.column import SPLITS, Column

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Benchmark:
    """One data set of a table, a closed form, or a registered function. Search methods never see it; they receive a
    `problem`.

    Attributes:
        source: underlying table, closed form or function.

    Example:
        >>> load_benchmark("onemax/6x2").query("1,1,1,1,1,0").loc[0, "value"].round(2)
        np.float64(16.67)
    """

    source: Searchable

    def __repr__(self) -> str:
        size = self.space.size
        count = f"{size:,}" if size < 10**12 else f"{size:.2e}"
        return f"Benchmark({self.name!r}, {count} architectures)"

    @property
    def name(self) -> str:
        """Name used in studies, `table/dataset`."""
        return self.source.name

    @property
    def space(self) -> Space:
        """The search space."""
        return self.source.space

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the objectives that a search may minimise; accuracy is maximised as such."""
        if isinstance(self.source, TabularBenchmark):
            return objective_names(self.source.table, self.source.dataset)
        return tuple(self.source.views)

    def architecture(self, architecture: str | int | Sequence[int] | Architectures) -> Architectures:
        """Return the vector `(d,)` of an architecture given as its string, its index in the space or a vector.

        Raises:
            NasbenchError: if it does not belong to the space.
        """
        if isinstance(architecture, str):
            return self.space.from_string(architecture)
        if isinstance(architecture, int | np.integer):
            if not 0 <= architecture < self.space.size:
                raise NasbenchError(f"The index is {architecture}; {self.space.name} has 0 to {self.space.size - 1}.")
            return self.space.from_index(int(architecture))
        vector = np.asarray(architecture)
        fits = vector.shape == (self.space.d,) and vector.dtype.kind in "iu"
        if not fits or not ((vector >= 0) & (vector < self.space.cardinalities)).all():
            raise NasbenchError(
                f"{quoted(architecture)} is no architecture of {self.space.name}; a vector has {self.space.d} choices, from 0 to k - 1."
            )
        found: Architectures = vector.astype(np.int8)
        if not self.space.is_feasible(found):
            raise NasbenchError(f"{quoted(found.tolist())} is infeasible in {self.space.name}.")
        return found

    def query(self, architecture: str | int | Sequence[int] | Architectures, *, curves: bool = False) -> pd.DataFrame:
        """Return all measurements of an architecture: every split, number of epochs and seed.

        Args:
            architecture: its string, its index in the space, or its vector `(d,)`.
            curves: whether to include every epoch of the learning curves.

        Returns:
            One row per measurement: `quantity`, `split` (None where it does not apply), `epochs`, `seed` (None where it
            does not apply), `value`, `unit`.

        Raises:
            NasbenchError: if the architecture does not belong to the space, or the table lacks it.
        """
        import pandas as pd

        vector = self.architecture(architecture)
        if isinstance(self.source, TabularBenchmark):
            rows = _table_rows(self.source, vector, curves)
        else:
            rows = [
                {"quantity": name, "split": None, "epochs": None, "seed": None, "value": value, "unit": unit}
                for name, (value, unit) in self.source.values(vector).items()
            ]
        frame = pd.DataFrame(rows, columns=["quantity", "split", "epochs", "seed", "value", "unit"])
        frame["split"] = frame["split"].astype(object).where(frame["split"].notna(), None)
        return frame.astype({"epochs": "Int64", "seed": "Int64"})

    def top(self, n: int = 10, by: str = "") -> pd.DataFrame:
        """Return the best architectures by the mean over seeds of a quantity, best first.

        Args:
            n: number of architectures.
            by: a quantity, preceded by its split where it has one: "test_accuracy", "validation_loss",
                "latency@pixel3"; by default the accuracy (or score, or first quantity) on the test split, or on the
                only split.

        Returns:
            One row per architecture: `rank`, `index` in the space, `architecture`, and the column `by`.

        Raises:
            NasbenchError: if the benchmark has no such quantity, or is a closed form, or `n` is no number of architectures.
        """
        import pandas as pd

        if n not in COUNT:
            raise NasbenchError(f"The number of architectures is {n}; it should be {COUNT.words}.")
        if not isinstance(self.source, TabularBenchmark):
            raise NasbenchError(f"{self.name} has no table to rank; search it.")
        table, dataset = self.source.table, self.source.dataset
        by = by or self._scored_by()
        split, quantity = _split_of(by)
        splits = () if split else _splits(table.columns, dataset, quantity)
        if len(splits) == 1:
            split = splits[0]
        elif splits:
            raise NasbenchError(
                f"{self.name} has {quoted(quantity)} on a split; it should be {' or '.join(f'{one}_{quantity}' for one in splits)}."
            )
        objective = find_longest(table, dataset, quantity, split)
        means = objective.mean()
        order = np.argsort(means, kind="stable")
        order = order[np.isfinite(means[order])]
        index = table.row_index[order]
        architectures = table.base_space.from_index(index)
        # What differs in inactive decisions alone is listed once.
        shown = ((architectures == 0) | table.base_space.active(architectures)).all(axis=1)
        order, index, architectures = (one[shown][:n] for one in (order, index, architectures))
        return pd.DataFrame(
            {
                "rank": np.arange(1, len(order) + 1),
                "index": index,
                "architecture": [table.base_space.to_string(one) for one in architectures],
                by: objective.view(means[order]),
            }
        )

    def sample(
        self,
        n: int = 20,
        *,
        seed: int = 0,
        objectives: str | Sequence[str] = (),
        split: str = "",
        epochs: int = 0,
        training_seed: str | int = "random",
        constraints: str | Sequence[str | Constraint] = (),
    ) -> pd.DataFrame:
        """Return evaluations of random architectures, all different where the space has as many, such as for a warm start.

        Args:
            n: number of architectures.
            seed: of the architectures, and of the training seeds that answer.
            objectives: names (the benchmark's first); see `problem`, as for the next two.
            split: split that answers.
            epochs: length of the trainings, the longest if 0.
            training_seed: "random", "mean" or a seed.
            constraints: as in `problem`; those that are known beforehand hold for all.

        Returns:
            One row per architecture: `problem`, `architecture`, `epochs`, and one column per objective, as users see it.

        Raises:
            NasbenchError: if the benchmark has no such objective, split or epochs, or a number is out of range.
        """
        import pandas as pd

        check_setting("number of architectures", n, COUNT)
        check_setting("seed", seed, SEED)
        protocol = self.protocol(
            {"queries": n},
            objectives=objectives,
            split=split,
            epochs=(epochs,) if epochs else (),
            training_seed=training_seed,
            constraints=constraints,
        )
        problem = self.source.problem(protocol, seed, (0,))
        chosen = _draw_different(problem.space, n, np.random.default_rng(seed))
        found = problem.query(chosen[None]).select_run(0)
        values = found.objectives if found.unpenalised is None else found.unpenalised
        views = self.source.oracle(protocol).views
        return pd.DataFrame(
            {
                "problem": self.name,
                "architecture": [problem.space.to_string(one) for one in chosen],
                "epochs": found.epochs,
                **{
                    name: view(values[:, m])
                    for m, (name, view) in enumerate(zip(protocol.objectives, views, strict=True))
                },
            }
        )

    def protocol(
        self,
        budget: float | Mapping[str, float] = 100,
        *,
        objectives: str | Sequence[str] = (),
        split: str = "",
        epochs: int | Sequence[int] = (),
        training_seed: str | int = "random",
        repeat_policy: str = "cache",
        constraints: str | Sequence[str | Constraint] = (),
    ) -> SearchProtocol:
        """Return the search protocol; arguments as in `problem`."""
        names = as_names("objectives", objectives) or (self.objectives[0],)
        chosen = split or self._search_split(names[0])
        return SearchProtocol(
            objectives=names,
            split=chosen,
            epochs=as_epochs(epochs) or (self.source.longest(names, chosen),),
            training_seed=training_seed,
            repeat_policy=repeat_policy,
            budget=Budget(budget if isinstance(budget, Mapping) else {"unique_queries": budget}),
            constraints=as_constraints(constraints),
        )

    def problem(
        self, budget: float | Mapping[str, float] = 100, *, runs: int = 1, seed: int = 0, **protocol: Any
    ) -> Problem:
        """Return the search problem for a custom ask-tell loop; test scores are not accessible from it.

        Args:
            budget: number of unique queries, or limits on several accounts (`nasbench.Budget`).
            runs: number of independent runs that advance in lockstep.
            seed: seed of the benchmark's randomness, i.e. which training seed answers a query.
            **protocol: `objectives` (the benchmark's first), `split` (validation), `epochs` (the longest training),
                `training_seed` ("random", "mean" or a seed), `repeat_policy` ("cache", "retrain" or "cache_isomorphic"), `constraints`
                (such as ["parameters <= 0.8", "accuracy >= 70"]; see `nasbench.search.constraints`).

        Example:
            >>> problem = load_benchmark("onemax/6x2").problem(budget=5)
            >>> import numpy as np
            >>> problem.query(np.ones((1, 1, 6), dtype=np.int8)).objectives.item()
            0.0
        """
        return self.source.problem(self.protocol(budget, **protocol), seed, tuple(range(runs)))

    def _search_split(self, objective: str) -> str:
        return self._first_split(objective, ("validation", "validation+test", "test", "train")) or "validation"

    def _scored_by(self) -> str:
        assert isinstance(self.source, TabularBenchmark)
        quantity = find_quantity(self.source.table, self.source.dataset, self.objectives[0])
        split = self._first_split(quantity, ("test", "validation+test", "validation", "train"))
        return f"{split}_{quantity}" if split else quantity

    def _first_split(self, objective: str, ranked: Sequence[str]) -> str:
        if not isinstance(self.source, TabularBenchmark):
            return ""
        table, dataset = self.source.table, self.source.dataset
        quantity = find_quantity(table, dataset, objective)
        held = {c.split for c in table.columns if c.dataset == dataset and c.quantity == quantity}
        return next((split for split in ranked if split in held), "")


def load_benchmark(name: str) -> Benchmark:
    """Return the benchmark of that name; see `list_benchmarks`.

    Raises:
        NasbenchError: if there is none (with the nearest match), or its data are missing.

    Example:
        >>> load_benchmark("onemax/6x2").space.d
        6
    """
    check_setting("name of a benchmark", name, Text())
    return Benchmark(get_searchable(name))


def list_benchmarks() -> tuple[str, ...]:
    """Return the names of the available benchmarks; closed-form families provide unlimited further ones.

    Example:
        >>> "nas-bench-201/cifar10" in list_benchmarks()
        True
    """
    return (*benchmark_names(), *NAMES, *EXAMPLES, *registered("benchmark"))


def _draw_different(space: Space, n: int, rng: np.random.Generator) -> Architectures:
    """Return `n` uniform architectures, all different where there are as many, `(n, d)` or fewer."""
    if space.is_enumerable:
        return space.all[rng.permutation(len(space.all))[:n]]
    return space.sample(rng.random((n, space.d)))


def _split_of(by: str) -> tuple[str | None, str]:
    head, _, rest = by.partition("_")
    return (head, rest) if head in SPLITS and rest else (None, by)


def _splits(columns: Sequence[Column], dataset: str, name: str) -> tuple[str, ...]:
    measured = {"error": ("accuracy", "score")}.get(name, (name,))
    found = [c.split for c in columns if c.dataset == dataset and c.quantity in measured]
    return () if None in found else tuple(sorted({str(split) for split in found}))


def _table_rows(benchmark: TabularBenchmark, vector: Architectures, curves: bool) -> list[dict[str, Any]]:
    table, dataset = benchmark.table, benchmark.dataset
    row = int(table.rows(vector[None])[0])
    if row < 0:
        raise NasbenchError(f"{benchmark.name} holds nothing on {benchmark.space.to_string(vector)}.")
    columns = [c for c in table.columns if c.dataset == dataset and (curves or not c.curve)]
    if not columns:
        raise unknown_name("data set", dataset, table.datasets)
    rows = [one for column in columns for one in _numbers(benchmark, column, row)]
    held = {c.quantity for c in columns}
    for name in CLOSED_FORMS:
        if name in objective_names(table, dataset) and name not in held:
            objective = find_objective(table, dataset, name, None, None)
            rows.append(_number(name, None, None, None, objective.mean()[row], objective.unit))
    return rows


def _numbers(benchmark: TabularBenchmark, column: Column, row: int) -> list[dict[str, Any]]:
    measured = benchmark.table.measured(column)
    values = np.atleast_1d(measured.values[row])
    missing = np.zeros(values.shape, bool) if measured.missing is None else np.atleast_1d(measured.missing[row])
    found = []
    for at in np.argwhere(~missing):
        seed = None if column.seeds is None else column.seeds[at[0]]
        epochs = int(at[1]) + 1 if column.curve else column.epochs
        found.append(_number(column.quantity, column.split, epochs, seed, values[tuple(at)], column.unit))
    return found


def _number(
    quantity: str, split: str | None, epochs: int | None, seed: int | None, value: Any, unit: str
) -> dict[str, Any]:
    return {"quantity": quantity, "split": split, "epochs": epochs, "seed": seed, "value": float(value), "unit": unit}
