"""Choose the composites of `nasbench/benchmarks/composites.toml`: print the candidates of each source that are traps.

    python -m nasbench.study.choose_composites [SOURCE ...] [--runs 20] [--seed 1]      # JSON lines, one a source; minutes each

First by the landscape alone: a candidate's ten best architectures all lie in the second basin, at most half of the architectures belong to
it, and of the permutations, depths and slopes of a source the one is taken of which most steepest descents end in the first basin; if no
rival escapes that (see below), the one of which fewest do, but at least half.

Then by runs of 300 unique queries: a candidate is kept if a Gaussian process whose optimism falls (`DECAYING`, with the hybrid's
other parts off) misses the ten best in at least `TRAPPED` of the runs, and one of the rivals (`RIVALS`) in at most half as many. So it is a trap that
can be escaped; the hybrid itself has no say.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from nasbench.benchmarks.composite import Composite, compose_table
from nasbench.benchmarks.landscape import basins, neighbour_rows
from nasbench.benchmarks.objectives import find_longest
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.search.ledger import Budget
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Space
from nasbench.study.tuning_objectives import METRICS, evaluate

SOURCES = (
    "nas-bench-360/darcy",
    "nas-bench-360/ninapro",
    *(f"transnas-bench-101-micro/{task}" for task in ("class_scene", "class_object", "room_layout", "segmentsemantic")),
    *(f"nas-bench-graph/{graph}" for graph in ("cora", "cs", "photo", "pubmed")),
    *(f"nats-bench-size-reference/{dataset}" for dataset in ("cifar10", "imagenet16-120")),
    "nk/6x5-k1",
    "nk/6x5-k4",
    "onemax/12x2",
)
SHAPES = ((0.02, 1.0), (0.05, 1.0), (0.05, 1.5), (0.1, 1.5), (0.1, 2.0), (0.2, 2.0), (0.35, 2.0))
"""Depths and slopes that are tried."""
OPERATIONS = {
    "nas-bench-201": ("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"),
    "transnas-bench-101-micro": ("skip_connect", "nor_conv_1x1", "nor_conv_3x3"),
    "nas-bench-graph": ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc"),
}
"""Operations that are exchanged, which the canonical form treats alike or nearly so, by space."""
SIZE_SPACE = "nats-bench-size"
DRAWN = 6
"""Random cycles that are tried where there are many."""
QUERIES = 300
TRAPPED = 0.2
DECAYING = "nasbench.hybrid.decaying:OPTIMIZER"
"""The hybrid whose exploration coefficient falls to the end."""
FALLING: Mapping[str, Any] = {
    "use_evolution": False,
    "use_gradient": False,
    "path_features": False,
    "ucb_beta": 4.0,
    "ucb_beta_decay_start": 14.0,
}
RIVALS: Mapping[str, Mapping[str, Any]] = {
    "random_search": {},
    "regularized_evolution": {"population_size": 30, "tournament_size": 10},
    "gp_bo": {"n_initial_samples": 4},
}


@dataclass(frozen=True)
class Candidate:
    """A candidate with what its landscape says.

    Attributes:
        composite: the candidate.
        inside: share of the architectures in the second basin.
        trapped: share of steepest descents that end in the first.
        is_narrow: whether its ten best all lie in the second basin, and at most half of all.
    """

    composite: Composite
    inside: float
    trapped: float
    is_narrow: bool


def permutations(space: Space) -> Iterator[tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]]:
    """Yield the permutations of a space that are tried: cycles, and the decisions that they apply to (none for all).

    Operations exchange places; in the size space the channels of one to three layers are reversed.
    """
    choices = space.choices[0]
    if space.name == SIZE_SPACE:
        reversal = tuple((choices[i], choices[-1 - i]) for i in range(len(choices) // 2))
        for layers in (1, 2, 3):
            yield from ((reversal, chosen) for chosen in combinations(space.decisions, layers))
        return
    names = OPERATIONS.get(space.name, choices)
    if len(names) <= 3:
        cycles = [*combinations(names, 2), names, names[::-1]] if len(names) == 3 else [names]
        yield from (((cycle,), ()) for cycle in cycles)
        return
    rng = np.random.default_rng(0)
    yield from (((tuple(rng.permutation(names).tolist()),), ()) for _ in range(DRAWN))


def candidates(source: str) -> list[Candidate]:
    """Return the candidates of a source."""
    space = compose_table(Composite("candidate", source, (), 0.0)).space
    neighbours = neighbour_rows(space)
    found = []
    for cycles, decisions in permutations(space):
        for depth, slope in SHAPES:
            composite = Composite("candidate", source, cycles, depth, slope, decisions)
            table = compose_table(composite)
            errors = find_longest(table, "candidate", "error", "validation").mean()
            inside = table.basin.inside
            ten_best = errors <= np.partition(errors, 9)[9]
            is_narrow = bool(inside[ten_best].all()) and float(inside.mean()) <= 0.5
            trapped = float((~inside[basins(errors, neighbours).optimum]).mean())
            found.append(Candidate(composite, float(inside.mean()), trapped, is_narrow))
    return found


def chosen(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the narrow candidate with most trapped descents and, in case no search escapes it, that with fewest but half or more."""
    narrow = sorted((one for one in found if one.is_narrow), key=lambda one: -one.trapped)
    half = [one for one in narrow[1:] if one.trapped >= 0.5]
    return narrow[:1] + half[-1:]


def missed(benchmark: TabularBenchmark, optimizer: str, settings: Mapping[str, Any], runs: int, seed: int) -> float:
    """Return the share of runs that miss the ten best within `QUERIES` unique queries."""
    protocol = SearchProtocol(
        objectives=("error",),
        split="validation",
        epochs=(benchmark.longest(["error"], "validation"),),
        training_seed="random",
        repeat_policy="cache",
        budget=Budget({"unique_queries": QUERIES}),
    )
    found = get_optimizer(optimizer)
    values = evaluate(found, benchmark, protocol, settings, runs=range(runs), seed=seed, metric=METRICS[0])
    return float((values >= QUERIES).mean())


def judge(composite: Composite, runs: int, seed: int) -> dict[str, float]:
    """Return the shares of runs that miss the ten best: of the process with falling optimism, and of rivals until one escapes the trap."""
    benchmark = TabularBenchmark(compose_table(composite), composite.name)
    shares = {"falling": missed(benchmark, DECAYING, FALLING, runs, seed)}
    for name, settings in RIVALS.items():
        if shares["falling"] < TRAPPED or is_trap(shares):
            break
        shares[name] = missed(benchmark, name, settings, runs, seed)
    return shares


def is_trap(shares: Mapping[str, float]) -> bool:
    """Return whether shares of `judge` are those of a trap that can be escaped."""
    rivals = [shares[name] for name in RIVALS if name in shares]
    return shares["falling"] >= TRAPPED and min(rivals, default=1.0) <= shares["falling"] / 2


def main() -> None:
    """Print what was found of each source."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", default=SOURCES)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for source in given.sources:
        for found in chosen(candidates(source)):
            named = replace(found.composite, name=source.replace("/", "-"))
            shares = judge(named, given.runs, given.seed)
            print(json.dumps({**asdict(found), "missed": shares, "kept": is_trap(shares)}), flush=True)
            if is_trap(shares) or shares["falling"] < TRAPPED:
                break


if __name__ == "__main__":
    main()
