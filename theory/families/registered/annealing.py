"""Simulated annealing as registered: the exact chain of its schedule, Gibbs's law at one temperature, and Hajek's depth."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from nasbench.baselines.simulated_annealing import SimulatedAnnealing
from nasbench.search.optimizer import Lockstep
from nasbench.spaces.space import Floats
from nasbench.theory.exact.landscape import DATASETS, Landscape
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    by_p_value,
    equal_within,
    smallest_p_value,
)
from nasbench.theory.machinery.confidence_bands import chi_square_p_value
from nasbench.theory.machinery.registered_runs import Algorithm, run, start
from nasbench.theory.machinery.testbed import make_space

BITS, WARM_UP, STAGE, DECAY, ACCEPTED = 4, 10, 4, 0.5, 0.4
LAST = 1 + WARM_UP + 5 * STAGE
"""Queries until a search may be frozen: until then no restart is possible."""
NAME = ("simulated_annealing",)
BOTH = (Evidence.EXACT, Evidence.SHIPPED)
COUNTED = Assumption("the error is the number of ones of 4 bits, so that every uphill move is of 1")


class LateTemperature(SimulatedAnnealing):
    """A mutant whose temperature falls one proposal late."""

    def _end(self, warm: NDArray[np.bool_], stage: NDArray[np.bool_]) -> None:
        due = self._proposed > self._proposals_per_temperature
        super()._end(warm, stage & due)


def proposal_law(law: Floats) -> Floats:
    """Return the law of the number of ones of a neighbour, `(BITS + 1,)` to the same."""
    ones = np.arange(BITS + 1)
    down, up = law * ones / BITS, law * (BITS - ones) / BITS
    return np.append(down[1:], 0.0) + np.append(0.0, up[:-1])


def step(law: Floats, accepted: float) -> Floats:
    """Return the law of the number of ones after one Metropolis step that accepts an uphill move with a probability."""
    ones = np.arange(BITS + 1)
    down, up = law * ones / BITS, law * (BITS - ones) / BITS * accepted
    return law - down - up + np.append(down[1:], 0.0) + np.append(0.0, up[:-1])


def query_laws(decay: float, accepted: float, stage: int, queries: int) -> Floats:
    """Return the law of the error of each query, `(queries, BITS + 1)`."""
    law = binom.pmf(np.arange(BITS + 1), BITS, 0.5)
    laws = [law]
    for proposal in range(queries - 1):
        laws.append(proposal_law(law))
        temperatures = (proposal - WARM_UP) // stage
        law = step(law, 1.0 if proposal < WARM_UP else accepted ** (decay**-temperatures))
    return np.array(laws)


def _compared(counts: Floats, laws: Floats, runs: int, note: str) -> Verdict:
    """Test that frequencies follow laws, `(m, BITS + 1)` each."""
    p_value = smallest_p_value([chi_square_p_value(c, law) for c, law in zip(counts, laws, strict=True)])
    off = np.abs(counts / runs - laws)
    worst = np.unravel_index(off.argmax(), off.shape)
    return by_p_value(p_value, counts[worst] / runs, float(laws[worst]), runs, note=note)


def _counts(
    context: Context, algorithm: Algorithm, runs: int, decay: float, accepted: float, stage: int, queries: int
) -> Floats:
    seed = int(context.rng("annealing.runs").integers(2**31))
    optimizer = start(
        algorithm,
        make_space(BITS, 2),
        runs,
        seed,
        initial_acceptance_prob=accepted,
        temperature_decay=decay,
        proposals_per_temperature=stage,
        warmup=WARM_UP,
    )
    seen = run(optimizer, lambda a, epochs: a.sum(axis=-1, keepdims=True).astype(float), queries)
    errors = seen.objectives[..., 0].T.astype(np.int64)
    return np.array([np.bincount(row, minlength=BITS + 1) for row in errors], dtype=float)


def _schedule(context: Context, algorithm: Algorithm = "simulated_annealing", accepted: float = ACCEPTED) -> Verdict:
    runs = 4_000
    counts = _counts(context, algorithm, runs, DECAY, accepted, STAGE, LAST)
    laws = query_laws(DECAY, ACCEPTED, STAGE, LAST)
    # the second proposal after each fall of the temperature is the first that depends on it
    shown = [1 + WARM_UP + STAGE * temperature + 1 for temperature in range(5)]
    return _compared(counts[shown], laws[shown], runs, "P(error of a query), after each of five temperatures")


def _gibbs(context: Context, algorithm: Algorithm = "simulated_annealing", accepted: float = ACCEPTED) -> Verdict:
    runs, queries = 4_000, 60
    ones = np.arange(BITS + 1)
    gibbs = binom.pmf(ones, BITS, 0.5) * ACCEPTED**ones
    law = proposal_law(gibbs / gibbs.sum())
    # almost one temperature: its fall is below rounding
    counts = _counts(context, algorithm, runs, 1 - 1e-12, accepted, 1_000, queries)
    return _compared(counts[-1:], law[None], runs, f"P(error of query {queries})")


def depth(values: Floats, neighbours: NDArray[np.intp]) -> float:
    """Return Hajek's d*: the greatest rise that a path from a local minimum that is not global needs to reach a lower value.

    Architectures are added from the best to the worst; where two basins meet at a height, that of the worse minimum has the depth
    height less minimum.

    Args:
        values: without ties, shape (N,).
        neighbours: indices, shape (N, m).
    """
    root = np.full(len(values), -1, dtype=np.int64)

    def find(member: int) -> int:
        while root[member] != member:
            root[member] = root[root[member]]
            member = int(root[member])
        return member

    deepest = 0.0
    for member in np.argsort(values, kind="stable").tolist():
        root[member] = member
        for other in neighbours[member].tolist():
            if root[other] < 0:
                continue
            a, b = find(member), find(other)
            if a == b:
                continue
            better, worse = (a, b) if values[a] <= values[b] else (b, a)
            deepest = max(deepest, float(values[member] - values[worse])) if worse != member else deepest
            root[worse] = better
    return deepest


def depth_by_paths(values: Floats, neighbours: NDArray[np.intp], from_zero: bool = False) -> float:
    """Return d* by its definition: the least height of a path between each two architectures, by Floyd and Warshall's recursion."""
    n = len(values)
    height = np.full((n, n), np.inf)
    for a in range(n):
        height[a, neighbours[a]] = np.maximum(values[a], values[neighbours[a]])
    for middle in range(n):
        height = np.minimum(height, np.maximum(height[:, middle, None], height[middle]))
    lower = values[None, :] < values[:, None]
    escape = np.where(lower, height, np.inf).min(axis=1)
    rises = escape - (0.0 if from_zero else values)
    return float(rises[values > values.min()].max())


