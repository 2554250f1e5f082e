"""Claims about approximation sets: hypervolume and other indicators, fronts of independent objectives, cost of sorting."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nasbench.search.dominance import additive_epsilon, nondominated
from nasbench.theory.exact.pareto_sets import front_sizes_two, hypervolume, inverted_distance_plus, weakly_dominates
from nasbench.theory.families.nsga2.sorting import sort_counting
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Mutant,
    Verdict,
    all_at_most,
    at_most,
    equal_within,
)
from nasbench.theory.machinery.statistical_checks import mean_equals

Floats = NDArray[np.float64]
Measure = Callable[[Floats], float]
ROUNDING = 1e-12
MINIMISED = Assumption("all objectives are minimised and every point is better than the reference point")


def _own_range(points: Floats) -> float:
    """Scale by the points' own range first: a common mistake, the scale moves as points arrive."""
    low, high = points.min(axis=0), points.max(axis=0)
    return hypervolume((points - low) / np.where(high > low, high - low, 1.0))


def _squared(points: Floats) -> float:
    """Return the square of the hypervolume: monotone, but not submodular."""
    return hypervolume(points) ** 2


def _at_most_rounding(excess: ArrayLike, note: str) -> Verdict:
    """Check that nothing exceeds zero by more than rounding does."""
    return at_most(max(0.0, float(np.max(excess)) - ROUNDING), 0.0, np.size(excess), note=note)


def _monotone(context: Context, measure: Measure = hypervolume) -> Verdict:
    """An archive grows point by point; its indicator may never fall."""
    rng = context.rng("hypervolume-monotone")
    falls = []
    for _ in range(60):
        points = rng.random((25, 3))
        values = [measure(points[: n + 1]) for n in range(len(points))]
        falls.append(-np.diff(values))
    return _at_most_rounding(falls, "greatest fall as points arrive, three objectives")


def _strict(context: Context, weights_only: bool = False) -> Verdict:
    """A set that dominates another (weakly, and not conversely) has the greater hypervolume."""
    rng = context.rng("hypervolume-strict")
    gaps = []
    for _ in range(400):
        points = rng.random((6, 3))
        worse = points[nondominated(points)]
        better = worse.copy()
        better[rng.integers(len(worse)), rng.integers(3)] *= 0.9
        # the mutant compares the box of componentwise minima, which a single moved point need not change
        values = [-p.min(axis=0).sum() if weights_only else hypervolume(p) for p in (worse, better)]
        gaps.append(values[0] - values[1])
    return at_most(max(gaps), -1e-15, len(gaps), note="greatest difference worse - better; must stay below zero")


def _submodular(context: Context, measure: Measure = hypervolume) -> Verdict:
    rng = context.rng("submodular")
    excess = []
    for _ in range(500):
        points = rng.random((10, 3))
        small, large, extra = points[:3], points[:9], points[9:]
        gain_large = measure(np.concatenate([large, extra])) - measure(large)
        gain_small = measure(np.concatenate([small, extra])) - measure(small)
        excess.append(gain_large - gain_small)
    return _at_most_rounding(excess, "gain on the superset minus gain on the subset")


def _greedy(context: Context, worst_first: bool = False) -> Verdict:
    rng, size = context.rng("greedy"), 4
    ratios = []
    for _ in range(25):
        points = rng.random((12, 3)) ** 2
        optimum = max(hypervolume(points[list(chosen)]) for chosen in combinations(range(len(points)), size))
        taken: list[int] = []
        for _ in range(size):
            left = [i for i in range(len(points)) if i not in taken]
            gains = [hypervolume(points[[*taken, i]]) for i in left]
            taken.append(left[int(np.argmin(gains) if worst_first else np.argmax(gains))])
        ratios.append(hypervolume(points[taken]) / optimum)
    guarantee = 1 - 1 / math.e
    note = "(1 - 1/e) OPT / greedy, 4 of 12 points"
    return all_at_most(guarantee / np.array(ratios), 1.0, vacuous_beyond=10, note=note)


def _swapped_epsilon(a: Floats, b: Floats) -> float:
    """Take the best coordinate where the worst counts."""
    return float((a[:, None] - b[None]).min(axis=2).min(axis=0).max())


def _epsilon(context: Context, indicator: Callable[[Floats, Floats], float] = additive_epsilon) -> Verdict:
    rng = context.rng("epsilon")
    contradictions, pairs = 0, 2_000
    for _ in range(pairs):
        a, b = rng.integers(5, size=(4, 2)).astype(float), rng.integers(5, size=(2, 2)).astype(float)
        contradictions += (indicator(a, b) <= 0) != weakly_dominates(a, b)
    return at_most(contradictions, 0, pairs, note="pairs of sets on which the two sides disagree")


def _distance(a: Floats, z: Floats) -> float:
    """Return plain IGD, which is not compatible with dominance."""
    return float(np.linalg.norm(a[:, None] - z[None], axis=2).min(axis=0).mean())


def _inverted_distance(
    context: Context, indicator: Callable[[Floats, Floats], float] = inverted_distance_plus
) -> Verdict:
    rng = context.rng("inverted-distance")
    rises = []
    for _ in range(2_000):
        worse, points = rng.random((4, 2)), rng.random((6, 2))
        reference = points[nondominated(points)]
        better = worse - rng.random((4, 2)) * 0.3
        rises.append(indicator(better, reference) - indicator(worse, reference))
    return _at_most_rounding(rises, "rise of the indicator from a set to one that dominates it")


