"""The same algorithms on the same table by other libraries, in one run: `make peers`.

Every program makes the same number of queries of NAS-Bench-201's CIFAR-10 validation errors. What is compared is what a query costs in all, of the
search and of the answer, by processor time; rounds alternate between the programs, and the ratio is of medians. A library that is not
installed is left out by name. `python -m tests.performance.peers [PAGE]` writes the block `<!-- measured: peers -->` of a page.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.theory.measured.machine import describe_machine
from nasbench.theory.measured.page import markdown, write_block

BENCHMARK = "nas-bench-201/cifar10"
ROUNDS = 5
TOGETHER = 500
"""Runs in lockstep, where an optimizer of the suite has them."""
EVOLUTION = {"population_size": 30, "tournament_size": 10}
NSGA2 = {"population_size": 40}


@dataclass(frozen=True, kw_only=True)
class Program:
    """A search by some library.

    Attributes:
        algorithm: what is searched with.
        by: who searches.
        queries: how many a run makes.
        run: makes them, with a seed.
        runs: runs that `run` makes.
        needs: module without which there is nothing to compare.
    """

    algorithm: str
    by: str
    queries: int
    run: Callable[[int], object]
    runs: int = 1
    needs: str = "nasbench"

    def seconds_a_query(self, seed: int) -> float:
        """Return the processor time of a query."""
        begin = time.process_time()
        self.run(seed)
        return (time.process_time() - begin) / self.queries / self.runs


# ---- the table -----------------------------------------------------------------------------------------------------------


@cache
def records() -> Mapping[str, Mapping[str, Any]]:
    """Return the table as NASLib holds it: by the string of a cell, a record with learning curves."""
    table = get_benchmark(BENCHMARK).table
    column = table.find("cifar10", "accuracy", "validation", 200)
    parameters = get_benchmark(BENCHMARK).space.parameters(table.architectures, "cifar10")  # type: ignore[attr-defined]
    assert column is not None
    names = [table.space.to_string(architecture) for architecture in table.architectures]
    accuracies = table.measured(column).mean().tolist()
    return {
        name: {"cifar10": {"eval_acc1es": [accuracy], "params": float(size)}}
        for name, accuracy, size in zip(names, accuracies, parameters, strict=True)
    }


OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def cell(operations: tuple[int, ...]) -> str:
    """Return the string of a cell, as NASLib and the API of NATS-Bench ask by."""
    a, b, c, d, e, f = (OPERATIONS[i] for i in operations)
    return f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"


def error(operations: tuple[int, ...]) -> float:
    """Return the error of a cell, looked up by its string."""
    return 100.0 - float(records()[cell(operations)]["cifar10"]["eval_acc1es"][-1])


def both(operations: tuple[int, ...]) -> tuple[float, float]:
    """Return the error and the parameters of a cell."""
    return error(operations), float(records()[cell(operations)]["cifar10"]["params"])


# ---- programs ------------------------------------------------------------------------------------------------------------


def suite(name: str, queries: int, runs: int, settings: Mapping[str, Any], objectives: tuple[str, ...]) -> Any:
    """Return what searches with an optimizer of the suite."""

    def run(seed: int) -> object:
        protocol = SearchProtocol(
            objectives=objectives,
            split="validation",
            epochs=(200,),
            training_seed="mean",
            repeat_policy="retrain",
            budget=Budget({"queries": queries}),
        )
        problem = get_benchmark(BENCHMARK).problem(protocol, seed, range(runs))
        return search(problem, get_optimizer(name).create(problem, Streams(seed, range(runs)), settings))

    return run


def plain_random(queries: int) -> Callable[[int], object]:
    """Return random search as NASLib runs it: an architecture an epoch, and its record."""

    def run(seed: int) -> object:
        rng = np.random.default_rng(seed)
        return min(error(tuple(rng.integers(5, size=6).tolist())) for _ in range(queries))

    return run


def plain_evolution(queries: int) -> Callable[[int], object]:
    """Return regularized evolution as NASLib runs it: a queue of members, a sample, its best, a mutation."""

    def run(seed: int) -> object:
        rng, size, sample = np.random.default_rng(seed), EVOLUTION["population_size"], EVOLUTION["tournament_size"]
        alive: deque[tuple[float, tuple[int, ...]]] = deque()
        for number in range(queries):
            if number < size:
                child = tuple(rng.integers(5, size=6).tolist())
            else:
                parent = min((alive[i] for i in rng.integers(size, size=sample)), key=lambda member: member[0])[1]
                edge, shift = int(rng.integers(6)), int(rng.integers(1, 5))
                child = (*parent[:edge], (parent[edge] + shift) % 5, *parent[edge + 1 :])
                alive.popleft()
            alive.append((error(child), child))
        return min(alive)

    return run


def optuna(queries: int, sampler: Callable[[Any, int], Any], objectives: int = 1) -> Callable[[int], object]:
    """Return a study of optuna."""

    def run(seed: int) -> object:
        import optuna as library

        library.logging.set_verbosity(library.logging.ERROR)
        study = library.create_study(
            directions=["minimize"] * objectives, sampler=sampler(library.samplers, seed), storage=None
        )

        def objective(trial: Any) -> Any:
            operations = tuple(trial.suggest_categorical(str(i), range(5)) for i in range(6))
            return error(operations) if objectives == 1 else both(operations)

        study.optimize(objective, n_trials=queries)
        return study

    return run


def pymoo(queries: int) -> Callable[[int], object]:
    """Return NSGA-II of pymoo, with its operators for integers."""

    def run(seed: int) -> object:
        from pymoo.algorithms.moo import nsga2
        from pymoo.core.problem import ElementwiseProblem
        from pymoo.operators.crossover.ux import UX
        from pymoo.operators.mutation.pm import PM
        from pymoo.operators.repair.rounding import RoundingRepair
        from pymoo.operators.sampling.rnd import IntegerRandomSampling
        from pymoo.optimize import minimize

        class Cells(ElementwiseProblem):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__(n_var=6, n_obj=2, xl=0, xu=4, vtype=int)

            def _evaluate(self, x: Any, out: dict[str, Any], *_: Any, **__: Any) -> None:
                out["F"] = both(tuple(x.tolist()))

        algorithm = nsga2.NSGA2(
            pop_size=NSGA2["population_size"],
            sampling=IntegerRandomSampling(),
            crossover=UX(),
            mutation=PM(repair=RoundingRepair()),
        )
        return minimize(Cells(), algorithm, ("n_eval", queries), seed=seed)

    return run


def syne_tune(queries: int, name: str, **settings: Any) -> Callable[[int], object]:
    """Return a scheduler of syne-tune, asked and told."""

    def run(seed: int) -> object:
        from syne_tune.config_space import choice  # type: ignore[import-not-found]
        from syne_tune.optimizer import baselines  # type: ignore[import-not-found]
        from syne_tune.optimizer.schedulers.ask_tell_scheduler import (  # type: ignore[import-not-found]
            AskTellScheduler,
        )

        space = {f"edge{i}": choice(list(range(5))) for i in range(6)}
        metric = {"metrics": ["error"]} if name == "RandomSearch" else {"metric": "error"}
        scheduler = AskTellScheduler(getattr(baselines, name)(space, **metric, random_seed=seed, **settings))
        for _ in range(queries):
            trial = scheduler.ask()
            scheduler.tell(trial, {"error": error(tuple(trial.config[f"edge{i}"] for i in range(6)))})
        return scheduler

    return run


def programs() -> list[Program]:
    """Return what is compared; of each algorithm the suite's first."""
    one, two = ("error",), ("error", "parameters")
    found = []
    for algorithm, name, settings in (
        ("random search", "random_search", {}),
        ("regularized evolution (30, 10)", "regularized_evolution", EVOLUTION),
    ):
        together = suite(name, 300, TOGETHER, settings, one)
        found.append(Program(algorithm=algorithm, by="suite, 500 runs", queries=300, run=together, runs=TOGETHER))
        found.append(
            Program(algorithm=algorithm, by="suite, one run", queries=300, run=suite(name, 300, 1, settings, one))
        )
    found += [
        Program(algorithm="TPE", by="suite", queries=100, run=suite("tpe", 100, 1, {}, one), needs="optuna"),
        Program(algorithm="NSGA-II (40)", by="suite", queries=400, run=suite("nsga2", 400, 1, NSGA2, two)),
        Program(algorithm="random search", by="NASLib-like access", queries=3000, run=plain_random(3000)),
        Program(
            algorithm="regularized evolution (30, 10)", by="NASLib-like access", queries=3000, run=plain_evolution(3000)
        ),
        Program(
            algorithm="random search", by="optuna", queries=300, needs="optuna",
            run=optuna(300, lambda samplers, seed: samplers.RandomSampler(seed=seed)),
        ),
        Program(
            algorithm="TPE", by="optuna", queries=100, needs="optuna",
            run=optuna(100, lambda samplers, seed: samplers.TPESampler(seed=seed)),
        ),
        Program(
            algorithm="NSGA-II (40)", by="optuna", queries=400, needs="optuna",
            run=optuna(400, lambda samplers, seed: samplers.NSGAIISampler(population_size=40, seed=seed), objectives=2),
        ),
        Program(algorithm="NSGA-II (40)", by="pymoo", queries=400, run=pymoo(400), needs="pymoo"),
        Program(
            algorithm="random search", by="syne-tune", queries=300, needs="syne_tune", run=syne_tune(300, "RandomSearch")
        ),
        Program(
            algorithm="regularized evolution (30, 10)", by="syne-tune", queries=300, needs="syne_tune",
            run=syne_tune(300, "REA", population_size=30, sample_size=10),
        ),
        Program(algorithm="TPE", by="syne-tune", queries=100, needs="syne_tune", run=syne_tune(100, "TPE")),
    ]  # fmt: skip
    return found


