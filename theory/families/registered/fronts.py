"""NSGA-II, NSGA-III and SMS-EMOA as registered, on bit strings with two objectives: what they never lose, and how fast they spread.

Duplicate strings are removed by the adapters, which the lemmas allow. Time to the end 1^n of OneMinMax: let i be the least number of zeros so
far, in an individual that is never lost. In NSGA-II it has infinite crowding distance, as one other individual has, and takes part in two
tournaments a generation: it loses only to that one, by a fair coin, so that each makes it a parent with probability 1 - 1 / (2 (N - 1)). In
SMS-EMOA every individual is the parent of the one child with probability 1 / mu, and a child that equals its parent, of probability
(1 - 1/n)^n, is drawn again. Of W children of that individual the best takes its place if it is better; expected times E_i of this chain follow
from the law of W and of bitwise mutation by forward substitution. What other individuals add only shortens the time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binom

from nasbench.baselines.nsga2 import nsga2
from nasbench.baselines.prescreened_nsga2 import PrescreenedNsga2
from nasbench.baselines.pymoo_optimizer import PymooOptimizer
from nasbench.baselines.sms_emoa import sms_emoa
from nasbench.search.optimizer import PerRun, RunByRun
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats, Ints
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Evidence, Mutant, Verdict, equal_within
from nasbench.theory.machinery.registered_runs import Algorithm, observe, start
from nasbench.theory.machinery.statistical_checks import means_at_most
from nasbench.theory.machinery.testbed import make_space, random_landscape

SHIPPED = (Evidence.SHIPPED,)
Function = Callable[[Architectures, Ints], Floats]
MUTATION_ONLY = Assumption("no crossover; every bit flips with probability 1/n (resampled with probability 2/n)")


class Watched(PymooOptimizer):
    """A view of an optimizer that shows the objectives of its population, or gives it another survival."""

    def __init__(self, optimizer: PymooOptimizer, survival: Any = None) -> None:
        self.__dict__.update(vars(optimizer))
        if survival is not None:
            self._algorithm.survival = survival

    @property
    def population(self) -> Floats:
        """Objectives of the population, `(N, M)`."""
        return np.asarray(self._algorithm.pop.get("F"), dtype=float)


def one_ended_crowding(objectives: Floats, **options: Any) -> Floats:
    """Return crowding distances that are infinite only at the low end of the first objective, `(n, M)` to `(n,)`."""
    from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance

    distance = np.asarray(calc_crowding_distance(objectives, **options), dtype=float)
    low = objectives[:, 0] == objectives[:, 0].min()
    return np.where(np.isinf(distance) & ~low, 0.0, distance)


def one_ended_survival() -> Any:
    """Return pymoo's survival with `one_ended_crowding`."""
    from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

    return RankAndCrowding(crowding_func=one_ended_crowding)


class OneEndedPrescreening(PrescreenedNsga2):
    """A mutant of pre-screened NSGA-II whose crowding distance is infinite at one end only."""

    def __init__(self, problem: Problem, rng: np.random.Generator, **settings: Any) -> None:
        super().__init__(problem, rng, **settings)
        self._algorithm.survival = one_ended_survival()


def _one_ended(population: int) -> PerRun:
    def build(problem: Problem, rng: np.random.Generator) -> PymooOptimizer:
        made = nsga2(problem, rng, population_size=population)
        return Watched(made, one_ended_survival())

    return PerRun(build, objectives="many")


def _at_the_nadir(population: int) -> PerRun:
    def build(problem: Problem, rng: np.random.Generator) -> PymooOptimizer:
        from pymoo.algorithms.moo.sms import LeastHypervolumeContributionSurvival

        made = sms_emoa(problem, rng, population_size=population)
        return Watched(made, LeastHypervolumeContributionSurvival(eps=0.0))

    return PerRun(build, objectives="many")


