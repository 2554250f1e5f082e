"""Claims about elitism and ageing: convergence, non-convergence, and loss of the best in regularized evolution."""

from __future__ import annotations

from functools import partial

import numpy as np

from nasbench.theory.exact import simulation as simulate
from nasbench.theory.exact.distribution import hitting_law
from nasbench.theory.exact.elitist import Mutation
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Outcome,
    Verdict,
    at_most,
    concerning,
)
from nasbench.theory.machinery.confidence_bands import clopper_pearson
from nasbench.theory.machinery.statistical_checks import mean_equals

RUNS = 2_000
ELITIST = Assumption("a mutant replaces its parent only if it is at least as good")
RATE = Assumption("every decision changes with probability 1/d, to each other choice alike")


def _elitist_convergence(context: Context, elitist: bool = True) -> Verdict:
    """Bound the greatest rise of the kept rank, and the runs that miss the optimum where the exact tail is below 1e-7."""
    landscape = Landscape(context.rng("elitism.table").random(3**3), (3,) * 3)
    steps = hitting_law(landscape, horizon=20_000).quantile(1 - 1e-7)
    ranks = simulate.selected_of_offspring(context.rng("elitism"), landscape, 500, 1, steps, elitist=elitist)
    worst_rise = int(np.diff(ranks, axis=1).max())
    missed = int((ranks[:, -1] > 0).sum())
    note = f"greatest rise of the kept rank; {missed} runs not at the optimum after {steps} steps"
    return at_most(max(worst_rise, missed), 0.0, ranks.size, note=note)


def _comma_limit(context: Context, elitist: bool = False) -> Verdict:
    landscape = Landscape(context.rng("comma.table").random(3**4), (3,) * 4)
    offspring, steps = 2, 150
    by_rank = landscape.architectures[landscape.order]
    proposal = Mutation.standard(landscape).probabilities(by_rank, by_rank)
    # best of l offspring has rank at least r iff all have
    tails = np.cumsum(proposal[:, ::-1], axis=1)[:, ::-1] ** offspring
    chain = tails - np.concatenate([tails[:, 1:], np.zeros((len(tails), 1))], axis=1)
    law = np.full(landscape.size, 1 / landscape.size) @ np.linalg.matrix_power(chain, steps)
    stationary = law[0]
    ranks = simulate.selected_of_offspring(context.rng("comma"), landscape, 2 * RUNS, offspring, steps, elitist=elitist)
    at_optimum = ranks[:, -1] == 0
    note = f"at the optimum after {steps} steps; the limit is below 1"
    return mean_equals(at_optimum, stationary, stationary * (1 - stationary), note=note)


def _ageing_history(context: Context, report_population: bool = False) -> Verdict:
    landscape = context.landscape("cifar10")
    queried, population = simulate.regularized_evolution(
        context.rng("ageing"), landscape, 500, population=10, sample=3, queries=300
    )
    incumbent = population if report_population else np.minimum.accumulate(queried, axis=1)
    rises = np.diff(incumbent, axis=1).max()
    note = "greatest rise of the reported rank, 500 runs of 300 queries"
    return at_most(float(rises), 0.0, incumbent.size, note=note)


def _ageing_population(context: Context, spare_best: bool = False) -> Verdict:
    _, best = simulate.regularized_evolution(
        context.rng("ageing"),
        context.landscape("cifar10"),
        RUNS,
        population=10,
        sample=3,
        queries=300,
        spare_best=spare_best,
    )
    losing = int((np.diff(best, axis=1) > 0).any(axis=1).sum())
    interval = clopper_pearson(losing, RUNS)
    outcome = Outcome.HOLDS if interval[0] > 0 else Outcome.VIOLATED
    return Verdict(
        outcome, losing / RUNS, 0.0, None, None, interval, RUNS, "share of runs whose population loses its best"
    )


_CLAIMS = (
    Claim(
        "evolution.elitist-convergence",
        r"q_{\min} > 0 \text{ and elitism} \Rightarrow P(T < \infty) = 1, \text{ best so far monotone}",
        (ELITIST, RATE),
        "Rudolph 1994, theorem 2 (reducible chains); his theorem 6 keeps the best apart, here it is the parent",
        _elitist_convergence,
        Mutant("a parent that dies (comma selection)", partial(_elitist_convergence, elitist=False)),
        optimizers=("one_plus_one_ea",),
        evidence=(Evidence.EXACT,),
        kind="theorem",
    ),
    Claim(
        "evolution.comma-does-not-converge",
        r"\lim_t P(X_t = x^*) = \pi_{x^*} < 1 \text{ without elitism}",
        (RATE,),
        "Rudolph 1994, theorem 4 (canonical genetic algorithms); exact chain of the (1,2)-EA",
        _comma_limit,
        Mutant("an elitist algorithm", partial(_comma_limit, elitist=True)),
        kind="theorem",
    ),
    Claim(
        "evolution.ageing-history-monotone",
        r"\min_{s \le t} f(a_s) \text{ never increases}",
        (Assumption("the incumbent is the best of the history"),),
        "Real et al. 2019, algorithm 1 (regularized evolution returns the best of the history)",
        _ageing_history,
        Mutant("the best of the population reported as incumbent", partial(_ageing_history, report_population=True)),
    ),
    Claim(
        "evolution.ageing-population-forgets",
        r"P(\min_{a \in \text{population}} f(a) \text{ increases at some step}) > 0",
        (Assumption("the oldest dies"),),
        "Real et al. 2019, algorithm 1: the oldest dies, be it the best",
        _ageing_population,
        Mutant("ageing that spares the best", partial(_ageing_population, spare_best=True)),
        kind="theorem",
    ),
)

CLAIMS = concerning(("regularized_evolution",), (), _CLAIMS)
