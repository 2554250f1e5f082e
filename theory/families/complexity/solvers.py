"""Growth of the exact solvers, of Pareto sorting, of hypervolume, and of the archive."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
from nasbench.search.archive import ParetoArchive

from nasbench.spaces.space import Floats
from nasbench.theory.exact import elitist, local_search
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.families.complexity.growth import SHORTEST, TIME_SLACK, Slope, check_slopes, traced_memory
from nasbench.theory.families.nsga2.sorting import sort_counting, sort_peeling
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict
from nasbench.theory.machinery.instrumentation import Primitive, counted, replaced

ELITIST = (
    Primitive(
        "nasbench.theory.exact.elitist", "Mutation.apply", lambda m, vectors: float(vectors.size * sum(m.cardinalities))
    ),
    Primitive(
        "nasbench.theory.exact.elitist",
        "Mutation.probabilities",
        lambda m, rows, columns: float(len(rows) * len(columns) * len(m.cardinalities)),
    ),
    Primitive("nasbench.theory.exact.elitist", "solve_triangular", lambda a, b, **_: float(len(a)) ** 2),
    Primitive("numpy.linalg", "solve", lambda a, b: 2 / 3 * float(len(a)) ** 3),
)
SPARSE = (
    Primitive("nasbench.theory.exact.local_search", "spsolve_triangular", lambda a, b: float(a.nnz)),
    Primitive("numpy.linalg", "solve", lambda a, b: 2 / 3 * float(len(a)) ** 3),
)
ARCHIVE = (Primitive("nasbench.search.archive", "nondominated", lambda points: float(len(points))),)
UPPER = Assumption("an upper bound can be refuted by measurement, never proved", checked=False)


def _landscapes(rng: np.random.Generator, smallest: int, largest: int) -> list[Landscape]:
    """Random landscapes on 2^d, 3 * 2^d and 5 * 2^d architectures."""
    shapes = sorted(((2,) * d + last for d in range(4, 14) for last in ((), (3,), (5,))), key=np.prod)
    kept = [shape for shape in shapes if smallest <= np.prod(shape) <= largest]
    return [Landscape(rng.random(int(np.prod(shape))), shape) for shape in kept]


def _spent(work: Callable[[], Any], primitives: Sequence[Primitive]) -> tuple[float, float, float]:
    """Run once without and once with instruments; return operations, bytes at the peak, and processor seconds."""
    begin = time.process_time()
    work()
    seconds = time.process_time() - begin
    gc.collect()
    with counted(primitives) as tally, traced_memory():
        work()
        peak = tracemalloc.get_traced_memory()[1]
    return tally.total, peak, seconds


def dense_hitting_time(landscape: Landscape) -> Floats:
    """Return the (1+1)-EA's mean times from the full matrix: the mutant, O(N^3) time and O(N^2) memory."""
    by_rank = landscape.architectures[landscape.order]
    chain = np.tril(elitist.Mutation.standard(landscape).probabilities(by_rank, by_rank), -1)[1:]
    system = np.diag(chain.sum(axis=1)) - chain[:, 1:]
    return np.asarray(np.linalg.solve(system, np.ones(len(system))))


def _dense_triangular(matrix: Any, right: Floats) -> Floats:
    return np.asarray(np.linalg.solve(matrix.toarray(), right))


def _hitting_times(context: Context, dense: bool = False) -> Verdict:
    solve = dense_hitting_time if dense else elitist.hitting_time
    landscapes = _landscapes(context.rng("complexity.hitting"), 256, 2048 if dense else 4096)
    return _solver(landscapes, solve, ELITIST, 2.0, 1.0)


def _local_search(context: Context, dense: bool = False) -> Verdict:
    landscapes = _landscapes(context.rng("complexity.local"), 128, 640 if dense else 4096)
    with replaced(local_search, "spsolve_triangular", _dense_triangular) if dense else nullcontext():
        return _solver(landscapes, local_search.first_improvement, SPARSE, 1.0, 1.0)


def _solver(
    landscapes: list[Landscape],
    solve: Callable[[Landscape], Any],
    primitives: Sequence[Primitive],
    order: float,
    memory: float,
) -> Verdict:
    """Judge operations, memory and time, each divided by the number of neighbours, which grows with log N."""
    spent = np.array([_spent(partial(solve, landscape), primitives) for landscape in landscapes])
    sizes = np.array([landscape.size for landscape in landscapes])
    neighbours = np.array([sum(k - 1 for k in landscape.cardinalities) for landscape in landscapes])
    spent /= neighbours[:, None]
    slopes = [
        Slope.of("operations", sizes, spent[:, 0], order),
        Slope.of("memory", sizes, spent[:, 1], memory),
    ]
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
        spent.append(_spent(partial(sort, chain), ()))
    slopes = [
        Slope.of("comparisons", sizes, tests, 2.0),
        Slope.of("memory", sizes, np.array(spent)[:, 1], 2.0),
    ]
    return check_slopes(slopes, int(sizes[-1]), f"N = {sizes[0]} to {sizes[-1]}, chains")


def _apart(points: Floats) -> float:
    """Compute the hypervolume that is lost without each point, comparing all pairs each time: the mutant, O(n^3)."""
    from nasbench.theory.exact.pareto_sets import front, hypervolume

    return max(hypervolume(front(np.delete(points, i, axis=0))) for i in range(len(points)))


def _hypervolume(context: Context, objectives: int, apart: bool = False) -> Verdict:
    """Time fronts on a sphere, divided by log n: shortest of three."""
    from nasbench.theory.exact.pareto_sets import hypervolume

    rng = context.rng(f"complexity.hypervolume.{objectives}")
    smallest, largest = ((2**15, 2**18), (2**12, 2**15))[objectives - 2] if not apart else (2**5, 2**8)
    sizes = np.unique(np.rint(np.geomspace(smallest, largest, 8)).astype(int))
    volume = _apart if apart else hypervolume
    seconds = []
    for n in sizes:
        points = np.abs(rng.standard_normal((int(n), objectives)))
        points = 1 - points / np.linalg.norm(points, axis=1, keepdims=True)
        seconds.append(min(_timed(partial(volume, points)) for _ in range(1 if apart else 3)))
    return _with_time([], sizes, np.array(seconds) / np.log(sizes), np.log(sizes), 1.0)


def _timed(work: Callable[[], Any]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _archive(context: Context, hoarding: bool = False) -> Verdict:
    """Fill an archive with incomparable points, one at a time."""
    sizes = np.unique(np.rint(np.geomspace(48, 384, 10)).astype(int))
    spent = np.array([_spent(partial(_filled, int(n), hoarding), ARCHIVE) for n in sizes])
    slopes = [Slope.of("operations", sizes, spent[:, 0], 2.0), Slope.of("memory", sizes, spent[:, 1], 1.0)]
    return _with_time(slopes, sizes, spent[:, 2], 1.0, 2.0)


def _filled(size: int, hoarding: bool) -> tuple[ParetoArchive, list[Floats]]:
    archive, kept = ParetoArchive(6, 2), list[Floats]()
    for i in range(size):
        archive.add(np.zeros((1, 6), dtype=np.int8), np.array([[float(i), -float(i)]]))
        if hoarding:
            kept.append(archive.objectives)
    return archive, kept


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
