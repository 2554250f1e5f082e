"""Regularized evolution in lockstep against the paper's algorithm 1, written for one run with plain Python."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from nasbench.baselines.regularized_evolution import OPTIMIZER
from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams
from nasbench.search.search_protocol import SearchProtocol

from table_protocol import table_protocol

BENCHMARK = get_benchmark("nas-bench-201/imagenet16-120")
QUERIES = 120


def protocol(repeat_policy: str) -> SearchProtocol:
    return table_protocol(Budget({"queries": QUERIES}), training_seed="random", repeat_policy=repeat_policy)


def scalar(
    run: int, population: int, sample: int, mutation: str, repeat_policy: str
) -> list[tuple[tuple[int, ...], float]]:
    """Algorithm 1 of Real et al. (2019), one run, one query at a time; slots of a list stand for the ageing queue."""
    problem = BENCHMARK.problem(protocol(repeat_policy), 5, (run,))
    streams = Streams(5, (run,))
    weights = BENCHMARK.space.mutations[mutation].tolist()
    alive: list[tuple[tuple[int, ...], float]] = []
    age: deque[int] = deque()
    history: list[tuple[tuple[int, ...], float]] = []
    while len(history) < QUERIES:
        if len(alive) < population:
            child = [int(u * 5) for u in streams.uniform(6)[0]]
        else:
            draw = streams.uniform(sample + 2)[0]
            drawn = [int(u * population) for u in draw[:sample]]
            parent = min((alive[slot][1], position, alive[slot][0]) for position, slot in enumerate(drawn))[2]
            ladder = [sum(weights[: e + 1]) for e in range(5)]
            edge = int(draw[sample] * 6) if len(set(weights)) == 1 else sum(draw[sample] >= step for step in ladder)
            other = int(draw[sample + 1] * 4)
            child = list(parent)
            child[edge] = other + (other >= parent[edge])
        value = float(problem.query(np.array([[child]], dtype=np.int8)).objectives[0, 0, 0])
        member = (tuple(child), value)
        history.append(member)
        if len(alive) < population:
            age.append(len(alive))
            alive.append(member)
        else:
            oldest = age.popleft()
            alive[oldest] = member
            age.append(oldest)
    return history


@pytest.mark.parametrize(
    ("population", "sample", "mutation", "repeat_policy"),
    [(10, 3, "node-first", "retrain"), (30, 10, "uniform", "cache")],
)
def test_bit_identical_to_the_scalar_algorithm(population: int, sample: int, mutation: str, repeat_policy: str) -> None:
    runs = tuple(range(6))
    problem = BENCHMARK.problem(protocol(repeat_policy), 5, runs)
    optimizer = OPTIMIZER.create(
        problem, Streams(5, runs), {"population_size": population, "tournament_size": sample, "mutation": mutation}
    )
    steps = []
    while not problem.ledger.exhausted.all():
        observations = problem.query(optimizer.ask())
        optimizer.tell(observations)
        steps.append(observations)
    for run in runs:
        ours = [(tuple(o.architectures[run, 0].tolist()), float(o.objectives[run, 0, 0])) for o in steps]
        assert ours == scalar(run, population, sample, mutation, repeat_policy)