def _hajek(context: Context, from_zero: bool = False) -> Verdict:
    """Compare both on random tables; note the depth of the CIFAR-10 table."""
    worst, tables = 0.0, 20
    for number in range(tables):
        values = context.rng(f"annealing.depth.{number}").random(27)
        landscape = Landscape(values, (3, 3, 3))
        found = depth(values, landscape.neighbours)
        worst = max(worst, abs(found - depth_by_paths(values, landscape.neighbours, from_zero)))
    return equal_within(worst, 0.0, 1e-12, tables, note="greatest difference of two computations of d*")


def escapes(values: Floats, neighbours: NDArray[np.intp], rise: float) -> bool:
    """Return whether from each architecture but the best a path that rises by no more than a height leads to a better one.

    Only local minima have to be looked at. A minimum of value v has such a path if the component of the graph of architectures up to
    v + rise that it lies in holds a better one; minima are taken in the order of their values, so that components only grow.
    """
    order = np.argsort(values, kind="stable")
    minima = order[(values[neighbours[order]] > values[order, None]).all(axis=1)][1:]
    for minimum in minima.tolist():
        height, seen, front = values[minimum] + rise, {minimum}, [minimum]
        while front:
            at = front.pop()
            if values[at] < values[minimum]:
                break
            ahead = [one for one in neighbours[at].tolist() if one not in seen and values[one] <= height]
            seen.update(ahead)
            front += ahead
        else:
            return False
    return True


def _hajek_real(context: Context, factor: float = 1.0) -> Verdict:
    """Confirm the depth of the three tables of NAS-Bench-201: every minimum has a path that rises by d*, one has none that rises less."""
    confirmed, depths = 0, []
    for dataset in DATASETS:
        landscape = context.landscape(dataset)
        # ties are broken by a small part of the rank, as the landscape's order does
        values = landscape.values + 1e-9 * landscape.rank
        deep = factor * depth(values, landscape.neighbours)
        paths = [escapes(values, landscape.neighbours, deep + slack) for slack in (1e-12, -1e-6)]
        confirmed += paths == [True, False]
        depths.append(f"{deep:.3g} on {dataset}")
    note = f"tables whose d* is confirmed by paths; in points of validation error {', '.join(depths)}"
    return equal_within(confirmed, len(DATASETS), 0, len(DATASETS), note=note)