def one_min_max(architectures: Architectures, epochs: Ints) -> Floats:
    """Return the numbers of ones and of zeros, `(n, 2)`: every string is optimal."""
    ones = architectures.sum(axis=-1, dtype=float)
    return np.stack([ones, architectures.shape[-1] - ones], axis=-1)


def lotz(architectures: Architectures, epochs: Ints) -> Floats:
    """Return minus leading ones and minus trailing zeros, `(n, 2)`."""
    leading = np.cumprod(architectures, axis=-1).sum(axis=-1)
    trailing = np.cumprod(1 - architectures[..., ::-1], axis=-1).sum(axis=-1)
    return -np.stack([leading, trailing], axis=-1).astype(float)


def _on_front(function: Function, objectives: Floats, bits: int) -> set[tuple[float, ...]]:
    if function is lotz:
        objectives = objectives[objectives.sum(axis=1) == -bits]
    return set(map(tuple, objectives.tolist()))


def _begin(context: Context, algorithm: Algorithm, bits: int, number: int = 0, **settings: Any) -> Watched:
    seed = int(context.rng(f"fronts.{algorithm if isinstance(algorithm, str) else 'mutant'}.{number}").integers(2**31))
    optimizer = start(algorithm, make_space(bits, 2), 1, seed, objectives=2, **settings)
    assert isinstance(optimizer, RunByRun)
    member = optimizer.members[0]
    assert isinstance(member, PymooOptimizer)
    return Watched(member)


def _advance(optimizer: Watched, function: Function) -> None:
    """Evaluate one generation."""
    batch = optimizer.ask()
    optimizer.tell(observe(batch[None], function).select_run(0))


def _keeps(
    context: Context, algorithm: Algorithm, function: Function, bits: int, generations: int, **settings: Any
) -> Verdict:
    """Count vectors of the front that were in the population and are no longer."""
    optimizer = _begin(context, algorithm, bits, **settings)
    covered: set[tuple[float, ...]] = set()
    lost = 0
    for _ in range(generations):
        _advance(optimizer, function)
        now = _on_front(function, optimizer.population, bits)
        lost += len(covered - now)
        covered = now
    note = f"vectors of the front lost in {generations} generations; {len(covered)} of {bits + 1} are covered"
    return equal_within(lost, 0, 0, generations, note=note)


def _keeps_extremes(context: Context, algorithm: Algorithm, generations: int, **settings: Any) -> Verdict:
    """Add up by how much the best value of either objective in the population rises, on a random function."""
    space = make_space(8, 2)
    function = random_landscape(int(context.rng("fronts.extremes").integers(2**31)), space, 2)
    optimizer = _begin(context, algorithm, 8, **settings)
    best, risen = np.full(2, np.inf), 0
    for _ in range(generations):
        _advance(optimizer, lambda architectures, epochs: function(architectures))
        now = optimizer.population.min(axis=0)
        risen += int((now > best).sum())
        best = now
    return equal_within(
        risen, 0, 0, generations, note=f"rises of the best value of an objective, {generations} generations"
    )


def expected_steps(bits: int, children: Floats, again: float = 1.0) -> Floats:
    """Return E_i for i = 0 to n zeros, `(n + 1,)`.

    Args:
        bits: n.
        children: P(W = w), w = 0, 1, ...
        again: probability that a child is kept and not drawn again; improvements are not.
    """
    steps = np.zeros(bits + 1)
    for zeros in range(1, bits + 1):
        lost, won = (binom.pmf(np.arange(m + 1), m, 1 / bits) for m in (zeros, bits - zeros))
        child = np.convolve(lost[::-1], won)[:zeros] / again  # of 0 to zeros - 1 zeros
        at_most = np.cumsum(child)
        best = np.sum([p * (1 - (1 - at_most) ** w) for w, p in enumerate(children)], axis=0)
        steps[zeros] = (1 + np.diff(best, prepend=0.0) @ steps[:zeros]) / best[-1]
    return steps


