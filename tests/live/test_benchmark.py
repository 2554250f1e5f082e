"""Training alone under the ledger of the suite, and the hybrid on shared weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.training_benchmark import LiveBenchmark
from nasbench.live.hardware.counting import macs, memory, parameters
from nasbench.live.hardware.latency import LatencyTable, measure_network
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers.hybrid_supernet import HybridSupernet
from nasbench.live.searchers.loop import SupernetSearch, build_searcher
from nasbench.live.searchers.searcher import SupernetConfig
from nasbench.live.supernets.gradient import SupernetGradient
from nasbench.live.supernets.supernet import Supernet, vertex
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.recipe import SMALL
from nasbench.search.ledger import Budget
from nasbench.search.loop import search as search_architecture
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol

from table_protocol import table_protocol

CPU = torch.device("cpu")


def live(space: str = "nas-bench-201") -> LiveBenchmark:
    task = get_task("digits")
    splits = task.load().reduced(128, 64)
    return LiveBenchmark(task, splits.train, splits.search, space, replace(SMALL, channels=4, cells=1), CPU)


def protocol(repeat_policy: str = "cache", **limits: float) -> SearchProtocol:
    return table_protocol(
        Budget(limits or {"queries": 4}),
        split="search",
        epochs=(1,),
        training_seed="random",
        repeat_policy=repeat_policy,
    )


@pytest.mark.parametrize("name", ["random_search", "regularized_evolution"])
def test_baselines_train_alone_under_the_ledger(name: str) -> None:
    plan = protocol(queries=4)
    problem = live().problem(plan, 0, (0,))
    batches, _ = search_architecture(problem, get_optimizer(name).create(problem, Streams(0, (0,))))
    spent = problem.ledger.spent
    assert spent["queries"][0] == 4 == sum(int(b.answered.sum()) for b in batches)
    assert 1 <= spent["epochs"][0] <= 4
    assert spent["train_seconds"][0] == pytest.approx(sum(float(b.charged_seconds.sum()) for b in batches))
    assert all(((b.objectives >= 0) & (b.objectives <= 100))[b.answered].all() for b in batches)


def test_a_budget_in_measured_seconds_ends_a_search() -> None:
    problem = live().problem(protocol("retrain", train_seconds=0.2), 0, (0,))
    search_architecture(problem, get_optimizer("random_search").create(problem, Streams(0, (0,))))
    assert problem.ledger.spent["train_seconds"][0] >= 0.2


def test_a_cached_repetition_is_free_and_the_same() -> None:
    problem = live().problem(protocol(), 0, (0,))
    batch = np.array([[[3, 0, 0, 0, 0, 0]]], np.int8)
    first, second = problem.query(batch), problem.query(batch)
    assert first.objectives == second.objectives and first.training_seed == second.training_seed
    assert first.charged_seconds[0, 0] > 0 and second.charged_seconds[0, 0] == 0


def test_runs_are_reproducible_and_differ_between_runs() -> None:
    batch = np.array([[[3, 0, 0, 3, 0, 1]]], np.int8)
    values = [live().problem(protocol(), 0, (run,)).query(batch) for run in (0, 0, 1)]
    assert values[0].objectives == values[1].objectives
    assert values[0].training_seed != values[2].training_seed


@pytest.mark.parametrize("space", ["darts", "hierarchical"])
def test_large_spaces_are_searched_too(space: str) -> None:
    bench = replace(live(space), recipe=replace(SMALL, channels=4, cells=3 if space == "darts" else 1))
    problem = bench.problem(protocol(queries=2), 0, (0,))
    search_architecture(problem, get_optimizer("random_search").create(problem, Streams(0, (0,))))
    assert problem.ledger.spent["queries"][0] == 2


def test_facts_are_the_counted_ones() -> None:
    plan = replace(protocol(), objectives=("error", "parameters", "flops", "memory"))
    problem = live().problem(plan, 0, (0,))
    assert problem.cheap == (False, True, True, True)
    cell = np.array([3, 2, 1, 0, 4, 3], np.int8)
    network = get_cell_networks("nas-bench-201").build_standalone(cell, get_task("digits").shape, 4, 1)
    expected = [parameters(network), macs(network, get_task("digits").shape)]
    np.testing.assert_allclose(problem.facts(cell)[:2] * 1e6, expected)


def test_settings_that_a_task_cannot_answer_are_refused() -> None:
    for change, message in (
        ({"split": "test"}, "split 'search'"),
        ({"training_seed": "mean"}, "one seed per query"),
        ({"objectives": ("errors",)}, "did you mean 'error'"),
    ):
        with pytest.raises(NasbenchError, match=message):
            live().problem(replace(protocol(), **change), 0, (0,))  # type: ignore[arg-type]


def test_supernet_gradient_is_the_slope_of_the_mixture() -> None:
    torch.manual_seed(0)
    net = Supernet(get_cell_networks("nas-bench-201"), TaskShape(2, 1, 8, 10), 4, 1).double()
    batch = torch.randn(32, 1, 8, 8, dtype=torch.float64), torch.randint(0, 10, (32,))
    theta = np.full((1, 6, 5), 0.2)
    gradient = SupernetGradient(net, batch).gradient(theta)
    assert gradient.shape == (1, 6, 5)
    with torch.no_grad():
        for decision, choice in ((0, 3), (3, 1), (5, 4)):
            values = []
            for sign in (1, -1):
                moved = torch.full((6, 5), 0.2, dtype=torch.float64)
                moved[decision, choice] += sign * 1e-5
                values.append(float(torch.nn.functional.cross_entropy(net.at(batch[0], moved), batch[1])))
            slope = (values[0] - values[1]) / 2e-5
            assert gradient[0, decision, choice] == pytest.approx(slope, rel=1e-3, abs=1e-6)


def test_the_hybrid_evolves_on_shared_weights_and_names_finalists() -> None:
    task = get_task("digits")
    settings = SupernetConfig(epochs=3, channels=4, cells=1)
    searcher = build_searcher(
        lambda *a: HybridSupernet(*a, population_size=4, n_offspring=4, scoring_subset_size=64),
        task,
        "nas-bench-201",
        settings,
        CPU,
    )
    found = SupernetSearch(searcher, task, task.load().reduced(128, 64)).run()
    assert isinstance(searcher, HybridSupernet)
    assert len(searcher.survivors) == 4 and (np.diff(searcher.losses) >= 0).all()
    np.testing.assert_array_equal(found.architecture, searcher.survivors[0])
    finalists = searcher.finalists()
    assert 1 <= len(finalists) <= 3 and searcher.space.is_feasible(finalists).all()
    np.testing.assert_allclose(searcher.theta.sum(axis=1), 1.0)
    assert not np.allclose(searcher.theta, 0.2)


def test_memory_counts_by_hand() -> None:
    """A 1x1 network written out: a linear layer of 4 to 3 without anything else."""
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    counted = memory(network, TaskShape(2, 1, 2, 3))
    assert counted == {"parameters": 15 * 4, "activations": (4 + 4) * 4, "total": 15 * 4 + 8 * 4}
    training = memory(network, TaskShape(2, 1, 2, 3), batch=2, training=True)
    assert training["activations"] == 2 * (4 + 3) * 4 and training["total"] == 3 * 60 + training["activations"]


def test_latency_is_measured_and_grows_with_the_batch() -> None:
    network = get_cell_networks("nas-bench-201").build_standalone(np.full(6, 3, np.int8), TaskShape(2, 1, 8, 10), 16, 1)
    measured = measure_network(network, TaskShape(2, 1, 8, 10), (1, 64), seconds=0.05)
    assert 0 < measured[1] < measured[64]
    assert network.training


def test_the_latency_table_adds_up_its_operations() -> None:
    table = LatencyTable(get_cell_networks("nas-bench-201"), TaskShape(2, 1, 8, 10), 4, 2, seconds=0.002)
    cell = np.array([3, 1, 2, 0, 4, 3], np.int8)
    keys = table.keys(cell)
    # Two cells in each of three stages; four operations a cell that take time, besides a skip.
    assert len(keys) == 6 * 5
    assert {(c, s) for _, c, s, _, _ in keys} == {(4, 8), (8, 4), (16, 2)}
    table.calibrate(cell[None])
    fit = table.check(np.array([[3, 3, 3, 3, 3, 3], [0, 0, 0, 1, 0, 0], [1, 2, 2, 2, 1, 0]], np.int8))
    assert fit.n == 3 and np.isfinite([fit.mean_error, fit.relative_error, fit.kendall_tau]).all()
    assert table.operations(np.zeros(6, np.int8)) == 0.0
    assert table.predict(cell) == pytest.approx(table.base + sum(table.table[key] for key in keys))


def test_vertices_of_the_hybrid_are_architectures() -> None:
    cell = np.array([3, 1, 2, 0, 4, 3], np.int8)
    np.testing.assert_array_equal(vertex(cell, 5).numpy().argmax(axis=1), cell)
