"""Growth of the exact solvers, of Pareto sorting, of hypervolume, and of the archive."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nasbench.search.history import History
from nasbench.search.operation_counter import counting, record
from nasbench.spaces.space import Floats
from nasbench.theory.exact import elitist, local_search
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.exact.pareto_sets import hypervolume
from nasbench.theory.families.complexity.growth import SHORTEST, TIME_SLACK, Slope, check_slopes, traced_memory
from nasbench.theory.families.nsga2.sorting import sort_counting, sort_peeling
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict
from nasbench.theory.machinery.instrumentation import OperationTally
from nasbench.theory.machinery.testbed import make_space

UPPER = Assumption("an upper bound can be refuted by measurement, never proved", checked=False)


def _landscapes(rng: np.random.Generator, smallest: int, largest: int) -> list[Landscape]:
    """Return random landscapes on 2^d, 3 * 2^d and 5 * 2^d architectures."""
    shapes = sorted(((2,) * d + last for d in range(4, 14) for last in ((), (3,), (5,))), key=np.prod)
    kept = [shape for shape in shapes if smallest <= np.prod(shape) <= largest]
    return [Landscape(rng.random(int(np.prod(shape))), shape) for shape in kept]


def _measure(work: Callable[[], Any]) -> tuple[float, float, float]:
    """Run once without and once with instrumentation; return operations, bytes at the peak, and processor seconds."""
    begin = time.process_time()
    work()
    seconds = time.process_time() - begin
    gc.collect()
    tally = OperationTally()
    with counting(tally), traced_memory():
        work()
        peak = tracemalloc.get_traced_memory()[1]
    return tally.total, peak, seconds


def dense_hitting_time(landscape: Landscape) -> Floats:
    """Return the (1+1)-EA's mean times from the full matrix: the mutant, O(N^3) time and O(N^2) memory."""
    by_rank = landscape.architectures[landscape.order]
    chain = np.tril(elitist.Mutation.standard(landscape).probabilities(by_rank, by_rank), -1)[1:]
    system = np.diag(chain.sum(axis=1)) - chain[:, 1:]
    return _solve_dense(system, np.ones(len(system)))


def _solve_dense(matrix: Any, right: Floats) -> Floats:
    """Solve a triangular system as a full one, be it dense or sparse: O(N^3)."""
    dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
    record("solve", 2 / 3 * len(dense) ** 3)
    return np.asarray(np.linalg.solve(dense, right))


def _hitting_times(context: Context, dense: bool = False) -> Verdict:
    solve = dense_hitting_time if dense else elitist.hitting_time
    landscapes = _landscapes(context.rng("complexity.hitting"), 256, 2048 if dense else 4096)
    return _check_solver(landscapes, solve, 2.0, 1.0)


def _local_search(context: Context, dense: bool = False) -> Verdict:
    landscapes = _landscapes(context.rng("complexity.local"), 128, 640 if dense else 4096)
    solve = partial(local_search.first_improvement, solve=_solve_dense if dense else local_search.solve_triangular)
    return _check_solver(landscapes, solve, 1.0, 1.0)


def _check_solver(
    landscapes: list[Landscape], solve: Callable[[Landscape], Any], order: float, memory: float
) -> Verdict:
    """Test operations, memory and time, each divided by the number of neighbours, which grows with log N."""
    spent = np.array([_measure(partial(solve, landscape)) for landscape in landscapes])
    sizes = np.array([landscape.size for landscape in landscapes])
    neighbours = np.array([sum(k - 1 for k in landscape.cardinalities) for landscape in landscapes])
    spent /= neighbours[:, None]
    slopes = [Slope.of("operations", sizes, spent[:, 0], order), Slope.of("memory", sizes, spent[:, 1], memory)]
    return _with_time(slopes, sizes, spent[:, 2], neighbours, order)


def _with_time(slopes: list[Slope], sizes: Any, seconds: Floats, divisor: Any, order: float) -> Verdict:
    long = seconds * divisor >= SHORTEST
    if long.sum() >= 4:
        slopes = [*slopes, Slope.of("time", sizes[long], seconds[long], order, TIME_SLACK)]
    return check_slopes(slopes, int(sizes[-1]), f"N = {sizes[0]} to {sizes[-1]}")


def _sorting(context: Context, peeling: bool = False) -> Verdict:
    """Sort chains, in which every individual is a front of its own."""
    sizes = np.unique(np.rint(np.geomspace(32, 160 if peeling else 400, 10)).astype(int))
    sort = sort_peeling if peeling else sort_counting
    tests, spent = [], []
    for n in sizes:
        chain = context.rng("complexity.chain").permutation(n)[:, None] + np.arange(2)
        tests.append(sort(chain)[1])
        spent.append(_measure(partial(sort, chain)))
    slopes = [Slope.of("comparisons", sizes, tests, 2.0), Slope.of("memory", sizes, np.array(spent)[:, 1], 2.0)]
    return check_slopes(slopes, int(sizes[-1]), f"N = {sizes[0]} to {sizes[-1]}, chains")