def _spread(context: Context, algorithm: str, bits: int, population: int, runs: int, factor: float = 1.0) -> Verdict:
    """Compare times until 1^n is in the population with their bounds, given the first population."""
    if algorithm == "nsga2":
        bounds = expected_steps(bits, binom.pmf(np.arange(3), 2, 1 - 1 / (2 * (population - 1))))
    else:
        bounds = expected_steps(bits, np.array([1 - 1 / population, 1 / population]), 1 - (1 - 1 / bits) ** bits)
    ratios = []
    for number in range(runs):
        settings = {"population_size": population, "crossover_prob": 0.0, "mutation_prob": 2 / bits}
        optimizer = _begin(context, algorithm, bits, number, **settings)
        _advance(optimizer, one_min_max)
        bound = factor * float(bounds[bits - int(optimizer.population[:, 0].max())])
        steps = 0
        while optimizer.population[:, 0].max() < bits and steps < 8 * bound / factor:
            _advance(optimizer, one_min_max)
            steps += 1
        ratios.append(steps / bound if bound else 0.0)
    note = f"mean ratio of time and bound; n = {bits}, population {population}"
    return means_at_most([np.array(ratios)], [1.0], note=note)


_OMM = Assumption("OneMinMax, 8 bits, N = 4(n + 1)")
_NSGA2_KEEPS = partial(_keeps, algorithm="nsga2", function=one_min_max, bits=8, generations=40, population_size=36)
_NSGA2_LOTZ = partial(_keeps, algorithm="nsga2", function=lotz, bits=7, generations=50, population_size=32)
_NSGA3_KEEPS = partial(_keeps, algorithm="nsga3", function=one_min_max, bits=9, generations=25, population_size=190)
_SMS_KEEPS = partial(_keeps, algorithm="sms_emoa", function=one_min_max, bits=8, generations=400, population_size=9)
_SMS_LOTZ = partial(_keeps, algorithm="sms_emoa", function=lotz, bits=6, generations=400, population_size=10)
_NSGA2_SPREAD = partial(_spread, algorithm="nsga2", bits=16, population=6, runs=14)
_SMS_SPREAD = partial(_spread, algorithm="sms_emoa", bits=8, population=4, runs=20)
_SMALL = "a population smaller than the front"
_ZHENG = "Zheng, Liu and Doerr 2022 (arXiv 2112.08581)"


def _extremes(name: str, mutant: Mutant, generations: int = 40, **settings: Any) -> Claim:
    return Claim(
        f"pareto.extremes-{name.replace('_', '-')}",
        r"\min_{x \in P_{t+1}} f_i(x) \le \min_{x \in P_t} f_i(x), \quad i = 1, 2",
        (Assumption("two objectives without ties, on a random function of 8 bits"),),
        "infinite crowding distance at both ends (Deb et al. 2002); a far reference point (Beume et al. 2007)",
        partial(_keeps_extremes, algorithm=name, generations=generations, **settings),
        mutant,
        optimizers=(name,),
        evidence=SHIPPED,
        kind="theorem",
    )