def compare(found: list[Program], rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Run the programs in turn and return a flat row of each, ratios to the suite's first program of the algorithm."""
    spent: list[list[float]] = [[] for _ in found]
    for number in range(-1, rounds):
        for program, times in zip(found, spent, strict=True):
            seconds = program.seconds_a_query(max(number, 0))
            if number >= 0:  # the first round imports and builds what is kept
                times.append(seconds)
    medians = [median(times) for times in spent]
    first: dict[str, float] = {}
    for program, seconds in zip(found, medians, strict=True):
        first.setdefault(program.algorithm, seconds)
    rows = [
        {
            "algorithm": program.algorithm,
            "by": program.by,
            "microseconds a query": f"{1e6 * seconds:.3g}",
            "lowest to highest": f"{1e6 * min(times):.3g} to {1e6 * max(times):.3g}",
            "times the suite's": f"{seconds / first[program.algorithm]:.3g}",
        }
        for program, seconds, times in zip(found, medians, spent, strict=True)
    ]
    return sorted(rows, key=lambda row: list(first).index(row["algorithm"]))


def main() -> None:
    """Measure, print, and write the page that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="page whose block is written anew, as docs/SPEED.md")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    every = programs()
    there = [program for program in every if find_spec(program.needs)]
    missing = sorted({program.needs for program in every} - {program.needs for program in there})
    rows = compare(there)
    libraries = {"optuna": "optuna", "pymoo": "pymoo", "syne_tune": "syne-tune"}
    machine = describe_machine(*(libraries[name] for name in libraries if name not in missing))
    left_out = f" Not installed, so left out: {', '.join(missing)}." if missing else ""
    text = f"{machine}; medians of {ROUNDS} rounds in one run.{left_out}\n\n{markdown(rows)}"
    sys.stdout.write(text)
    if arguments.page:
        write_block(arguments.page, "peers", text)


if __name__ == "__main__":
    main()
