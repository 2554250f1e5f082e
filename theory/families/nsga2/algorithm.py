"""NSGA-II on bit strings as run-time theory analyses it, many runs in lockstep.

Zheng, Liu and Doerr (2022, arXiv 2112.08581): each parent has one child by one-bit or standard bit mutation ("fair
selection"), no crossover; the next population is the best N of parents and children by front and crowding distance, remaining
ties broken at random. `balanced` breaks them as Doerr, Ivan and Krejca (2025, arXiv 2412.11931) do: among those of equal
crowding distance in the critical front, as evenly over the objective vectors as possible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.theory.families.nsga2.problems import Bits, BitStringProblem, Integers, covered, vector_code
from nasbench.theory.families.nsga2.sorting import Mask, crowding_distance, first_front


@dataclass(frozen=True)
class BitStringNsga2:
    """Parameters of one algorithm.

    Attributes:
        population: N.
        rate: probability with which each bit of a child is flipped; None flips exactly one uniform bit.
        balanced: break ties of crowding distance evenly over objective vectors.
        crowding: rank the critical front by crowding distance; without it (a mutant) at random.
    """

    population: int
    rate: float | None = None
    balanced: bool = False
    crowding: bool = True


@dataclass(frozen=True)
class CoverageTimes:
    """What R runs did.

    Attributes:
        generations: (R,) generation after which the front was first covered completely; -1 where it never was.
        coverage: (R,) vectors of the front held at the end of the run.
        losses: (R,) number of generations in which a non-dominated vector was lost though nothing dominates it now.
    """

    generations: Integers
    coverage: Integers
    losses: Integers


def mutate(bits: Bits, rate: float | None, rng: np.random.Generator) -> Bits:
    """Return one child of every parent, bits (R, N, n): each bit flipped with probability `rate`, or one where None."""
    child = bits.copy()
    runs, size, n = bits.shape
    if rate is None:
        place = rng.integers(n, size=(runs, size))
        child[np.arange(runs)[:, None], np.arange(size)[None, :], place] ^= 1
        return child
    flat = child.reshape(-1)
    # Gaps between independent flips are geometric: far fewer draws than bits.
    expected = flat.size * rate
    gaps = rng.geometric(rate, size=int(expected + 6 * np.sqrt(expected) + 16))
    place = np.cumsum(gaps) - 1
    while place[-1] < flat.size:
        place = np.concatenate([place, place[-1] + np.cumsum(rng.geometric(rate, size=64))])
    flat[place[place < flat.size]] ^= 1
    return child


def survivors(objectives: Integers, algorithm: BitStringNsga2, n: int, rng: np.random.Generator) -> Integers:
    """Return the indices of the next population: objectives (R, 2N, m) to (R, N)."""
    runs, size, _ = objectives.shape
    wanted = algorithm.population
    tier = np.full((runs, size), 2, dtype=np.int64)
    alive: Mask = np.ones((runs, size), dtype=bool)
    taken = np.zeros(runs, dtype=np.int64)
    critical = np.zeros((runs, size), dtype=bool)
    open_runs = np.ones(runs, dtype=bool)
    while open_runs.any():
        front = first_front(objectives, alive) & open_runs[:, None]
        fits = taken + front.sum(axis=1) <= wanted
        tier[front & fits[:, None]] = 0
        critical |= front & ~fits[:, None]
        taken += np.where(fits, front.sum(axis=1), 0)
        alive &= ~front
        open_runs &= fits & (taken < wanted)
    tier[critical] = 1
    distance = np.zeros((runs, size))
    if algorithm.crowding and critical.any():
        rows = critical.any(axis=1)
        # Rounded, so that equal distances are equal whatever the order of their sums.
        distance[rows] = np.where(critical[rows], np.round(crowding_distance(objectives[rows], critical[rows]), 9), 0.0)
    chance = rng.random((runs, size))
    copy = _copies(vector_code(objectives, n), distance, tier, chance) if algorithm.balanced else None
    keys = (chance, -distance, tier) if copy is None else (chance, copy, -distance, tier)
    return np.lexsort(keys, axis=1)[:, :wanted]


def _copies(code: Integers, distance: np.ndarray, tier: Integers, chance: np.ndarray) -> Integers:
    """Number the individuals of equal vector, distance and tier 0, 1, 2, ... in random order: each of shape (R, P)."""
    order = np.lexsort((chance, code, distance, tier), axis=1)
    row = np.arange(len(code))[:, None]
    same = np.ones(code.shape, dtype=bool)
    same[:, 0] = False
    for key in (code, distance, tier):
        ranked = key[row, order]
        same[:, 1:] &= ranked[:, 1:] == ranked[:, :-1]
    place = np.broadcast_to(np.arange(code.shape[1]), code.shape)
    start = np.maximum.accumulate(np.where(same, 0, place), axis=1)
    copy = np.empty_like(code)
    copy[row, order] = place - start
    return copy


def lost(before: Integers, after: Integers, n: int) -> Mask:
    """Tell for each run whether a non-dominated vector of `before` is neither in `after` nor dominated by it.

    Args:
        before: objectives of parents and children, (R, P, m).
        after: objectives of the survivors, (R, N, m).
        n: length of the bit strings.
    """
    front = first_front(before, np.ones(before.shape[:2], dtype=bool))
    kept = vector_code(after, n)
    codes = vector_code(before, n)
    answer = np.zeros(len(before), dtype=bool)
    for run in range(len(before)):
        answer[run] = not np.isin(codes[run][front[run]], kept[run]).all()
    return answer


def run(
    problem: BitStringProblem,
    n: int,
    algorithm: BitStringNsga2,
    runs: int,
    generations: int,
    rng: np.random.Generator,
    *,
    start: Bits | None = None,
    watch_losses: bool = False,
    stop_when_covered: bool = True,
) -> CoverageTimes:
    """Run `runs` independent copies from uniformly random populations, or from N copies of one string.

    Args:
        problem: what to optimise.
        n: length of the bit strings.
        algorithm: parameters.
        runs: R.
        generations: cap on the number of generations.
        rng: source of all random numbers.
        start: a string (n,) of which every first population consists; uniformly random populations where None.
        watch_losses: count the generations in which a non-dominated vector is lost.
        stop_when_covered: leave out a run once its population covers the front.

    Raises:
        NasbenchError: a population, length or cap that is not positive.
    """
    if min(n, algorithm.population, runs, generations) < 1:
        raise NasbenchError("A run needs positive numbers of bits, individuals, runs and generations.")
    shape = (runs, algorithm.population, n)
    bits = rng.integers(2, size=shape, dtype=np.uint8) if start is None else np.broadcast_to(start, shape).copy()
    objectives = problem.evaluate(bits)
    hit = np.full(runs, -1, dtype=np.int64)
    coverage = covered(problem, objectives, n)
    losses = np.zeros(runs, dtype=np.int64)
    full = problem.front_size(n)
    hit[coverage == full] = 0
    active = np.flatnonzero(coverage < full) if stop_when_covered else np.arange(runs)
    bits, objectives = bits[active], objectives[active]
    for generation in range(1, generations + 1):
        if not active.size:
            break
        children = mutate(bits, algorithm.rate, rng)
        everyone = np.concatenate([objectives, problem.evaluate(children)], axis=1)
        chosen = survivors(everyone, algorithm, n, rng)[..., None]
        bits = np.take_along_axis(np.concatenate([bits, children], axis=1), chosen, axis=1)
        objectives = np.take_along_axis(everyone, chosen, axis=1)
        if watch_losses:
            losses[active] += lost(everyone, objectives, n)
        coverage[active] = covered(problem, objectives, n)
        done = coverage[active] == full
        hit[active[done & (hit[active] < 0)]] = generation
        if stop_when_covered and done.any():
            bits, objectives, active = bits[~done], objectives[~done], active[~done]
    return CoverageTimes(hit, coverage, losses)
