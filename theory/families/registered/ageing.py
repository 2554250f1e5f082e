"""Regularized evolution as registered: who is selected, who dies, how a child differs, and the exact law of a small search.

The population is told, members pairwise so far apart that each child has one possible parent.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.sparse import csr_array

from nasbench.baselines.regularized_evolution import RegularizedEvolution
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.spaces.space import Floats, Ints
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Evidence, Mutant, Verdict, by_p_value
from nasbench.theory.machinery.confidence_bands import chi_square_p_value
from nasbench.theory.machinery.registered_runs import (
    Algorithm,
    objective_of,
    repeat,
    run,
    space_of,
    start,
)
from nasbench.theory.machinery.statistical_checks import law_equals
from nasbench.theory.machinery.testbed import make_space

DECISIONS, CHOICES = 5, 6
RUNS, ASKED = 100, 100
TOLD = Assumption("the population is given; every member differs from every other in all decisions")
BOTH = (Evidence.EXACT, Evidence.SHIPPED)


class SecondOldestDies(RegularizedEvolution):
    """A mutant in which ageing is off by one: the second oldest is replaced."""

    def tell(self, observations: Observations) -> None:
        """Count one more, replace, and count it off again where the population is full."""
        full = int(self._n_evaluated[0] >= self._population.shape[1])
        self._n_evaluated += full
        super().tell(observations)
        self._n_evaluated -= full


def _children(context: Context, algorithm: Algorithm, population: int, tournament: int) -> tuple[Ints, Ints, Ints]:
    """Return the parent, the changed decision and the shift of its choice of many children, `(n,)` each.

    Constant architectures 0, ..., CHOICES - 1 are told in this order, of errors that fall and rise: parents are numbers of these.
    """
    seed = int(context.rng("ageing.children").integers(2**31))
    optimizer = start(
        algorithm,
        make_space(DECISIONS, CHOICES),
        RUNS,
        seed,
        population_size=population,
        tournament_size=tournament,
    )
    members = np.repeat(np.arange(CHOICES, dtype=np.int8)[:, None], DECISIONS, axis=1)
    for member, error in zip(members, (0.0, 5.0, 2.0, 4.0, 1.0, 3.0), strict=True):
        optimizer.tell(repeat(member[None], np.array([[error]]), None, RUNS))
    children = np.concatenate([np.asarray(optimizer.ask())[:, 0] for _ in range(ASKED)]).astype(np.int64)
    parent = np.median(children, axis=1).astype(np.int64)
    changed = (children != parent[:, None]).argmax(axis=1)
    shift = (children[np.arange(len(children)), changed] - parent) % CHOICES
    return parent, changed, shift


def _frequencies(seen: Ints, law: Floats, note: str) -> Verdict:
    """Test that outcomes follow a law, and that none of probability 0 occurs; show the outcome that is most off."""
    counts = np.bincount(seen, minlength=len(law))
    possible = law > 0
    p_value = 0.0 if counts[~possible].any() else chi_square_p_value(counts[possible], law[possible])
    worst = int(np.abs(counts / len(seen) - law).argmax())
    return by_p_value(p_value, counts[worst] / len(seen), float(law[worst]), len(seen), note=note)


def _tournament(context: Context, algorithm: Algorithm = "regularized_evolution", size: int = 3) -> Verdict:
    parent, _, _ = _children(context, algorithm, population=4, tournament=size)
    rank = np.argsort(np.argsort([2.0, 4.0, 1.0, 3.0]))
    law = np.zeros(CHOICES)
    law[2:] = ((4.0 - rank) ** 3 - (3.0 - rank) ** 3) / 4**3
    return _frequencies(parent, law, "share of a member among the parents; population 4, tournament 3")


def _oldest(context: Context, algorithm: Algorithm = "regularized_evolution") -> Verdict:
    parent, _, _ = _children(context, algorithm, population=4, tournament=1)
    law = np.where(np.arange(CHOICES) >= CHOICES - 4, 0.25, 0.0)
    return _frequencies(parent, law, "share of a member among the parents; population 4, tournament 1")


def _mutation(context: Context, algorithm: Algorithm = "regularized_evolution", may_stay: bool = False) -> Verdict:
    _, changed, shift = _children(context, algorithm, population=4, tournament=3)
    law = np.full((DECISIONS, CHOICES), 1.0 / (DECISIONS * (CHOICES - 1 + may_stay)))
    law[:, 0] *= may_stay
    note = "share of a decision and a choice among mutations"
    return _frequencies(changed * CHOICES + shift, law.ravel(), note)


def hitting_law(landscape: Landscape, targets: int, horizon: int, tournament: int) -> Floats:
    """Return P(T <= t), `(horizon,)`, of regularized evolution with a population of two: a chain on ordered pairs (older, younger)."""
    size, rank = landscape.size, landscape.rank
    best = 1.0 - 0.5**tournament  # of two different members, the better one is the parent
    older, younger = np.divmod(np.arange(size**2), size)
    better = np.where(rank[older] <= rank[younger], older, younger)
    worse = older + younger - better
    rows, columns, weights = [], [], []
    degree = landscape.neighbours.shape[1]
    for parent, share in ((better, best), (worse, 1.0 - best)):
        child = landscape.neighbours[parent]
        rows.append(np.repeat(np.arange(size**2), degree))
        columns.append((younger[:, None] * size + child).ravel())
        weights.append(np.full(size**2 * degree, share / degree))
    chain = csr_array((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (size**2, size**2))
    missed = rank >= targets
    alive = missed[older] & missed[younger]
    law = np.where(alive, 1.0 / size**2, 0.0)
    cdf = np.empty(horizon)
    cdf[0], cdf[1] = targets / size, 1.0 - law.sum()
    for t in range(2, horizon):
        law = np.where(alive, law @ chain, 0.0)
        cdf[t] = 1.0 - law.sum()
    return cdf


def _law(context: Context, algorithm: Algorithm = "regularized_evolution", tournament: int = 2) -> Verdict:
    rng = context.rng("ageing.law")
    # an additive function, on which selection matters
    values = rng.random((3, 3))[np.arange(3), make_space(3, 3).all].sum(axis=1)
    landscape, horizon = Landscape(values, (3, 3, 3)), 50
    seed = int(rng.integers(2**31))
    optimizer = start(algorithm, space_of(landscape), 4_000, seed, population_size=2, tournament_size=tournament)
    times = run(optimizer, objective_of(landscape), horizon).first_at_most(0)
    cdf = hitting_law(landscape, 1, horizon, 2)
    return law_equals(times, cdf, first=1, note=f"P(T <= {horizon}) = {cdf[-1]:.3f}")


_NAME = ("regularized_evolution",)
_OLDEST = Mutant("the second oldest dies", partial(_oldest, algorithm=Lockstep(SecondOldestDies)))

CLAIMS = (
    Claim(
        "evolution.tournament-law",
        r"P(\text{the parent has rank } r) = \frac{(P-r+1)^S - (P-r)^S}{P^S}",
        (TOLD, Assumption("S members drawn with replacement, no ties")),
        "Real et al. 2019, algorithm 1; order statistics",
        _tournament,
        Mutant("a tournament of two in place of three", partial(_tournament, size=2)),
        optimizers=_NAME,
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "evolution.oldest-dies",
        r"\text{the population is the last } P \text{ evaluated: } P(\text{parent}) = 1/P \text{ for each of these, else } 0",
        (TOLD, Assumption("a tournament of one")),
        "Real et al. 2019, algorithm 1",
        _oldest,
        _OLDEST,
        optimizers=_NAME,
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "evolution.mutation-law",
        r"P(\text{decision } e \text{ becomes } c) = \frac{1}{d (k - 1)} \text{ for each } c \text{ but the parent's}",
        (TOLD, Assumption('the mutation "uniform"')),
        "Real et al. 2019, section on mutations; by counting",
        _mutation,
        Mutant("a law in which the old choice may be drawn again", partial(_mutation, may_stay=True)),
        optimizers=_NAME,
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "evolution.regularized-law",
        r"P(T \le t) = 1 - \mu_0 Q^{t-2} \mathbf 1 \text{ on ordered populations (older, younger)}",
        (Assumption("a population of two, an additive function of 27 architectures without ties"),),
        "absorbing chain, Kemeny and Snell 1960; derived here",
        _law,
        Mutant("a tournament of five in place of two", partial(_law, tournament=5)),
        optimizers=_NAME,
        evidence=BOTH,
        kind="exact law",
    ),
)
"""Claims about regularized evolution."""
