"""Convergence: the forced uniform share, drawn over what is still open, and never measuring a function twice.

N is the number of functions (canonical forms, where architectures of equal form are merged), K of them are targets, n_0
the initial design, u the exploration. A later query is, with probability u, uniform over the functions not yet
measured; the other operators propose one of them, too. So after s queries without a target the next one hits with
probability u K / (N - s) or more, and

    P(T > n_0 + t) <= C(N - K, n_0) / C(N, n_0) * prod_{j < t} (1 - u K / (N - n_0 - j)) <= (1 - u K / N)^t,

with equality up to t = N - n_0 - K where the other operators propose no target while anything else is open; and T <= N - K + 1 surely.
On a ladder of R rungs a function is open until it has climbed all, hence P(T > t) <= P(Bin(t - n_0, u / N) < R) for one target.
Uniform draws ignore the support, so what a shrinking support drops stays within reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from nasbench.hybrid.candidate_selection import CandidateSelection
from nasbench.hybrid.enumeration import enumerate_space
from nasbench.hybrid.fidelity_ladder import FidelityLadder
from nasbench.hybrid.parts import Parts
from nasbench.hybrid.search_space_pruning import ActiveChoices
from nasbench.search.history import History
from nasbench.search.simplex import support
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Architectures, Floats, Space
from nasbench.theory.families.hybrid.mutants import (
    ActiveOnlyMutant,
    AdversarialChoices,
    AdversarialEvolution,
    NoMemoryMutant,
    StubbedRng,
)
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Mutant,
    Verdict,
    all_at_most,
    at_most,
)
from nasbench.theory.machinery.statistical_checks import law_equals, tail_at_most
from nasbench.theory.machinery.testbed import (
    DEFAULT_AND_ALL_OPERATORS,
    hitting_time,
    iterate,
    make_hybrid,
    make_space,
    random_landscape,
    trap,
)

LISTED = Assumption("the space is small enough to be listed (at most 2^17 combinations)")
MERGED = Assumption("K and N count functions where architectures of equal canonical form are merged")
ONE_RUNG = Assumption("one fidelity")
EXPLORATION = "the share of uniform queries"
ADVERSARIAL: Mapping[str, Any] = {"use_surrogate": False, "use_gradient": False}
"""Evolution, which an adversary takes over, is the only operator."""

SOURCE = "derived here; Rudolph 1994 for elitism and a positive chance of every state"


def survival(size: int, targets: int, initial: int, exploration: float) -> Floats:
    """Return the bound on P(T > t), t = 0, ..., N - K + 1; the exact law where no operator helps."""
    left = np.ones(size - targets + 2)
    for t in range(1, len(left)):
        chance = 1.0 if t <= initial else exploration
        left[t] = left[t - 1] * (1 - chance * targets / (size - t + 1))
    left[-1] = 0.0
    return left


def _representatives(space: Space, merged: bool) -> Architectures:
    enumeration = enumerate_space(space, merged)
    assert enumeration is not None
    return enumeration.architectures


def _adversarial_law(context: Context, exploration: float = 0.4) -> Verdict:
    runs, space = 2_000, make_space(3, 4, unordered=True)
    everything = _representatives(space, True)
    # The rarest functions, of one architecture each: a draw over architectures would favour the others.
    alike = (everything == everything[:, :1]).all(axis=1)
    targets = np.flatnonzero(alike)[:2]
    others = np.delete(everything, targets, axis=0)
    aims = {everything[i].tobytes() for i in targets}
    rng, parts = context.rng("hybrid.law"), Parts(evolution=partial(AdversarialEvolution, others=others))
    times = [
        hitting_time(
            make_hybrid(rng, space, parts=parts, **ADVERSARIAL, n_initial_samples=3, epsilon=exploration), _flat, aims
        )
        for _ in range(runs)
    ]
    note = f"{len(everything)} isomorphism classes of 64 architectures, 2 targets, u = 0.4, n_0 = 3"
    return law_equals(times, 1 - survival(len(everything), 2, 3, 0.4), note=note)


def _flat(architectures: Architectures) -> Floats:
    return np.ones((len(architectures), 1))


def _tail(context: Context, exploration: float = 0.5) -> Verdict:
    """Test the hybrid on a deceptive function, by the one-sided Dvoretzky-Kiefer-Wolfowitz inequality."""
    runs, space, choices = 300, make_space(2, 4), 4
    rng = context.rng("hybrid.tail")
    aim = {np.full(2, choices - 1, dtype=np.int8).tobytes()}
    settings: dict[str, Any] = {
        "ucb_beta": 0.0,
        "hyperprior_sigma": 0.0,
        "n_candidates": 8,
        "n_initial_samples": 2,
        "epsilon": exploration,
    }
    times = np.array(
        [
            hitting_time(make_hybrid(rng, space, **operators, **settings), partial(trap, choices=choices), aim)
            for operators in DEFAULT_AND_ALL_OPERATORS
            for _ in range(runs // 2)
        ]
    )
    bound = survival(space.size, 1, 2, 0.5)
    note = f"mean T {times.mean():.1f} of {space.size}, u = 0.5; half of the runs by default, half with all operators"
    return tail_at_most(times, np.arange(len(bound)), bound, note=note)


def _uniform_over_open(context: Context, by_architecture: bool = False) -> Verdict:
    """Go through every number that the generator can return: each open function must come up for exactly one of them."""
    space = get_space("nas-bench-201")
    everything = _representatives(space, True)
    history = History(space, merge_isomorphic=True)
    selection = CandidateSelection(
        history,
        surrogate=None,
        active_choices=ActiveChoices(support(space.cardinalities), patience=1, threshold=0.0, min_probability=0.0),
        ladder=FidelityLadder(history, 1),
        ascent_steps=0,
        n_incumbents=0,
    )
    measured = context.rng("hybrid.uniform").choice(len(everything), 200, replace=False)
    for architecture in everything[measured]:
        history.add(architecture[None], np.zeros((1, 1)))
        selection.update(architecture)
    open_functions = len(everything) - len(measured)
    every = [a for a in space.all if selection.rung(a) == 0] if by_architecture else None
    drawn = np.stack(every or [_draw(selection, i) for i in range(open_functions)])
    _, times = np.unique(space.canonical(drawn), axis=0, return_counts=True)
    wrong = abs(len(times) - open_functions) + int((times - 1).sum())
    note = f"draws too many or too few over {open_functions} open functions of NAS-Bench-201"
    return at_most(wrong, 0, open_functions, note=note)


def _draw(selection: CandidateSelection, number: int) -> Architectures:
    drawn = selection.uniform(StubbedRng(number))
    assert drawn is not None
    return drawn


def _exhaustion(context: Context, forgetful: bool = False) -> Verdict:
    """Count architectures evaluated twice or never, with and without exploration, by default and with all operators on."""
    wrong = queries = 0
    rng = context.rng("hybrid.exhaustion")
    for space, exploration in ((make_space(3, 3), 0.0), (make_space(3, 4, unordered=True), 0.2)):
        size = len(_representatives(space, True))
        parts = Parts(fidelity_ladder=NoMemoryMutant if forgetful else FidelityLadder)
        for operators in DEFAULT_AND_ALL_OPERATORS:
            optimizer = make_hybrid(rng, space, parts=parts, epsilon=exploration, n_candidates=8, **operators)
            seen = [space.canonical(a).tobytes() for a, *_ in iterate(optimizer, random_landscape(3, space), 3 * size)]
            wrong += len(seen) - len(set(seen)) + size - len(set(seen))
            queries += len(seen)
    note = "repeated or missing functions, by default and with all operators, two spaces used up twice"
    return at_most(wrong, 0, queries, note=note)


def _progressive_tail(context: Context, within_support: bool = False) -> Verdict:
    """Test adversarial pruning on a ladder of two rungs, at every time, by the one-sided inequality."""
    from scipy.stats import binom

    runs, space, exploration, horizon = 400, make_space(2, 4), 0.5, 32
    everything = _representatives(space, True)
    target, others = everything[-1:], everything[:-1]
    rng = context.rng("hybrid.progressive")
    parts = Parts(
        evolution=partial(AdversarialEvolution, others=others),
        active_choices=partial(AdversarialChoices, target=target[0]),
        selection=ActiveOnlyMutant if within_support else CandidateSelection,
    )
    settings: dict[str, Any] = {**ADVERSARIAL, "epsilon": exploration, "progressive": True, "n_initial_samples": 2}
    times = []
    for _ in range(runs):
        optimizer = make_hybrid(rng, space, epochs=(1, 2), parts=parts, **settings)
        times.append(hitting_time(optimizer, _flat, {target[0].tobytes()}, horizon))
    # Before, the bound is 1 to two digits, hence vacuous.
    grid = np.arange(8, horizon + 1)
    bound = binom.cdf(1, grid - 2, exploration / len(everything))
    note = f"all choices of the target dropped for good, two rungs, u = {exploration}"
    return tail_at_most(times, grid, bound, note=note)


def _simple_bound(context: Context, exchanged: bool = False) -> Verdict:
    """Compare the product with (1 - uK/N)^t over a grid of N, K, n_0 and u."""
    seen, bounds = [], []
    for size, targets, initial, exploration in np.ndindex(6, 4, 3, 4):
        n, k, n0, u = 20 + 150 * size, 1 + 5 * targets, 4 * initial, (0.01, 0.1, 0.5, 1.0)[exploration]
        sharp = survival(n, k, n0, u)[n0:]
        power = (1 - u * k / n) ** np.arange(len(sharp))
        seen.append(power if exchanged else sharp)
        bounds.append(sharp if exchanged else power)
    note = "largest ratio of sharp to simple bound"
    return all_at_most(np.concatenate(seen), np.concatenate(bounds) + 1e-12, note=note)


CLAIMS = (
    Claim(
        "hybrid.uniform-over-open",
        r"\text{a uniform query picks each of the } N - s \text{ open functions with probability } 1/(N-s)",
        (LISTED, MERGED),
        "derived here: integers below N - s map one to one onto open functions",
        _uniform_over_open,
        Mutant(
            "a draw over architectures, which favours functions of many",
            partial(_uniform_over_open, by_architecture=True),
        ),
    ),
    Claim(
        "hybrid.never-twice",
        r"T \le N - K + 1 \text{ surely: every query measures another function, until none is left}",
        (LISTED, MERGED, ONE_RUNG),
        "derived here",
        _exhaustion,
        Mutant("a selection that closes nothing", partial(_exhaustion, forgetful=True)),
    ),
    Claim(
        "hybrid.adversarial-law",
        r"P(T > n_0 + t) = \binom{N-K}{n_0} \Big/ \binom{N}{n_0} \prod_{j<t} \Bigl(1 - \frac{uK}{N - n_0 - j}\Bigr), \ t < N - n_0 - K + 1",
        (LISTED, MERGED, ONE_RUNG, Assumption("the other operators propose no target while anything else is open")),
        SOURCE,
        _adversarial_law,
        Mutant.by_factor(EXPLORATION, lambda context, factor: _adversarial_law(context, 0.4 * factor), 0.0),
        kind="theorem",
    ),
    Claim(
        "hybrid.tail",
        r"P(T > n_0 + t) \le \binom{N-K}{n_0} \Big/ \binom{N}{n_0} \prod_{j<t} \Bigl(1 - \frac{uK}{N - n_0 - j}\Bigr)",
        (LISTED, MERGED, ONE_RUNG),
        SOURCE,
        _tail,
        Mutant.by_factor(EXPLORATION, lambda context, factor: _tail(context, 0.5 * factor), 0.0),
        kind="theorem",
    ),
    Claim(
        "hybrid.tail-simple",
        r"\binom{N-K}{n_0} \Big/ \binom{N}{n_0} \prod_{j<t} \Bigl(1 - \frac{uK}{N - n_0 - j}\Bigr) \le (1 - uK/N)^t",
        (),
        "derived here: every factor is at most 1 - uK/N",
        _simple_bound,
        Mutant("the two sides exchanged", partial(_simple_bound, exchanged=True)),
    ),
    Claim(
        "hybrid.support-never-loses",
        r"P(T > n_0 + t) \le P(\mathrm{Bin}(t, u/N) < R) \text{ whatever the support drops, } R \text{ rungs}",
        (LISTED, MERGED, Assumption("one target; it counts as found at the longest training")),
        "derived here: uniform draws ignore the support; the undo alone proves nothing, since a choice may be dropped again",
        _progressive_tail,
        Mutant("uniform draws within the support only", partial(_progressive_tail, within_support=True)),
        kind="theorem",
    ),
)
"""Convergence of the hybrid."""
