"""Run one method on one benchmark in a single call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench import registered
from nasbench.api.benchmark import Benchmark, load_benchmark
from nasbench.api.registration import Decisions, add_function, register_optimizer
from nasbench.benchmarks.catalogue import get_searchable
from nasbench.errors import NasbenchError, UnknownNameError
from nasbench.files.temporary import TemporaryFolder
from nasbench.ranges import COUNT, check_setting
from nasbench.search.methods import as_optimizer
from nasbench.search.parallelism import LIES
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Space

if TYPE_CHECKING:
    from nasbench.reports.analysis.results import Results


def search(
    method: object,
    benchmark: str | Benchmark | Callable[..., float],
    budget: float | Mapping[str, float] = 100,
    *,
    runs: int = 1,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    space: Space | Decisions | None = None,
    jobs: int = 1,
    out: str | Path | None = None,
    workers: int = 1,
    batch_size: int | None = None,
    lie: str = LIES[0],
    no_repeats: bool = False,
    warm_start: Any = None,
    **protocol: Any,
) -> Results:
    """Search a benchmark with one method, in independent runs.

    Args:
        method: a name, "module:ATTR", a class with ask and tell, a function (see `register_optimizer`), a `Lockstep` or a `PerRun`.
        benchmark: a name, a `Benchmark`, or a Python function to minimise, with its `space`.
        budget: number of unique queries per run, or limits on several accounts.
        runs: number of independent runs.
        seed: seed of all randomness; a run does not depend on how many others there are.
        settings: hyperparameters that differ from the method's defaults.
        space: search space of a Python function: see `nasbench.register_benchmark`.
        jobs: number of processes.
        out: folder for the results; by default they are discarded when the program ends.
        workers: simulated workers, which come back one by one when their recorded training time is over.
        batch_size: instead of workers, number of proposals that are trained at once and awaited together.
        lie: value that stands for pending results, "mean", "worst" or "best" (see `nasbench.search.constant_liar`), for methods that have no
            batch rule of their own.
        no_repeats: whether what a run has evaluated is answered from its history when it is proposed again, at no cost, and the method is
            asked again; see `nasbench.search.no_repeats`.
        warm_start: evaluations that every run is told before its first query, which cost nothing: a DataFrame with a column `architecture`
            and one per objective, a CSV or Parquet file, results or a results folder; see `nasbench.study.warm_start`.
        **protocol: `objectives`, `split`, `epochs`, `training_seed`, `repeat_policy`, `constraints`; see `Benchmark.problem`.

    Raises:
        NasbenchError: if a name is unknown, the method does not support the benchmark, or the budget is invalid.

    Example:
        >>> result = search("random_search", "onemax/6x2", budget=5, runs=2, seed=1)
        >>> len(result.to_pandas())
        10
        >>> climbed = search("local_search", "onemax/6x2", {"queries": 40}, no_repeats=True).to_pandas()
        >>> bool(climbed["architecture"].is_unique)
        True
        >>> given = load_benchmark("onemax/6x3").sample(20, seed=1)
        >>> warm = search("gp_bo", "onemax/6x3", budget=5, warm_start=given)
        >>> len(warm.to_pandas())
        5
    """
    from nasbench.reports.analysis.results import Results
    from nasbench.study.config import Study
    from nasbench.study.methods import MethodConfig
    from nasbench.study.runner import run_study

    bench = _benchmark(benchmark, space)
    name = method_name(method)
    check_setting("number of runs", runs, COUNT)
    check_setting("number of jobs", jobs, COUNT)
    asked = bench.protocol(budget, **protocol)
    study = Study(
        name=f"{name} on {bench.name}",
        description="",
        seed=seed,
        runs=runs,
        runs_per_file=max(1, -(-runs // jobs)) if jobs > 1 else min(runs, 100),
        problems=(bench.name,),
        methods=(MethodConfig(name=name, label=name, settings=settings or {}, no_repeats=no_repeats),),
        workers=workers,
        batch_size=batch_size,
        lie=lie,
        warm_start=warm_start,
        **vars(asked),
    )
    kept = TemporaryFolder() if out is None else None
    folder = kept.path if kept is not None else Path(out or "")
    run_study(study, folder, jobs=jobs)
    return Results.open(folder).holding(kept)


def method_name(method: object) -> str:
    """Return the name of a method in a study; an object is registered under its own name.

    Raises:
        NasbenchError: if it is not a method, or its name is taken.
    """
    if isinstance(method, str):
        get_optimizer(method)
        return method
    kind = as_optimizer(method)
    held = registered.registered("optimizer")
    name = next((known for known, thing in held.items() if thing is method), kind.name)
    if held.get(name) is not method:
        register_optimizer(name)(method)
    return name


def _benchmark(benchmark: str | Benchmark | Callable[..., float], space: Space | Decisions | None) -> Benchmark:
    if space is not None and isinstance(benchmark, str | Benchmark):
        raise NasbenchError("The argument space= belongs to a Python function; a benchmark has its own space.")
    if isinstance(benchmark, str):
        return load_benchmark(benchmark)
    if isinstance(benchmark, Benchmark):
        return _findable(benchmark)
    if space is None:
        raise NasbenchError(
            "A Python function needs space=, a Space, a mapping from each decision to its choices or a list of decisions."
        )
    return Benchmark(add_function(getattr(benchmark, "__name__", "function"), benchmark, space))


def _findable(benchmark: Benchmark) -> Benchmark:
    """Return the benchmark once a study, which knows names alone, finds it by its name.

    Raises:
        NasbenchError: if its name stands for another benchmark.
    """
    try:
        found = get_searchable(benchmark.name)
    except UnknownNameError:
        registered.add("benchmark", benchmark.name, benchmark.source)
        return benchmark
    if found.checksum != benchmark.source.checksum:
        raise NasbenchError(f"The name {benchmark.name!r} stands for another benchmark; give yours a name of its own.")
    return benchmark
