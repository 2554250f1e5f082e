"""Exact chains against chains built entry by entry, against simulation, and against the reference landscape."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from nasbench.errors import NasbenchError
from nasbench.theory.exact import elitist, local_search
from nasbench.theory.exact import simulation as simulate
from nasbench.theory.exact.distribution import hitting_law
from nasbench.theory.exact.elitist import Mutation, hitting_time
from nasbench.theory.exact.landscape import Landscape, load

Floats = NDArray[np.float64]


def landscape(cardinalities: tuple[int, ...], seed: int = 0, levels: int | None = None) -> Landscape:
    rng = np.random.default_rng(seed)
    size = int(np.prod(cardinalities))
    values = rng.random(size) if levels is None else rng.integers(levels, size=size).astype(float)
    return Landscape(values, cardinalities)


def dense_chain(table: Landscape, rate: float) -> Floats:
    """Transition matrix of the (1+1)-EA, by its definition."""
    n = table.size
    chain = np.zeros((n, n))
    for x in range(n):
        for y in range(n):
            if table.rank[y] < table.rank[x]:
                differ = table.architectures[x] != table.architectures[y]
                k = np.array(table.cardinalities)
                chain[x, y] = np.prod(np.where(differ, rate / (k - 1), 1 - rate))
        chain[x, x] = 1 - chain[x].sum()
    return chain


@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize("targets", [1, 5])
def test_moments_are_those_of_the_fundamental_matrix(targets: int, levels: int | None) -> None:
    table = landscape((3, 2, 4, 3), levels=levels)
    outside = table.rank >= targets
    inner = dense_chain(table, 0.25)[np.ix_(outside, outside)]
    fundamental = np.linalg.inv(np.eye(len(inner)) - inner)
    steps = fundamental.sum(axis=1)
    squares = (2 * fundamental - np.eye(len(inner))) @ steps
    solved = hitting_time(table, targets)
    np.testing.assert_allclose(solved.mean[outside], 1 + steps, rtol=1e-10)
    np.testing.assert_allclose(solved.second_moment[outside], 1 + 2 * steps + squares, rtol=1e-10)
    np.testing.assert_array_equal(solved.mean[~outside], 1)


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    table = landscape((4, 4, 4))
    whole = hitting_time(table)
    monkeypatch.setattr(elitist, "BLOCK", 7)
    pieces = hitting_time(table)
    np.testing.assert_allclose(pieces.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(pieces.second_moment, whole.second_moment, rtol=1e-12)


def test_proposals_sum_to_one_and_match_the_product() -> None:
    table = landscape((3, 5, 2))
    mutation = Mutation(table.cardinalities, 0.3)
    full = mutation.probabilities(table.architectures, table.architectures)
    np.testing.assert_allclose(full.sum(axis=1), 1)
    vectors = np.random.default_rng(1).random((table.size, 2))
    np.testing.assert_allclose(mutation.apply(vectors), full @ vectors)


def test_law_is_the_powers_of_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    from nasbench.theory.exact import distribution

    table, targets, horizon = landscape((4, 3, 4)), 2, 200
    outside = table.rank >= targets
    chain = dense_chain(table, 1 / 3)
    mass = np.full(table.size, 1 / table.size) * outside
    expected = [1 - mass.sum()]
    for _ in range(horizon - 1):
        mass = (mass @ chain) * outside
        expected.append(1 - mass.sum())
    for dense, segment in ((3_000, 512), (10, 8), (0, 5)):
        monkeypatch.setattr(distribution, "DENSE", dense)
        monkeypatch.setattr(distribution, "SEGMENT", segment)
        found = hitting_law(table, targets, horizon)
        np.testing.assert_allclose(found.cdf, expected, atol=1e-9)
        assert found.error < 1e-9


def test_law_and_moments_agree_on_the_real_table() -> None:
    """E T = sum of tails, up to a horizon past which the known tail is bounded by Cauchy and Schwarz."""
    table = load("cifar10")
    exact, law = hitting_time(table, 156), hitting_law(table, 156, 1_500)
    partial = 1 + (1 - law.cdf).sum()
    tail = 1 - law.cdf[-1]
    longest = float(np.nanmax(1 / exact.leave[table.order[156:]]))
    assert partial <= exact.uniform_mean + 1e-6 <= partial + tail * exact.mean.max() + 1e-6
    assert longest > 0 and law.quantile(0.5) < exact.uniform_mean


def test_quantile_beyond_the_horizon_is_refused() -> None:
    with pytest.raises(NasbenchError, match="longer horizon"):
        hitting_law(landscape((4, 4, 4)), horizon=3).quantile(0.999)


@pytest.mark.parametrize("targets", [0, 65])
def test_targets_must_exist(targets: int) -> None:
    with pytest.raises(NasbenchError, match="between 1 and 64"):
        hitting_time(landscape((4, 4, 4)), targets)
    with pytest.raises(NasbenchError, match="between 1 and 64"):
        local_search.first_improvement(landscape((4, 4, 4)), targets)


def test_a_large_space_is_refused_with_the_limit_and_the_way_out() -> None:
    table = Landscape(np.arange(5.0**8), (5,) * 8)
    with pytest.raises(NasbenchError, match=r"390,625 .* up to 200,000; simulate"):
        hitting_time(table)
    with pytest.raises(NasbenchError, match="simulate"):
        local_search.steepest_ascent(table)


def test_the_offered_simulation_runs_on_a_space_beyond_the_limit() -> None:
    """On separable OneMax of 8 decisions the mean is known by the lumped chain: four standard errors of 2,000 runs."""
    from nasbench.theory.exact import onemax

    table = Landscape((np.stack(np.unravel_index(np.arange(5**8), (5,) * 8)) != 0).sum(axis=0).astype(float), (5,) * 8)
    chain = onemax.transitions(8, 5)
    mean = 1 + stats.binom.pmf(np.arange(9), 8, 1 - 1 / 5) @ onemax.steps(chain)
    times = simulate.one_plus_one(np.random.default_rng(0), table, 1, 2_000)
    assert abs(times.mean() - mean) < 4 * times.std() / np.sqrt(2_000)


def test_lumped_onemax_is_the_full_chain() -> None:
    from nasbench.theory.exact import onemax

    cardinalities = (3,) * 5
    wrong = (np.stack(np.unravel_index(np.arange(3**5), cardinalities)) != 0).sum(axis=0)
    full = hitting_time(Landscape(wrong.astype(float), cardinalities)).mean
    lumped = onemax.steps(onemax.transitions(5, 3))
    np.testing.assert_allclose(full - 1, lumped[wrong], rtol=1e-10)


def brute_restarts(table: Landscape, targets: int, kind: str, patience: int) -> tuple[float, float]:
    """Mean time by a dense linear system over (architecture), restarts included: no Wald, no moments split by ending."""
    n, neighbours, rank = table.size, table.neighbours, table.rank
    m = neighbours.shape[1]
    system, cost = np.eye(n), np.zeros(n)
    for x in range(n):
        if rank[x] < targets:
            continue
        better = [y for y in neighbours[x] if rank[y] < rank[x]]
        aims = [y for y in better if rank[y] < targets]
        if kind == "steepest":
            if aims:
                cost[x] = (m + 1) / (len(aims) + 1)
                continue
            cost[x] = m
            onward = {min(better, key=lambda y: rank[y]): 1.0} if better else {}
        elif kind == "first":
            cost[x] = (m + 1) / (len(better) + 1) if better else m
            onward = {y: 1 / len(better) for y in better}
        else:
            q = len(better) / m
            cost[x] = sum((1 - q) ** t for t in range(patience))
            onward = {y: (1 - (1 - q) ** patience) / len(better) for y in better}
        for y, p in onward.items():
            system[x, y] -= p
        give_up = 1 - sum(onward.values())
        # a restart pays one evaluation for the new start
        cost[x] += give_up
        system[x] -= give_up / n
    return float(1 + np.linalg.solve(system, cost).mean()), 0.0


@pytest.mark.parametrize("targets", [1, 4])
@pytest.mark.parametrize(
    ("kind", "solve"),
    [
        ("first", local_search.first_improvement),
        ("steepest", local_search.steepest_ascent),
        ("random", lambda t, k: local_search.randomised(t, k, 9)),
    ],
)
def test_restarts_by_one_dense_system(kind: str, solve: object, targets: int) -> None:
    table = landscape((4, 3, 4, 3), seed=3)
    found = solve(table, targets)  # type: ignore[operator]
    assert found.mean == pytest.approx(brute_restarts(table, targets, kind, 9)[0], rel=1e-9)
    assert found.mean == pytest.approx(found.run_cost / found.success, rel=1e-9)


@pytest.mark.parametrize(
    ("solve", "step"),
    [
        (local_search.first_improvement, simulate.first_improvement_step),
        (local_search.steepest_ascent, simulate.steepest_step),
        (lambda t, k: local_search.randomised(t, k, 12), simulate.Randomised(12)),
    ],
)
def test_variance_with_restarts_by_simulation(solve: object, step: simulate.Step) -> None:
    """40,000 runs; the standard error of a sample variance is estimated from the runs; four of them (p < 1e-4)."""
    table = landscape((4, 3, 4), seed=5)
    exact = solve(table, 2)  # type: ignore[operator]
    times = simulate.restarted(np.random.default_rng(1), table, 2, 40_000, step).astype(float)
    squares = (times - exact.mean) ** 2
    assert abs(squares.mean() - exact.variance) < 4 * squares.std() / np.sqrt(len(times))


def test_patience_must_be_positive() -> None:
    with pytest.raises(NasbenchError, match="at least one"):
        local_search.randomised(landscape((3, 3)), 1, 0)


def test_a_landscape_without_traps_never_fails() -> None:
    table = Landscape(np.arange(27.0), (3,) * 3)
    assert local_search.first_improvement(table).success == pytest.approx(1)


def test_a_target_on_the_whole_table_takes_seconds_not_minutes() -> None:
    """The requirement is 20 s; processor time, and a tenth of a second is usual."""
    begin = time.process_time()
    hitting_time(load("cifar10"), 1)
    assert time.process_time() - begin < 20
