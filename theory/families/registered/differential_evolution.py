"""DEHB as registered: the laws of its crossover and of its mutants, and what its populations never lose."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binom

from nasbench.baselines import dehb
from nasbench.baselines.dehb import Dehb, Subpopulation
from nasbench.search.observations import RunObservations
from nasbench.search.optimizer import PerRun
from nasbench.search.registry import get_optimizer
from nasbench.spaces.space import Floats
from nasbench.theory.families.registered.halving import EPOCHS
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    by_p_value,
    equal_within,
)
from nasbench.theory.machinery.confidence_bands import chi_square_p_value
from nasbench.theory.machinery.registered_runs import (
    Objective,
    objective_of,
    observe,
    random_table,
    space_of,
    start,
)

SHIPPED, BOTH = (Evidence.SHIPPED,), (Evidence.EXACT, Evidence.SHIPPED)


def _crossover(context: Context, prob: float = 0.5) -> Verdict:
    """Test the law of the number of coordinates that a child of DEHB has from the mutant."""
    rng, size, trials = context.rng("halving.crossover"), 5, 20_000
    target, mutant = np.zeros(size), np.ones(size)
    taken = np.array([dehb.crossover(target, mutant, prob, rng).sum() for _ in range(trials)]).astype(int)
    law = binom.pmf(np.arange(size + 1), size, 0.5)
    law[1], law[0] = law[1] + law[0], 0.0
    counts = np.bincount(taken, minlength=size + 1)
    p_value = 0.0 if counts[0] else chi_square_p_value(counts[1:], law[1:])
    return by_p_value(
        p_value, counts[1] / trials, law[1], trials, note="share of children with one coordinate of the mutant"
    )


def _mutant_variance(context: Context, factor: float = 1.0) -> Verdict:
    """Compare the variance of rand/1 mutants over all ordered triples of a pool with its closed form."""
    from itertools import permutations

    pool, f = context.rng("halving.mutant").random((7, 1)), 0.5
    mutants = np.array([dehb.mutate_rand_1(pool[list(chosen)], factor * f) for chosen in permutations(range(7), 3)])
    stated = float(pool.var()) * (1 + 2 * f**2 * (1 + 1 / 6))
    return equal_within(float(mutants.var()), stated, 1e-12, len(mutants), note="variance over ordered triples of 7")


class WatchFitness:
    """What shows the errors of the populations of DEHB."""

    _populations: dict[int, Subpopulation]

    @property
    def fitness(self) -> dict[int, Floats]:
        """Errors of the members by epochs."""
        return {epochs: population.fitness.copy() for epochs, population in self._populations.items()}


class EveryChallengerWins(Dehb):
    """A mutant whose members are replaced by every challenger."""

    def tell(self, observations: RunObservations) -> None:
        """Let the challenger win."""
        for population in self._populations.values():
            population.fitness[:] = np.where(np.isfinite(population.fitness), 1e9, np.inf)
        super().tell(observations)


def _elitist(context: Context, algorithm: type[Dehb] | None = None) -> Verdict:
    """Count, over queries, fidelities whose best member is not the best that was observed, or at which some member has become worse."""
    kind: Any = algorithm or get_optimizer("dehb").algorithm
    rng = context.rng("halving.dehb")
    tables = {epochs: random_table(rng, 4, 4) for epochs in EPOCHS}
    spec = PerRun(type("WatchedDehb", (WatchFitness, kind), {}), fidelities=True)
    optimizer: Any = start(spec, space_of(tables[1]), 1, int(rng.integers(2**31)), epochs=EPOCHS)
    best = dict.fromkeys(EPOCHS, np.inf)
    wrong, before = 0, optimizer.members[0].fitness
    for _ in range(400):
        batch = optimizer.ask()
        epochs = int(batch.epochs[0, 0])
        seen = run_one(optimizer, batch, objective_of(tables[epochs]))
        best[epochs] = min(best[epochs], seen)
        now = optimizer.members[0].fitness
        wrong += sum(now[e].min() != best[e] or (now[e] > before[e]).any() for e in EPOCHS)
        before = now
    return equal_within(
        wrong, 0, 0, 400, note="populations that lost their best or let a member get worse, 400 queries"
    )


def run_one(optimizer: Any, batch: Any, objective: Objective) -> float:
    """Answer one batch of one query; return its error."""
    observations = observe(batch, objective)
    optimizer.tell(observations)
    return float(observations.objectives[0, 0, 0])


CLAIMS = (
    Claim(
        "halving.dehb-crossover-law",
        r"P(j \text{ coordinates of the mutant}) = \binom{d}{j} p^j (1-p)^{d-j} + [j = 1] (1-p)^d, \ j \ge 1",
        (Assumption("d = 5, p = 1/2"),),
        "binomial crossover, Storn and Price 1997, in the form of automl/DEHB: one coordinate where there would be none",
        _crossover,
        Mutant.by_factor("a crossover probability of {factor:g} / 2", lambda c, f: _crossover(c, prob=0.5 * f), 1.1),
        optimizers=("dehb",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "halving.dehb-mutant-variance",
        r"\mathrm{Var}[x_1 + F (x_2 - x_3)] = \sigma^2 \Bigl(1 + 2 F^2 \frac{n}{n - 1}\Bigr)",
        (Assumption("three different members of a pool of n, in random order"),),
        "Zaharie 2002, variance of rand/1 mutants (number unchecked); without replacement, derived here",
        _mutant_variance,
        Mutant.by_factor("F times {factor:g}", lambda c, f: _mutant_variance(c, factor=f), 1.1),
        optimizers=("dehb",),
        evidence=(Evidence.EXACT,),
        kind="exact law",
    ),
    Claim(
        "halving.dehb-elitist",
        r"\min_i f(x_i^{(r)}) = \min \{\text{errors observed at } r \text{ epochs}\}, \ f(x_i^{(r)}) \text{ never rises}",
        (Assumption("five fidelities whose rankings are independent"),),
        "Awad, Mallik and Hutter 2021: a member is replaced by a challenger that is no worse",
        _elitist,
        Mutant("every challenger wins", partial(_elitist, algorithm=EveryChallengerWins)),
        optimizers=("dehb",),
        evidence=SHIPPED,
        kind="theorem",
    ),
)
"""Claims about differential evolution."""