def _front_two(context: Context, permuted: bool = True) -> Verdict:
    """Permuting the columns of the real table makes them independent without touching their values."""
    runs = 2_000
    first, second = (context.landscape(name).rank for name in ("cifar10", "cifar100"))
    n = len(first)
    terms = 1 / np.arange(1, n + 1)
    sizes = []
    rng = context.rng("front-two")
    for _ in range(runs // 100):
        # independence needs one permuted column; without it the sample is of rows, with their dependence
        chosen = rng.permuted(np.broadcast_to(np.arange(n), (100, n)), axis=1)
        sizes.append(
            front_sizes_two(np.broadcast_to(first, (100, n)), second[chosen])
            if permuted
            else front_sizes_two(first[chosen], second[chosen])
        )
    counts = np.concatenate(sizes).astype(float)
    variance = float((terms - terms**2).sum())
    return mean_equals(counts, terms.sum(), variance, note="CIFAR-10 and CIFAR-100 columns")


def _front_three(context: Context, dependent: bool = False) -> Verdict:
    rng, runs, n = context.rng("front-three"), 2_000, 200
    harmonic, squares = (1 / np.arange(1, n + 1)).sum(), (1 / np.arange(1, n + 1) ** 2).sum()
    stated = (harmonic**2 + squares) / 2
    points = rng.random((runs, n, 3))
    if dependent:
        points[:, :, 2] = 0.7 * points[:, :, 0] + 0.3 * points[:, :, 2]
    # sorted by the first objective a point is dominated only by an earlier one
    ordered = np.take_along_axis(points, points[:, :, :1].argsort(axis=1), axis=1)
    sizes = np.zeros(runs)
    for i in range(n):
        sizes += ~np.any((ordered[:, :i, 1:] < ordered[:, i : i + 1, 1:]).all(axis=2), axis=1)
    return mean_equals(sizes, stated, note="200 points")


def _comparisons(context: Context, only_later: bool = False) -> Verdict:
    rng = context.rng("comparisons")
    found = stated = 0
    for n in (2, 16, 64, 200):
        _, count = sort_counting(-rng.random((n, 3)), only_later)
        found += count
        stated += n * (n - 1)
    return equal_within(found, stated, 0, 4, note="directed pairs over N = 2, 16, 64, 200")


CLAIMS = (
    Claim(
        "pareto.hypervolume-monotone",
        r"HV(A \cup \{x\}) \ge HV(A)",
        (MINIMISED, Assumption("the reference point is fixed")),
        "Fleischer 2003; Zitzler et al. 2003",
        _monotone,
        Mutant("objectives scaled by the range seen so far", partial(_monotone, measure=_own_range)),
    ),
    Claim(
        "pareto.hypervolume-strict",
        r"A \succ B \Rightarrow HV(A) > HV(B)",
        (MINIMISED,),
        "Zitzler et al. 2003 (compatibility with dominance); Fleischer 2003",
        _strict,
        Mutant("a measure of the ideal corner only", partial(_strict, weights_only=True)),
        kind="theorem",
    ),
    Claim(
        "pareto.hypervolume-submodular",
        r"A \subseteq B \Rightarrow HV(A \cup \{x\}) - HV(A) \ge HV(B \cup \{x\}) - HV(B)",
        (MINIMISED,),
        "Ulrich and Thiele 2012 (submodularity of the hypervolume)",
        _submodular,
        Mutant("the square of the hypervolume", partial(_submodular, measure=_squared)),
        kind="theorem",
    ),
    Claim(
        "pareto.greedy-subset",
        r"HV(\text{greedy}) \ge (1 - 1/e)\, \max_{|S| = m} HV(S)",
        (MINIMISED,),
        "Nemhauser, Wolsey and Fisher 1978 (greedy choice under a submodular function)",
        _greedy,
        Mutant("least gain taken first", partial(_greedy, worst_first=True)),
        kind="theorem",
    ),
    Claim(
        "pareto.epsilon-indicator",
        r"I_{\epsilon+}(A, B) \le 0 \iff A \preceq B",
        (),
        "Zitzler et al. 2003 (additive epsilon indicator)",
        _epsilon,
        Mutant("best coordinate in place of the worst", partial(_epsilon, indicator=_swapped_epsilon)),
        kind="theorem",
    ),
    Claim(
        "pareto.igd-plus-compatible",
        r"A \preceq B \Rightarrow \mathrm{IGD}^+(A) \le \mathrm{IGD}^+(B)",
        (),
        "Ishibuchi et al. 2015 (IGD+ is weakly Pareto compliant)",
        _inverted_distance,
        Mutant("plain IGD", partial(_inverted_distance, indicator=_distance)),
        kind="theorem",
    ),
    Claim(
        "pareto.front-size-two",
        r"E\,|F| = H_N \text{ for two independent objectives}",
        (Assumption("independence, created by permuting a column of the real table"),),
        "Bentley, Kung, Schkolnick and Thompson 1978; records: variance H_N - H_N^{(2)}",
        _front_two,
        Mutant("columns left as they are", partial(_front_two, permuted=False)),
        kind="exact law",
    ),
    Claim(
        "pareto.front-size-three",
        r"E\,|F| = \tfrac12 (H_N^2 + H_N^{(2)}) \text{ for three independent objectives}",
        (Assumption("continuous, independent objectives"),),
        "Bentley, Kung, Schkolnick and Thompson 1978",
        _front_three,
        Mutant("two objectives that are correlated", partial(_front_three, dependent=True)),
        kind="exact law",
    ),
    Claim(
        "pareto.dominance-comparisons",
        r"\text{non-dominated sorting compares } N(N-1) \text{ ordered pairs}",
        (),
        "Deb et al. 2002, fast nondominated sorting",
        _comparisons,
        Mutant("each pair compared in one direction", partial(_comparisons, only_later=True)),
    ),
)
