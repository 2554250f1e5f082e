from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from scipy.stats import pearsonr

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.landscape import (
    autocorrelation,
    basins,
    distance_to_nearest,
    neighbour_rows,
    rank_correlations,
    seed_noise,
    variance_shares,
)
from nasbench.benchmarks.landscape_report import Fact, describe
from nasbench.errors import NasbenchError
from nasbench.spaces.constrained import NarrowedSpace
from nasbench.spaces.nas_bench_graph import nas_bench_graph_proteins
from nasbench.spaces.space import Floats, Ints, Space

SPACE = Space("toy", ("a", "b", "c"), (("0", "1", "2"), ("0", "1"), ("0", "1", "2", "3")))


@pytest.fixture
def values() -> Floats:
    """Random values with ties."""
    return np.random.default_rng(5).integers(0, 12, SPACE.size).astype(float)


def _descend(values: Floats, near: Ints, row: int) -> tuple[int, int]:
    steps = 0
    while True:
        better = [n for n in sorted(near[row]) if n >= 0 and values[n] < values[row]]
        if not better:
            return row, steps
        row = min(better, key=lambda n: (values[n], n))
        steps += 1


def test_neighbours_are_those_that_differ_in_one_decision() -> None:
    near = neighbour_rows(SPACE)
    assert near.shape == (24, 6)
    for row, others in enumerate(near):
        differing = (SPACE.all != SPACE.all[row]).sum(axis=1)
        assert sorted(others) == np.flatnonzero(differing == 1).tolist()


def test_infeasible_neighbours_are_none_and_narrowed_spaces_have_their_own() -> None:
    graph = nas_bench_graph_proteins()
    near = neighbour_rows(graph)
    assert near.shape == (5616, 24)
    # A wiring beside the nine of skips alone: one node that is no skip, four operations, nine wirings.
    assert (near < 0).sum() == 9 * 4 * 4
    held = NarrowedSpace(SPACE, np.array([0, 3, 5, 11, 17, 20]))
    assert (neighbour_rows(held) >= 0).all() and neighbour_rows(held).shape == (6, 5)


def test_basins_against_descents_one_by_one(values: Floats) -> None:
    near = neighbour_rows(SPACE)
    found = basins(values, near)
    ends = [_descend(values, near, row) for row in range(SPACE.size)]
    assert found.optimum.tolist() == [end for end, _ in ends]
    assert found.steps.tolist() == [steps for _, steps in ends]
    assert found.optima.tolist() == [r for r in range(24) if not (values[near[r]] < values[r]).any()]
    assert found.sizes.sum() == 24


def test_one_basin_where_the_landscape_is_additive() -> None:
    weights = [np.array([0.0, 1.0, 2.0]), np.array([0.0, 5.0]), np.array([3.0, 0.0, 1.0, 2.0])]
    values = np.array([sum(w[i] for w, i in zip(weights, cell, strict=True)) for cell in SPACE.all])
    found = basins(values, neighbour_rows(SPACE))
    assert len(found.optima) == 1 and found.steps.max() == 3
    shares = variance_shares(values, (3, 2, 4))
    assert sum(shares.values()) == pytest.approx(1)
    for position, weight in enumerate(weights):
        assert shares[(position,)] == pytest.approx(weight.var() / values.var())
    assert all(abs(share) < 1e-12 for kept, share in shares.items() if len(kept) > 1)


def test_variance_shares_of_an_interaction_and_of_noise(values: Floats) -> None:
    parity = np.array([(-1.0) ** (a + b) for a, b in product(range(2), range(2))])
    assert variance_shares(parity, (2, 2)) == pytest.approx({(0,): 0, (1,): 0, (0, 1): 1})
    shares = variance_shares(values, (3, 2, 4))
    assert len(shares) == 7 and sum(shares.values()) == pytest.approx(1) and min(shares.values()) > -1e-12
    # The share of a decision and all that it takes part in is one less what the mean over it explains.
    table = values.reshape(3, 2, 4)
    assert sum(v for k, v in shares.items() if 1 in k) == pytest.approx(1 - table.mean(axis=1).var() / table.var())
    with pytest.raises(NasbenchError, match="needs all 24 combinations, not 23"):
        variance_shares(values[1:], (3, 2, 4))
    with pytest.raises(NasbenchError, match="values that vary"):
        variance_shares(np.ones(24), (3, 2, 4))