def _compare_all_pairs(points: Floats) -> Floats:
    """Return the non-dominated points by comparing all pairs, O(n^2): the slow way is what the mutant needs."""
    better = (points[:, None] <= points[None]).all(axis=2) & (points[:, None] < points[None]).any(axis=2)
    return points[~better.any(axis=0)]


def _contributions_apart(points: Floats) -> float:
    """Compute the hypervolume that is lost without each point, comparing all pairs each time: the mutant, O(n^3)."""
    rest = (np.delete(points, i, axis=0) for i in range(len(points)))
    return max(hypervolume(_compare_all_pairs(some)) for some in rest)


def _hypervolume(context: Context, objectives: int, apart: bool = False) -> Verdict:
    """Time fronts on a sphere, divided by log n: shortest of three."""
    rng = context.rng(f"complexity.hypervolume.{objectives}")
    smallest, largest = ((2**15, 2**18), (2**12, 2**15))[objectives - 2] if not apart else (2**5, 2**8)
    sizes = np.unique(np.rint(np.geomspace(smallest, largest, 12)).astype(int))
    volume = _contributions_apart if apart else hypervolume
    seconds = []
    for n in sizes:
        points = np.abs(rng.standard_normal((int(n), objectives)))
        points = 1 - points / np.linalg.norm(points, axis=1, keepdims=True)
        seconds.append(min(_time(partial(volume, points)) for _ in range(1 if apart else 3)))
    return _with_time([], sizes, np.array(seconds) / np.log(sizes), np.log(sizes), 1.0)


def _time(work: Callable[[], Any]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _archive(context: Context, hoarding: bool = False) -> Verdict:
    """Fill an archive with incomparable points, one at a time."""
    sizes = np.unique(np.rint(np.geomspace(48, 384, 10)).astype(int))
    spent = np.array([_measure(partial(_fill_archive, int(n), hoarding)) for n in sizes])
    slopes = [Slope.of("operations", sizes, spent[:, 0], 2.0), Slope.of("memory", sizes, spent[:, 1], 1.0)]
    return _with_time(slopes, sizes, spent[:, 2], 1.0, 2.0)


def _fill_archive(size: int, hoarding: bool) -> tuple[History, list[Floats]]:
    """Add incomparable points to an archive one by one, asking for the front after each."""
    history, kept = History(make_space(6, 4), 2), list[Floats]()
    for i in range(size):
        history.add(np.zeros((1, 6), dtype=np.int8), np.array([[float(i), -float(i)]]))
        front = history.front()
        if hoarding:
            kept.append(history.objectives[front])
    return history, kept


CLAIMS = (
    Claim(
        "complexity.hitting-time-solver",
        r"\text{E}\,T \text{ of the (1+1)-EA on } N \text{ states: operations } O(N^2 \textstyle\sum k), \text{ memory } O(N \sum k)",
        (UPPER,),
        "Kronecker product a block of 128 states, dense triangular solve within it",
        _hitting_times,
        Mutant("the full matrix is solved", partial(_hitting_times, dense=True)),
    ),
    Claim(
        "complexity.local-search-solver",
        r"\text{E}\,T \text{ of restarted local search: operations and memory } O(N \textstyle\sum (k-1))",
        (UPPER,),
        "sparse triangular systems with one entry for every better neighbour",
        _local_search,
        Mutant("the systems are solved as dense ones", partial(_local_search, dense=True)),
    ),
    Claim(
        "complexity.nondominated-sorting",
        r"\text{comparisons and memory } O(N^2) \text{, whatever the number of fronts}",
        (UPPER,),
        "Deb et al. 2002, fast nondominated sorting",
        _sorting,
        Mutant("each front is looked for afresh", partial(_sorting, peeling=True)),
    ),
    *(
        Claim(
            f"complexity.hypervolume-{m}d",
            rf"\text{{time }} O(n \log n) \text{{ for {m} objectives}}",
            (UPPER, Assumption("processor time alone: the computation is compiled, and cannot be counted")),
            "sorting and a sweep; Beume, Fonseca, Lopez-Ibanez, Paquete and Vahrenhold 2009",
            partial(_hypervolume, objectives=m),
            Mutant("what each point contributes is computed apart", partial(_hypervolume, objectives=m, apart=True)),
        )
        for m in (2, 3)
    ),
    Claim(
        "complexity.archive",
        r"T \text{ insertions in an unbounded archive: operations } O(T^2), \text{ memory } O(T)",
        (UPPER, Assumption("worst case: no point dominates another")),
        "every insertion looks at the whole front",
        _archive,
        Mutant("every front of the past is kept", partial(_archive, hoarding=True)),
    ),
)
"""Growth of what the suite computes itself."""
