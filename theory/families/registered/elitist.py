"""Random search, the (1+1)-EA and local search as registered, against the exact laws of their hitting times."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nasbench.baselines.local_search import LocalSearch
from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.objectives import find_objective
from nasbench.search.ledger import Budget
from nasbench.search.optimizer import Lockstep
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import SearchProtocol
from nasbench.spaces.space import Floats
from nasbench.theory.exact import local_search, onemax
from nasbench.theory.exact.distribution import hitting_law
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.exact.local_search import RestartedTime
from nasbench.theory.exact.random_search import time_cdf
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
from nasbench.theory.machinery.registered_runs import (
    Algorithm,
    objective_of,
    random_table,
    run,
    space_of,
    start,
)
from nasbench.theory.machinery.statistical_checks import law_equals, mean_equals, means_at_most, tail_p_value
from nasbench.theory.machinery.testbed import make_space

RUNS = 3_000
NO_TIES = Assumption("a random table without ties")
BOTH = (Evidence.EXACT, Evidence.SHIPPED)
LONGEST = 1_500
"""Queries after which every restarted local search has found the best of 27, but for a probability below 1e-9."""


def _times(
    context: Context, name: str, algorithm: Algorithm, targets: int, horizon: int, **settings: Any
) -> tuple[Landscape, Floats]:
    """Return a random table and the hitting times of the runs of an optimizer on it, `(RUNS,)`."""
    rng = context.rng(f"registered.{name}")
    landscape = random_table(rng, 4, 3)
    optimizer = start(algorithm, space_of(landscape), RUNS, int(rng.integers(2**31)), **settings)
    return landscape, run(optimizer, objective_of(landscape), horizon).first_at_most(targets - 1)


def _random_search(context: Context, replacement: bool, as_told: bool | None = None) -> Verdict:
    drawn_again = replacement if as_told is None else as_told
    landscape, times = _times(context, "random-search", "random_search", 2, 81, replacement=drawn_again, batch_size=27)
    queries = np.arange(1, 82)
    cdf = 1 - (1 - 2 / landscape.size) ** queries if replacement else time_cdf(landscape.size, 2, queries)
    return law_equals(times, cdf, first=1, note="time to the 2 best of 81")


def _single_trainings(context: Context, best_of_all: bool = False) -> Verdict:
    """Search CIFAR-10 where each query is answered by one training: time to an error that one in 500 trainings reaches."""
    runs, queries = 3_000, 150
    benchmark, seed = get_benchmark("nas-bench-201/cifar10"), int(context.rng("registered.trainings").integers(2**31))
    protocol = SearchProtocol(
        objectives=("error",),
        split="validation",
        epochs=(200,),
        training_seed="random",
        repeat_policy="retrain",
        budget=Budget({"queries": queries}),
    )
    problem = benchmark.problem(protocol, seed, range(runs))
    optimizer = get_optimizer("random_search").create(problem, Streams(seed, range(runs)), {"batch_size": queries})
    seen = problem.query(optimizer.ask()).objectives[..., 0]
    found = find_objective(benchmark.table, benchmark.dataset, "error", "validation", 200)
    trainings = np.array(found.values, dtype=float)
    if found.missing is not None:
        trainings[found.missing] = np.nan
    error = float(np.nanquantile(trainings, 1 / 500))
    if best_of_all:
        trainings = np.nanmin(trainings, axis=1, keepdims=True)
    reached = (trainings <= error).sum(axis=1) / np.isfinite(trainings).sum(axis=1)
    hit = seen <= error
    times = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)
    cdf = 1 - (1 - float(reached.mean())) ** np.arange(1, queries + 1)
    return law_equals(times, cdf, first=1, note=f"time to a validation error of {error:.2f} in one training")


def _one_plus_one(context: Context, rate: float | None = None) -> Verdict:
    landscape, times = _times(context, "one-plus-one", "one_plus_one_ea", 1, 200, mutation_rate=rate)
    stated = hitting_law(landscape, 1, 200)
    return law_equals(times, stated.cdf, first=1, error=stated.error, note=f"P(T <= 200) = {stated.cdf[-1]:.3f}")


def _restarts(
    context: Context,
    exact: Callable[[Landscape, int], RestartedTime],
    improvement: str,
    algorithm: Algorithm = "local_search",
) -> Verdict:
    rng = context.rng(f"registered.{improvement}")
    landscape = random_table(rng, 3, 3)
    optimizer = start(algorithm, space_of(landscape), 1_000, int(rng.integers(2**31)), improvement=improvement)
    # A run that has not arrived counts with the last query, which can only lower the mean.
    times = np.minimum(run(optimizer, objective_of(landscape), LONGEST).first_at_most(0), LONGEST)
    stated = exact(landscape, 1)
    return mean_equals(times, stated.mean, stated.variance, note=f"best of 27; success {stated.success:.3f} a climb")


def _onemax(context: Context, factor: float = 1.0) -> Verdict:
    """Compare mean times on OneMax, 8 decisions of 3 choices, from a uniform start."""
    from scipy.stats import binom

    decisions, choices, horizon = 8, 3, 600
    seed = int(context.rng("registered.onemax").integers(2**31))
    optimizer = start("one_plus_one_ea", make_space(decisions, choices), 1_500, seed, mutation_rate=factor / decisions)
    runs = run(optimizer, lambda a, epochs: (a != 0).sum(axis=-1, keepdims=True).astype(float), horizon)
    # A run that has not arrived counts with the horizon, which can only lower the mean.
    times = np.minimum(runs.first_at_most(0), horizon)
    wrong = binom.pmf(np.arange(decisions + 1), decisions, 1 - 1 / choices)
    expected = 1 + float(wrong @ onemax.steps(onemax.transitions(decisions, choices)))
    return mean_equals(times, expected, note=f"queries, {decisions} decisions of {choices} choices")


def _onemax_times(rate: float, context: Context) -> tuple[Floats, Floats]:
    """Return times on OneMax from uniform starts, `(R,)`, and the law of the number of wrong decisions at the start."""
    from scipy.stats import binom

    decisions, choices, horizon = 8, 3, 600
    seed = int(context.rng("registered.onemax-bounds").integers(2**31))
    optimizer = start("one_plus_one_ea", make_space(decisions, choices), 1_000, seed, mutation_rate=rate)
    runs = run(optimizer, lambda a, epochs: (a != 0).sum(axis=-1, keepdims=True).astype(float), horizon)
    wrong = binom.pmf(np.arange(decisions + 1), decisions, 1 - 1 / choices)
    return np.minimum(runs.first_at_most(0), horizon), wrong


def _onemax_lower(context: Context, factor: float = 1.0) -> Verdict:
    """Test P(T <= t + 1) <= sum over m of P(m wrong at the start) (1 - (1 - q)^t)^m with q = 1 / (d (k - 1))."""
    times, wrong = _onemax_times(1 / 8, context)
    steps = np.arange(600)
    repaired = 1 - (1 - factor / (8 * 2)) ** steps
    bound = (wrong[:, None] * repaired ** np.arange(9)[:, None]).sum(axis=0)
    seen = (times[:, None] <= steps + 1).mean(axis=0)
    worst = int(np.where((bound > 0.02) & (bound < 0.98), seen / np.maximum(bound, 0.02), 0.0).argmax())
    note = f"P(T <= {worst + 1}), the nearest to its bound"
    return by_p_value(
        tail_p_value(seen, bound, len(times)), seen[worst], bound[worst], len(times), vacuous_beyond=10.0, note=note
    )


def _onemax_upper(context: Context, factor: float = 1.0) -> Verdict:
    """Test E T <= 1 + d (k - 1) (1 - 1/d)^(1 - d) E[H_m], with m wrong decisions at the start."""
    times, wrong = _onemax_times(1 / 8, context)
    harmonic = np.cumsum(np.append(0.0, 1 / np.arange(1, 9)))
    bound = 1 + factor * 8 * 2 * (1 - 1 / 8) ** -7 * float(wrong @ harmonic)
    return means_at_most([times], [bound], note="mean time, 8 decisions of 3 choices")


class EarlyStop(LocalSearch):
    """A mutant that stops looking one neighbour early."""

    def _look_around(self, arrived: np.ndarray) -> None:
        super()._look_around(arrived)
        self._end[arrived] -= 1


def _neighbourhood(context: Context, algorithm: Algorithm = "local_search") -> Verdict:
    """Count, over all climbs, neighbours of the last architecture of a climb that were not asked for exactly once after it."""
    rng = context.rng("registered.neighbourhood")
    landscape = random_table(rng, 3, 3)
    optimizer = start(algorithm, space_of(landscape), 50, int(rng.integers(2**31)))
    index = (run(optimizer, objective_of(landscape), 150).architectures.astype(np.int64) @ landscape.strides).tolist()
    degree, wrong, scans = landscape.neighbours.shape[1], 0, 0
    around = [set(row) for row in landscape.neighbours.tolist()]
    for queried in index:
        position, at = 0, queried[0]
        while position + degree < len(queried):
            asked = queried[position + 1 : position + 1 + degree]
            scans += 1
            wrong += len(around[at] - set(asked))
            best = min(asked, key=lambda a: landscape.rank[a])
            position += degree
            if landscape.rank[best] < landscape.rank[at]:
                at = best
            else:
                position += 1
                at = queried[position] if position < len(queried) else at
    note = f"neighbours that a scan leaves out, {scans} scans; {degree} queries each, then the best or a restart"
    return equal_within(wrong, 0, 0, scans, note=note)


_STEEPEST = partial(_restarts, exact=local_search.steepest_ascent, improvement="best")
_FIRST = partial(_restarts, exact=local_search.first_improvement, improvement="first")
_EARLY = Lockstep(EarlyStop)
_LS = ("local_search",)


def _draws(replacement: bool, survival: str, law: str) -> Claim:
    """Return the claim about the law of the time of random search with or without replacement; its mutant draws the other way."""
    way, other = ("with", "without") if replacement else ("without", "with")
    check = partial(_random_search, replacement=replacement)
    return Claim(
        f"random-search.registered-law{'-with-replacement' if replacement else ''}",
        rf"P(T \le t) = 1 - {survival}",
        (Assumption(f"drawn {way} replacement"),),
        law,
        check,
        Mutant(f"an optimizer that draws {other} replacement", partial(check, as_told=not replacement)),
        optimizers=("random_search",),
        evidence=BOTH,
        kind="exact law",
    )


def _climbs(name: str, scan: str, source: str, check: partial[Verdict], wrong: str) -> Claim:
    """Return the claim about the mean time of local search with restarts; its mutant takes the other improvement."""
    return Claim(
        f"local-search.{name}",
        rf"E\,T = E[\text{{cost of a climb}}] / P(\text{{a climb succeeds}}), \text{{ {scan}}}",
        (NO_TIES,),
        source,
        check,
        Mutant(f"the {wrong} improvement is taken", partial(check, improvement=wrong)),
        optimizers=_LS,
        evidence=BOTH,
        kind="exact law",
    )


CLAIMS = (
    _draws(False, r"\binom{N-K}{t} \Big/ \binom{N}{t}", "negative hypergeometric law: Johnson, Kemp and Kotz 2005"),
    _draws(True, "(1 - K/N)^t", "geometric law"),
    Claim(
        "random-search.single-trainings",
        r"P(T \le t) = 1 - \Bigl(1 - \frac1N \sum_a \frac{\#\{s : f_s(a) \le y\}}{S_a}\Bigr)^t",
        (Assumption("each query is answered by one of the trainings of its architecture, drawn anew"),),
        "a query draws a pair of architecture and training: a geometric law",
        _single_trainings,
        Mutant("the law of a search that sees the best of all trainings", partial(_single_trainings, best_of_all=True)),
        optimizers=("random_search",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "markov.one-plus-one-registered",
        r"P(T \le t) = 1 - \mu_0 Q^{t-1} \mathbf 1",
        (NO_TIES, Assumption("every decision changes with probability 1/d")),
        "phase-type law of the absorbing chain: Neuts 1981",
        _one_plus_one,
        Mutant.by_factor("a mutation rate of {factor:g}/d", lambda c, f: _one_plus_one(c, rate=0.25 * f), 1.6),
        optimizers=("one_plus_one_ea",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "drift.onemax-registered",
        r"E\,T = 1 + \sum_i \binom{d}{i} (1 - \tfrac1k)^i k^{i-d} E_i, \text{ chain on the number of wrong decisions}",
        (Assumption("OneMax, 8 decisions of 3 choices, a uniform start"),),
        "Droste, Jansen and Wegener 2002; the chain is exact by symmetry",
        _onemax,
        Mutant.by_factor("a mutation rate of {factor:g}/d", lambda c, f: _onemax(c, factor=f), 2.5),
        optimizers=("one_plus_one_ea",),
        evidence=BOTH,
        kind="exact law",
    ),
    Claim(
        "drift.onemax-lower-bound-registered",
        r"P(T \le t + 1) \le \sum_m P(m) \bigl(1 - (1 - q)^t\bigr)^m, \quad q = \frac{1}{d (k - 1)}",
        (
            Assumption(
                "OneMax, 8 decisions of 3 choices; m wrong decisions at the start, each of which must be drawn right once"
            ),
        ),
        "coupon collector, as in Droste, Jansen and Wegener 2002; derived here for k choices",
        _onemax_lower,
        Mutant.by_factor("a bound with q times {factor:g}", lambda c, f: _onemax_lower(c, factor=f), 0.2),
        optimizers=("one_plus_one_ea",),
        evidence=BOTH,
        kind="theorem",
    ),
    Claim(
        "drift.onemax-upper-bound-registered",
        r"E\,T \le 1 + d (k - 1) (1 - \tfrac1d)^{1 - d} E[H_m]",
        (Assumption("OneMax, 8 decisions of 3 choices; m wrong decisions at the start"),),
        "fitness levels: Droste, Jansen and Wegener 2002, for k choices",
        _onemax_upper,
        Mutant.by_factor("a bound times {factor:g}", lambda c, f: _onemax_upper(c, factor=f), 0.5),
        optimizers=("one_plus_one_ea",),
        evidence=BOTH,
        kind="theorem",
    ),
    _climbs("steepest-ascent", "all neighbours, then the best", "Wald 1944", _STEEPEST, "first"),
    _climbs(
        "first-improvement", "the first better neighbour", "Wald 1944; scan: negative hypergeometric", _FIRST, "best"
    ),
    Claim(
        "complexity.local-search-scan",
        r"\text{a scan of } x \text{ takes } \sum_e (k_e - 1) \text{ queries, each neighbour once, then moves to the best or restarts}",
        (Assumption('improvement "best"'),),
        "White, Nolen and Savani 2021, algorithm 1",
        _neighbourhood,
        Mutant("a scan that stops one neighbour early", partial(_neighbourhood, algorithm=_EARLY)),
        optimizers=_LS,
        evidence=BOTH,
        kind="software check",
    ),
)
"""Claims about searches whose hitting times are known exactly."""