def test_autocorrelation_and_distance(values: Floats) -> None:
    near = neighbour_rows(SPACE)
    pairs = [(values[r], values[n]) for r in range(24) for n in near[r]]
    assert autocorrelation(values, near) == pytest.approx(pearsonr(*zip(*pairs, strict=True)).statistic)
    distance = distance_to_nearest(SPACE, np.array([0, 23]))
    assert distance.tolist() == [
        min(sum(x != y for x, y in zip(cell, goal, strict=True)) for goal in ([0, 0, 0], [2, 1, 3]))
        for cell in SPACE.all.tolist()
    ]


def test_seed_noise_recovers_the_components_that_it_was_made_with() -> None:
    """20,000 architectures, seeds missing at random; sampling errors below half a per cent, bounds far beyond."""
    rng = np.random.default_rng(6)
    values = rng.normal(0, 2.0, (20_000, 1)) + rng.normal(0, 1.0, (20_000, 3))
    missing = rng.random(values.shape) < 0.2
    noise = seed_noise(values, missing)
    assert noise is not None
    assert noise.architectures == int(((~missing).sum(axis=1) >= 2).sum())
    assert noise.deviation == pytest.approx(1.0, rel=0.03)
    assert noise.reliability == pytest.approx(0.8, rel=0.03)
    assert seed_noise(values, np.array([[False, True, True]] * 20_000)) is None


def test_rank_correlations_leave_out_what_is_missing() -> None:
    a = np.array([1.0, 2.0, 3.0, np.nan, 4.0])
    assert rank_correlations(a, np.array([1.0, 3.0, 2.0, 9.0, 4.0])) == pytest.approx((0.8, 2 / 3))


def test_facts_about_nas_bench_201() -> None:
    facts = {(f.topic, f.name, f.detail): f.value for f in describe(get_benchmark("nas-bench-201/cifar10"))}
    short = {(topic, name): value for (topic, name, _), value in facts.items()}
    assert short["size", "architectures"] == 15625
    assert short["optimum", "least validation error"] == pytest.approx(100 - 91.607, abs=1e-3)
    assert short["landscape", "neighbours of an architecture"] == 24
    assert facts["front", "non-dominated architectures", "error, parameters"] == _front_by_hand()
    orders = [v for (topic, name), v in short.items() if name.startswith("share of order") and v is not None]
    assert sum(orders) == pytest.approx(1)
    assert short["seeds", "architectures with two seeds or more"] == 15625
    assert facts["ranks", "Spearman", "validation, cifar10 and cifar100"] == pytest.approx(0.976, abs=0.002)
    assert facts["ranks", "Spearman", "validation and test"] == pytest.approx(0.984, abs=0.002)
    # Of three data sets, both splits of each and one fidelity.
    assert sum(topic == "ranks" for topic, *_ in facts) == 6


def _front_by_hand() -> int:
    """Sorted by parameters, a cell is on the front if it beats all that are no larger (or equals their best at equal size)."""
    from nasbench.benchmarks.objectives import find_objective
    from nasbench.tables.catalogue import get_table

    table = get_table("nas-bench-201")
    error = find_objective(table, "cifar10", "error", "validation", 200).mean()
    size = find_objective(table, "cifar10", "parameters", None, None).mean()
    best_of_size = {s: error[size == s].min() for s in np.unique(size)}
    best, count = np.inf, 0
    for s, least in best_of_size.items():
        if least < best:
            count += int(((size == s) & (error == least)).sum())
            best = least
    return count


def test_costs_are_chosen_by_name_and_an_unknown_one_is_told() -> None:
    benchmark = get_benchmark("nas-bench-graph-proteins/proteins")
    fronts = [f for f in describe(benchmark, ["memory"]) if f.topic == "front"]
    assert [f.detail for f in fronts] == ["error, memory"]
    with pytest.raises(
        NasbenchError, match="no objective of nas-bench-graph-proteins/proteins named 'memroy'; did you mean 'memory'"
    ):
        describe(benchmark, ["memroy"])


def test_a_data_set_without_an_error_is_told() -> None:
    with pytest.raises(NasbenchError, match=r"devices/cifar10 holds no error; it has latency@1080ti"):
        describe(get_benchmark("nas-bench-201-devices/cifar10"))


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    from nasbench.benchmarks.commands import describe as command

    command("nas-bench-graph-proteins/proteins", None, None, json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["command"] == "describe" and printed["benchmark"] == "nas-bench-graph-proteins/proteins"
    assert set(printed["facts"][0]) == set(Fact.__dataclass_fields__)
    command("nas-bench-graph-proteins/proteins", None, None, json=False)
    assert "isomorphism classes" in capsys.readouterr().out