def missing_probability(c: float, steps: int, deep: float = 1.0) -> float:
    """Return the probability that annealing with temperature c / ln(t + 1) is not at the optimum of a double well after some steps.

    The wells of depth `deep` (local) and `deep` + 1 (global) are neighbours of one summit; the start is in the local one.
    """
    law = np.array([1.0, 0.0, 0.0])  # local minimum, summit, global minimum
    for t in range(1, steps + 1):
        temperature = c / np.log(t + 1)
        out, back = np.exp(-deep / temperature), np.exp(-(deep + 1) / temperature)
        law = np.array(
            [law[0] * (1 - out) + law[1] / 2, law[0] * out + law[2] * back, law[2] * (1 - back) + law[1] / 2]
        )
    return float(1 - law[2])


def _logarithmic(context: Context, factor: float = 1.0) -> Verdict:
    """Compare with c twice the depth and a half of it: the first misses the optimum with probability near 0, the second does not."""
    slow, fast = (missing_probability(factor * c, 20_000) for c in (1.25, 0.4))
    converges, stays = slow < 0.05, fast > 0.25
    note = f"c = 1.25 d*: missed with probability {slow:.3f}; c = 0.4 d*: {fast:.3f} after 20,000 steps"
    return equal_within(float(converges and stays), 1.0, 0.0, 2, note=note)


_LATE = Lockstep(LateTemperature)

CLAIMS = (
    Claim(
        "annealing.schedule-law",
        r"P(f(x_t) = i) = \mu_0 \prod_s P_{T_s} K e_i, \quad T_s = T_1 \lambda^{\lfloor s / q \rfloor}, \quad T_1 = -\overline{\Delta^+} / \ln p_0",
        (COUNTED, Assumption("up to the fifth temperature, before which no search is frozen")),
        "inhomogeneous Metropolis chain; constants of Johnson, Aragon, McGeoch and Schevon 1989",
        _schedule,
        Mutant("a temperature that falls one proposal late", partial(_schedule, algorithm=_LATE)),
        optimizers=NAME,
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "annealing.gibbs-law",
        r"P(x_t = x) \to e^{-f(x)/T} / Z(T) \text{ at a fixed temperature}",
        (COUNTED, Assumption("a decay of 1 - 1e-12; after 49 steps the chain is within 1e-4 of its limit")),
        "Metropolis, Rosenbluth, Rosenbluth, Teller and Teller 1953",
        _gibbs,
        Mutant.by_factor(
            "an uphill move accepted with {factor:g} times the probability",
            lambda c, f: _gibbs(c, accepted=0.4 * f),
            1.2,
        ),
        optimizers=NAME,
        evidence=BOTH,
        kind="theorem",
    ),
    Claim(
        "annealing.hajek-depth",
        r"d^* = \max_{x \text{ local, not global}} \min_{y : f(y) < f(x)} \min_{\text{paths}} \max_{z} f(z) - f(x), \text{ by merging basins}",
        (Assumption("random tables of 27 architectures without ties"),),
        "Hajek 1988, definition of the depth of a local minimum",
        _hajek,
        Mutant("heights in place of rises", partial(_hajek, from_zero=True)),
        optimizers=NAME,
        evidence=(Evidence.EXACT,),
        kind="software check",
    ),
    Claim(
        "annealing.hajek-depth-of-tables",
        r"\text{every local minimum has a path to a better value that rises by } d^*, \text{ and one has none that rises by less}",
        (Assumption("the three data sets of NAS-Bench-201, 15,625 architectures, neighbours in one decision"),),
        "Hajek 1988; the least constant c of a schedule c / ln(t + 1) that converges",
        _hajek_real,
        Mutant.by_factor("{factor:g} times the depth", lambda c, f: _hajek_real(c, factor=f), 1.2),
        optimizers=NAME,
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
    Claim(
        "annealing.logarithmic-cooling",
        r"T_t = c / \ln(t + 1): P(x_t \text{ optimal}) \to 1 \iff c \ge d^*",
        (Assumption("a double well; limits are read off after 20,000 steps", checked=False),),
        "Hajek 1988, theorem 1 and its corollary (number unchecked)",
        _logarithmic,
        Mutant.by_factor(
            "a schedule of {factor:.2f} times the constant", lambda c, f: _logarithmic(c, factor=f), 1 / 3
        ),
        optimizers=NAME,
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
)
"""Claims about simulated annealing."""