CLAIMS = (
    Claim(
        "nsga2.registered-keeps-one-min-max",
        r"N \ge 4(n+1): \text{ a vector of the front is never lost}",
        (_OMM, Assumption("crossover and mutation as registered")),
        f"{_ZHENG}, lemma on the survival of objective values (number unchecked)",
        _NSGA2_KEEPS,
        Mutant(_SMALL, partial(_NSGA2_KEEPS, population_size=6)),
        optimizers=("nsga2",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "nsga2.registered-keeps-lotz",
        r"N \ge 4(n+1): \text{ a vector of LOTZ's front is never lost}",
        (Assumption("LOTZ, 7 bits, crossover and mutation as registered"),),
        f"{_ZHENG}, lemma on the survival of objective values (number unchecked)",
        _NSGA2_LOTZ,
        Mutant(_SMALL, partial(_NSGA2_LOTZ, generations=150, population_size=4)),
        optimizers=("nsga2",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "nsga2.registered-spread",
        r"E\,T \le E_{n-M_0} \text{ generations until } 1^n,\ E_i = \frac{1+\sum_{j<i}p_{ij}E_j}{\sum_{j<i}p_{ij}},\ "
        r"p_{ij}\text{: best of } W \sim \mathrm{Bin}(2, 1-\tfrac1{2(N-1)}) \text{ children}",
        (
            MUTATION_ONLY,
            Assumption("OneMinMax, 16 bits; the argument needs N >= 4 alone"),
            Assumption("copies have no crowding distance, so that two individuals have an infinite one"),
        ),
        f"{_ZHENG}; chain of pymoo's tournament derived here",
        _NSGA2_SPREAD,
        Mutant.by_factor("a bound times {factor:.2f}", lambda c, f: _NSGA2_SPREAD(c, factor=f), 1 / 15),
        optimizers=("nsga2",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "nsga3.keeps-one-min-max",
        r"p \ge 21 n \text{ divisions and } N \ge p + 1: \text{ a vector of the front is never lost}",
        (
            Assumption("OneMinMax, 9 bits, N = 190"),
            Assumption("stated for three objectives; two are tested", checked=False),
        ),
        "Wietheger and Doerr 2023 (arXiv 2211.08202), number unchecked",
        _NSGA3_KEEPS,
        Mutant(_SMALL, partial(_NSGA3_KEEPS, population_size=6)),
        optimizers=("nsga3",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "sms-emoa.keeps-one-min-max",
        r"\mu \ge n + 1: \text{ a vector of the front is never lost}",
        (Assumption("OneMinMax, 8 bits, mu = n + 1, crossover and mutation as registered"),),
        "a duplicate contributes no hypervolume, every other vector does: Beume, Naujoks and Emmerich 2007",
        _SMS_KEEPS,
        Mutant(_SMALL, partial(_SMS_KEEPS, population_size=6)),
        optimizers=("sms_emoa",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "sms-emoa.keeps-lotz",
        r"\mu \ge n + 1: \text{ a vector of LOTZ's front is never lost}",
        (Assumption("LOTZ, 6 bits, crossover and mutation as registered"),),
        "a duplicate contributes no hypervolume, every other vector does: Beume, Naujoks and Emmerich 2007",
        _SMS_LOTZ,
        Mutant(_SMALL, partial(_SMS_LOTZ, population_size=4)),
        optimizers=("sms_emoa",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    Claim(
        "sms-emoa.spread",
        r"E\,T \le E_{n-M_0} \text{ evaluations until } 1^n,\ E_i = \frac{1+\sum_{j<i}p_{ij}E_j}{\sum_{j<i}p_{ij}},\ "
        r"p_{ij} = \frac{P(\text{child of } i \text{ has } j \text{ zeros})}{\mu(1-(1-\frac1n)^n)}",
        (MUTATION_ONLY, Assumption("OneMinMax, 8 bits, mu = 4")),
        "waiting times, derived here; order as in Zheng and Doerr 2024 (arXiv 2312.10290), unchecked",
        _SMS_SPREAD,
        Mutant.by_factor("a bound times {factor:.2f}", lambda c, f: _SMS_SPREAD(c, factor=f), 1 / 5),
        optimizers=("sms_emoa",),
        evidence=SHIPPED,
        kind="theorem",
    ),
    _extremes(
        "nsga2",
        Mutant(
            "crowding distance infinite at one end only",
            partial(_keeps_extremes, algorithm=_one_ended(4), generations=40),
        ),
        population_size=4,
    ),
    _extremes(
        "sms_emoa",
        Mutant("a reference point at the nadir", partial(_keeps_extremes, algorithm=_at_the_nadir(4), generations=300)),
        generations=300,
        population_size=4,
    ),
    _extremes(
        "prescreened_nsga2",
        Mutant(
            "crowding distance infinite at one end only",
            partial(
                _keeps_extremes,
                algorithm=PerRun(OneEndedPrescreening, objectives="many"),
                generations=12,
                population_size=4,
            ),
        ),
        generations=12,
        population_size=4,
    ),
)
"""Claims about fronts of two objectives."""
