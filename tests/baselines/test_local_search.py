"""Local search: what a trace must look like, and the local optima of the embedded table by exhaustion."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.baselines.local_search import OPTIMIZER
from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol

from table_protocol import table_protocol

QUERIES = 400


@pytest.mark.parametrize(("dataset", "optima"), [("cifar10", 13), ("cifar100", 26), ("imagenet16-120", 34)])
def test_local_optima_of_the_seed_means(dataset: str, optima: int) -> None:
    """Strict optima among the 24 neighbours, in the means over 200-epoch trainings: by neighbour lists, and by slicing a tensor."""
    benchmark = get_benchmark(f"nas-bench-201/{dataset}")
    means = benchmark.oracle(_setting()).search_means
    around = means[benchmark.space.index(benchmark.space.neighbours(benchmark.space.all))]
    by_lists = (around > means[:, None]).all(axis=1)
    tensor = means.reshape((5,) * 6)
    by_slices = np.ones(tensor.shape, dtype=bool)
    for axis in range(6):
        for shift in range(1, 5):
            by_slices &= np.roll(tensor, shift, axis) > tensor
    assert np.array_equal(by_lists, by_slices.ravel())
    assert int(by_lists.sum()) == optima


def _setting() -> SearchProtocol:
    return table_protocol(Budget({"queries": QUERIES}), repeat_policy="retrain")


@pytest.mark.parametrize("improvement", ["best", "first"])
def test_trace_is_hill_climbing_with_restarts(improvement: str) -> None:
    """Replayed from the trace alone: each stretch starts anywhere and then visits neighbours of its current best."""
    benchmark = get_benchmark("nas-bench-201/cifar10")
    problem = benchmark.problem(_setting(), 3, (0, 1, 2))
    optimizer = OPTIMIZER.create(problem, Streams(3, (0, 1, 2)), {"improvement": improvement})
    batches = []
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        batches.append(observations)
    cells = np.concatenate([b.architectures for b in batches], axis=1)
    errors = np.concatenate([b.objectives for b in batches], axis=1)[..., 0]
    restarts = 0
    for run in range(3):
        t = 0
        while t < QUERIES:
            restarts += 1
            here, here_error = cells[run, t], errors[run, t]
            t += 1
            climbing = True
            while climbing and t < QUERIES:
                around = {tuple(c) for c in benchmark.space.neighbours(here).tolist()}
                best, best_error = here, here_error
                looked = 0
                while looked < 24 and t < QUERIES:
                    assert tuple(cells[run, t].tolist()) in around
                    around.discard(tuple(cells[run, t].tolist()))
                    if errors[run, t] < best_error:
                        best, best_error = cells[run, t], errors[run, t]
                    looked += 1
                    t += 1
                    if improvement == "first" and best_error < here_error:
                        break
                climbing = best_error < here_error
                here, here_error = best, best_error
    assert restarts > 6, "400 queries hold several climbs"


@pytest.mark.parametrize("at_optimum", ["restart", "continue"])
@pytest.mark.parametrize("improvement", ["best", "first"])
def test_variants_of_naszilla(improvement: str, at_optimum: str) -> None:
    """Replayed as `local_search` of naszilla goes, from a trace without noise: starts, and what is looked around next."""
    benchmark = get_benchmark("nas-bench-201/cifar100")
    protocol = table_protocol(Budget({"queries": QUERIES}), repeat_policy="cache", training_seed="mean")
    problem = benchmark.problem(protocol, 5, (0, 1, 2))
    settings = {"improvement": improvement, "at_optimum": at_optimum, "n_initial_samples": 10}
    optimizer = OPTIMIZER.create(problem, Streams(5, (0, 1, 2)), settings)
    batches = []
    while not problem.ledger.exhausted.all():
        batches.append(problem.query(optimizer.ask()))
        optimizer.tell(batches[-1])
    cells = np.concatenate([b.architectures for b in batches], axis=1)
    errors = np.concatenate([b.objectives for b in batches], axis=1)[..., 0]
    starts = 0
    for run in range(3):
        trace = [
            (error, t, tuple(cell))
            for t, (error, cell) in enumerate(zip(errors[run], cells[run].tolist(), strict=True))
        ]
        t, expanded = 0, set()
        here: tuple[float, int, tuple[int, ...]] | None = None
        while t < QUERIES:
            if here is None:
                here = min(trace[t : t + 10])
                starts, t = starts + 1, t + 10
            expanded.add(here[2])
            around = {tuple(c) for c in benchmark.space.neighbours(np.array(here[2], dtype=np.int8)).tolist()}
            looked = []
            while around and t < QUERIES:
                assert trace[t][2] in around
                around.discard(trace[t][2])
                looked.append(trace[t])
                t += 1
                if improvement == "first" and looked[-1][0] < here[0]:
                    break
            if at_optimum == "continue":
                here = min(one for one in trace[:t] if one[2] not in expanded)
            else:
                here = min(looked) if looked and min(looked)[0] < here[0] else None
    assert starts == 3 if at_optimum == "continue" else starts > 6
