"""Claims about the exact solvers: agreement with simulations of the algorithms on real tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from nasbench.theory.exact import local_search
from nasbench.theory.exact import simulation as simulate
from nasbench.theory.exact.distribution import hitting_law
from nasbench.theory.exact.elitist import Mutation, hitting_time
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.exact.local_search import RestartedTime
from nasbench.theory.exact.structure import basins
from nasbench.theory.machinery.claim import (
    Assumption,
    Claim,
    Context,
    Evidence,
    Mutant,
    Verdict,
    concerning,
    equal_within,
)
from nasbench.theory.machinery.statistical_checks import law_equals, mean_equals

RUNS = 4_000
RESTARTED_RUNS = 10_000
"""Local searches are cheap to simulate, and the variance of their times is tested too."""
ELITIST = Assumption("a mutant replaces its parent only if it is better in the landscape's total order")
RATE = "the mutation rate"
UNIFORM = Assumption("the first architecture is uniform over the space")
COMPLETE = Assumption("the table holds every architecture of the product space")


def _one_plus_one(
    context: Context, dataset: str, targets: int, rate_factor: float = 1, accept_worse: float = 0
) -> Verdict:
    landscape = context.landscape(dataset)
    exact = hitting_time(landscape, targets)
    times = simulate.one_plus_one(
        context.rng(f"one-plus-one.{dataset}.{targets}"),
        landscape,
        targets,
        RUNS,
        rate=rate_factor / landscape.decisions,
        accept_worse=accept_worse,
    )
    # a test of the variance needs more runs than a heavy tail grants: the law itself is tested elsewhere
    note = f"{dataset}, {targets} best, exact sd {exact.uniform_variance**0.5:.0f}"
    return mean_equals(times, exact.uniform_mean, exact.uniform_variance, note=note)


def _law(context: Context, weight: float = 1.0, rate_factor: float = 1.0) -> Verdict:
    """Test the law; mutants draw starts from the better half of the space `weight` times as often, or mutate at another rate."""
    landscape, rng = context.landscape("cifar10"), context.rng("one-plus-one.law")
    targets, horizon = 156, 300
    exact = hitting_law(landscape, targets, horizon)
    start = None
    if weight != 1:
        half = landscape.size // 2
        better = rng.random(RUNS) < weight / (1 + weight)
        start = landscape.order[rng.integers(half, size=RUNS) + np.where(better, 0, half)]
    rate = rate_factor / landscape.decisions
    times = simulate.one_plus_one(rng, landscape, targets, RUNS, rate=rate, start=start)
    return law_equals(times, exact.cdf, first=1, error=exact.error, note=f"median {exact.quantile(0.5)} evaluations")


def _restarts(
    context: Context, exact: Callable[[Landscape, int], RestartedTime], step: simulate.Step, free_failure: bool = False
) -> Verdict:
    landscape, targets = context.landscape("cifar10"), 16
    stated = exact(landscape, targets)
    rng = context.rng(f"restarts.{getattr(step, '__name__', 'randomised')}")
    times = simulate.restarted(rng, landscape, targets, RESTARTED_RUNS, step, free_failure).astype(float)
    note = f"16 best; success {stated.success:.3f} a run"
    return mean_equals(times, stated.mean, stated.variance, test_variance=True, note=note)


def _dense(context: Context, wrong_weight: bool = False) -> Verdict:
    """Compare the block substitution with the fundamental matrix (I - Q)^-1 of the same chain, built entry by entry."""
    landscape = Landscape(context.rng("product-structure").random(4 * 3 * 5 * 4), (4, 3, 5, 4))
    mutation, targets = Mutation.standard(landscape), 3
    a = landscape.architectures
    proposal = np.ones((landscape.size, landscape.size))
    for decision, k in enumerate(landscape.cardinalities):
        off = mutation.rate / (k if wrong_weight else k - 1)
        proposal *= np.where(a[:, None, decision] == a[None, :, decision], 1 - mutation.rate, off)
    moves = np.where(landscape.rank[None, :] < landscape.rank[:, None], proposal, 0)
    np.fill_diagonal(moves, 1 - moves.sum(axis=1))
    outside = landscape.rank >= targets
    inner = moves[np.ix_(outside, outside)]
    expected = np.zeros(landscape.size)
    expected[outside] = np.linalg.solve(np.eye(len(inner)) - inner, np.ones(len(inner)))
    solved = hitting_time(landscape, targets, mutation).mean
    worst = int(np.abs(solved - 1 - expected).argmax())
    note = "start of greatest difference"
    return equal_within(solved[worst], 1 + expected[worst], 1e-9 * expected.max(), landscape.size, note=note)


def _wald(context: Context, forget_start: bool = False) -> Verdict:
    found = local_search.first_improvement(context.landscape("cifar10"), 1)
    stated = (found.run_cost - (1 if forget_start else 0)) / found.success
    note = "first improvement to the best CIFAR-10 cell"
    return equal_within(found.mean, stated, 1e-9 * found.mean, 15_625, note=note)


def _basin(context: Context, one_decision_less: bool = False) -> Verdict:
    """Compare the share of the global basin with simulated ascents from uniform starts."""
    landscape, rng = context.landscape("cifar10"), context.rng("basin")
    share = float((basins(landscape) == landscape.order[0]).mean())
    neighbours = landscape.neighbours[:, 4:] if one_decision_less else landscape.neighbours
    current = rng.integers(landscape.size, size=RUNS)
    for _ in range(landscape.size):
        ranks = landscape.rank[neighbours[current]]
        best = neighbours[current, ranks.argmin(axis=1)]
        better = ranks.min(axis=1) < landscape.rank[current]
        if not better.any():
            break
        current = np.where(better, best, current)
    ended = landscape.rank[current] == 0
    return mean_equals(ended, share, share * (1 - share), note="share of starts, CIFAR-10")


_FIRST = partial(_restarts, exact=local_search.first_improvement, step=simulate.first_improvement_step)
_PATIENT = partial(_restarts, exact=partial(local_search.randomised, patience=50), step=simulate.Randomised(50))


def _with_patience(context: Context, factor: float) -> Verdict:
    return _PATIENT(context, step=simulate.Randomised(round(50 * factor)))


_STEEPEST = partial(_restarts, exact=local_search.steepest_ascent, step=simulate.steepest_step)
_ON_CIFAR10 = partial(_one_plus_one, dataset="cifar10", targets=156)
_ON_IMAGENET = partial(_one_plus_one, dataset="ImageNet16-120", targets=156)
_HITTING = r"E_x = \Bigl(1 + \sum_{y \succ x} q_{xy} E_y\Bigr) \Big/ \sum_{y \succ x} q_{xy}"

_CLAIMS = (
    Claim(
        "markov.one-plus-one-cifar10",
        _HITTING,
        (ELITIST, UNIFORM, COMPLETE),
        "absorbing chains: Kemeny and Snell 1960; (1+1)-EA: Droste, Jansen and Wegener 2002",
        _ON_CIFAR10,
        Mutant.by_factor(RATE, lambda context, factor: _ON_CIFAR10(context, rate_factor=factor), 3.0),
        kind="exact law",
    ),
    Claim(
        "markov.one-plus-one-imagenet",
        _HITTING,
        (ELITIST, UNIFORM, COMPLETE),
        "as for CIFAR-10, another landscape",
        _ON_IMAGENET,
        Mutant(
            "three worse mutants in ten accepted",
            partial(_ON_IMAGENET, accept_worse=0.3),
            scaled=lambda context, factor: _ON_IMAGENET(context, rate_factor=factor),
            factor=3.0,
            constant=RATE,
        ),
        kind="exact law",
    ),
    Claim(
        "markov.one-plus-one-law",
        r"P(T \le t) = 1 - \mu_0 Q^{t-1} \mathbf 1",
        (ELITIST, UNIFORM, COMPLETE),
        "phase-type law of the absorbing chain: Neuts 1981",
        _law,
        Mutant(
            "starts from the better half of the space",
            partial(_law, weight=1e9),
            scaled=lambda context, factor: _law(context, rate_factor=factor),
            factor=2.0,
            constant=RATE,
        ),
        kind="exact law",
    ),
    Claim(
        "markov.product-structure",
        r"q_{xy} = \prod_e (1-p)^{[x_e = y_e]} \bigl(\tfrac{p}{k_e - 1}\bigr)^{[x_e \ne y_e]} \Rightarrow "
        r"\text{block substitution}"
        r" = (I - Q)^{-1}\mathbf 1",
        (COMPLETE,),
        "fundamental matrix (mean numbers of visits): Kemeny and Snell 1960",
        _dense,
        Mutant("mutation that may draw the old choice again", partial(_dense, wrong_weight=True)),
    ),
    Claim(
        "markov.first-improvement",
        r"E\,T = E[\text{cost of a run}] / P(\text{a run succeeds})",
        (UNIFORM, COMPLETE, Assumption("each scan is in fresh random order; a scan without success ends the run")),
        "Wald 1944; scan: negative hypergeometric",
        _FIRST,
        Mutant("the last scan of a failed run is not paid for", partial(_FIRST, free_failure=True)),
        kind="exact law",
    ),
    Claim(
        "markov.randomised-local-search",
        r"E\,T = E[\text{cost of a run}] / P(\text{a run succeeds}), \text{ patience } 50",
        (UNIFORM, COMPLETE, Assumption("a run ends after 50 evaluations in a row without improvement")),
        "Wald 1944; waiting: truncated geometric",
        _PATIENT,
        Mutant.by_factor("the patience", _with_patience, 0.4),
        kind="exact law",
    ),
    Claim(
        "markov.steepest-ascent",
        r"E\,T = E[\text{cost of a run}] / P(\text{a run succeeds})",
        (UNIFORM, COMPLETE, Assumption("each neighbourhood is evaluated in fresh random order")),
        "Wald 1944",
        _STEEPEST,
        Mutant("a search that takes the first improvement", partial(_STEEPEST, step=simulate.first_improvement_step)),
        kind="exact law",
    ),
    Claim(
        "markov.wald",
        r"\tfrac{1-p}{p} E[F] + E[S] = E[\text{cost of a run}] / p",
        (UNIFORM, COMPLETE),
        "Wald 1944; both sides solved apart",
        _wald,
        Mutant("the first evaluation of each run is forgotten", partial(_wald, forget_start=True)),
    ),
    Claim(
        "markov.global-basin",
        r"P(\text{steepest ascent ends at the optimum}) = |\text{basin}| / N",
        (UNIFORM, COMPLETE),
        "by counting",
        _basin,
        Mutant("a neighbourhood that lacks one decision", partial(_basin, one_decision_less=True)),
        kind="exact law",
    ),
)

CLAIMS = tuple(
    claim
    for one in _CLAIMS
    for claim in concerning(
        ("one_plus_one_ea",) if one.name.startswith(("markov.one-plus-one", "markov.product")) else ("local_search",),
        (Evidence.EXACT,),
        (one,),
    )
)
