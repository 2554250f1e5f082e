"""Every rival on a space with decisions of different size and infeasible combinations, with runs that end at different times."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.baselines.feasible_sampling import draw
from nasbench.search.ledger import Budget
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.simplex import sample, support
from nasbench.spaces.space import Architectures, Floats, Ints, Space

from registered_optimizers import SLOW
from table_protocol import table_protocol

RIVALS = (
    *(
        "asng",
        "bananas",
        "bananas_naszilla",
        "bohb",
        "gp_bo",
        "hyperband",
        "nsga2",
        "nsga3",
        "npenas",
        "weaknas",
        "progressive",
        "quantum_inspired",
    ),
    *("reinforce", "simulated_annealing", "sms_emoa", "successive_halving", "tpe"),
    *("motpe", "parego", "prescreened_nsga2"),
    *("asha", "dehb", "pasha"),
)
HEAVY = ("pymoo", "optuna", "botorch", "smac", "sklearn", "torch", "pandas", "statsmodels", "scipy.stats", "matplotlib")


class Holed(Space):
    """Five decisions of 2 to 6 choices; infeasible where the first two decisions both take their last choice."""

    def __init__(self) -> None:
        sizes = (2, 3, 6, 2, 4)
        super().__init__("holed", tuple("abcde"), tuple(tuple(map(str, range(k))) for k in sizes))

    def is_feasible(self, architectures: Architectures) -> Any:
        inside = super().is_feasible(architectures)
        return inside & ~((architectures[..., 0] == 1) & (architectures[..., 1] == 2))

    def repair(self, architectures: Architectures) -> Architectures:
        """One choice less of the second decision."""
        repaired = architectures.copy()
        repaired[..., 1] -= ~self.is_feasible(architectures)
        return repaired

    def sample(self, uniform: Floats) -> Architectures:
        """The first two decisions together from their five feasible pairs."""
        drawn = super().sample(uniform)
        pair = (uniform[..., 0] * 5).astype(np.int8)
        drawn[..., 0], drawn[..., 1] = pair // 3, pair % 3
        return drawn

    def mutate(self, architectures: Architectures, uniform: Floats, kind: str = "uniform") -> Architectures:
        """A mutation that would leave the space stays where it is."""
        child = super().mutate(architectures, uniform, kind)
        return np.where(self.is_feasible(child)[..., None], child, architectures)


class Sphere:
    """An evaluator by formula; refuses what is infeasible."""

    def __init__(self, objectives: int) -> None:
        self.space = Holed()
        self.rows: int | None = None
        self.functions: Ints | None = None
        self.cheap = (False,) * objectives

    def row(self, architectures: Architectures) -> Ints:
        return np.where(self.space.is_feasible(architectures), self.space.index(architectures), -1)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: Any, repetition: Ints
    ) -> tuple[Floats, Ints]:
        values = (architectures - np.array([1, 1, 3, 0, 2])) ** 2.0
        stacked = np.stack(
            [values.sum(axis=-1) + 1.0 / (1 + level), values[..., 0] - values[..., 2], values[..., 4]], axis=-1
        )
        return stacked[..., : len(self.cheap)], np.full(len(rows), -1)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        return np.full(len(rows), 1.0)

    def facts(self, architectures: Architectures) -> Floats:
        return np.empty((*architectures.shape[:-1], 0))


@pytest.mark.parametrize(
    ("name", "objectives"),
    [
        *((name, 1) for name in RIVALS),
        ("nsga2", 3),
        ("nsga3", 3),
        ("sms_emoa", 3),
        ("motpe", 3),
        ("parego", 3),
        ("prescreened_nsga2", 3),
    ],
)
def test_runs_to_a_budget_that_ends_each_run_elsewhere(name: str, objectives: int) -> None:
    kind = importlib.import_module(f"nasbench.baselines.{name}").OPTIMIZER
    protocol = table_protocol(
        Budget({"unique_queries": 37, "queries": 400}),
        objectives=("error", "f", "g")[:objectives],
        epochs=(1, 3, 9) if kind.fidelities else (9,),
    )
    problem = Problem(Sphere(objectives), protocol, 3, tuple(range(6)))
    optimizer = kind.create(problem, Streams(3, range(6)))
    best = np.full(6, np.inf)
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        assert observations.answered.any()
        optimizer.tell(observations)
        best = np.fmin(best, np.where(observations.answered, observations.objectives[..., 0], np.inf).min(axis=1))
    # A random architecture has a mean error of 8.7.
    assert best.mean() < 4.5


def test_policies_draw_from_theta_and_stay_inside() -> None:
    """Frequencies of 40,000 draws, 6 standard errors; infeasible ones are drawn again."""
    space, runs = Holed(), 4000
    theta = np.zeros((5, 6))
    for i, k in enumerate(space.cardinalities):
        theta[i, :k] = np.random.default_rng(i).dirichlet(np.ones(k))
    batch = np.broadcast_to(theta, (runs, 10, 5, 6))
    drawn = draw(batch, space, Streams(1, range(runs))).reshape(-1, 5)
    assert space.is_feasible(drawn).all()
    out = theta[0, 1] * theta[1, 2]
    expected = theta.copy()
    expected[0, 1] = (theta[0, 1] - out) / (1 - out)
    expected[0, 0] = theta[0, 0] / (1 - out)
    expected[1] /= 1 - out
    expected[1, 2] = (theta[1, 2] - out) / (1 - out)
    frequency = (drawn[..., None] == np.arange(6)).mean(axis=0)
    np.testing.assert_allclose(frequency, expected, atol=6 * 0.5 / 40_000**0.5)
    assert (frequency[~support(space.cardinalities)] == 0).all()


def test_the_largest_uniform_number_is_a_choice_with_weight() -> None:
    theta = np.array([[0.3, 0.7, 0.0, 0.0], [0.1, 0.2, 0.7, 0.0]])
    assert sample(theta, np.full(2, 1 - 2.0**-53)).tolist() == [1, 2]
    assert sample(theta, np.zeros(2)).tolist() == [0, 0]


def test_importing_the_rivals_is_light() -> None:
    """No heavy package before an optimizer is built: the registry imports algorithms to list them."""
    import subprocess
    import sys

    imports = f"[importlib.import_module('nasbench.baselines.' + name) for name in {(*RIVALS, *SLOW)!r}]"
    code = f"import importlib, sys; {imports}; print([name for name in {HEAVY!r} if name in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert output.stdout.strip() == "[]"
