r"""What the curves of weight-sharing searches may look like: losses that fall in expectation, and entropies within reach of the steps.

Losses. Let F_e be the mean training loss of epoch e. Within the stability limit of SGD the descent lemma gives E[F_{e+1} | past] <= F_e:
F is a non-negative supermartingale. For every share l <= 1 and c > 0 so is the wealth of a bet against it,

    M_e = prod_{i<e} (1 + l (F_{i+1} - F_i) / max(F_i, c)),

since no factor is negative, and Ville's inequality bounds P(sup_e M_e >= 1/p) by p, for a mean of bets with several shares and for runs
one after the other too. A search whose losses rise makes its adversary rich; one whose losses do not change says nothing.

Entropies. Whatever the gradients, t steps of the architecture's optimizer move the logarithms of two choices of a simplex apart by at most a
number s_t that follows from its learning rate. The entropy of a simplex of k choices is then at least the least over m of that with m
choices e^s times as probable as the others; an entropy below it is not that of the algorithm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.experiment.study_config import experiment_config
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers.loop import SupernetSearch
from nasbench.live.tasks.catalogue import get_task
from nasbench.theory.families.live.estimators import largest_step
from nasbench.theory.families.live.small_search import small_search
from nasbench.theory.machinery.claim import ALPHA, Context, Outcome, Verdict, all_at_most, by_p_value, not_judged
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns

Floats = NDArray[np.float64]
Curve = Sequence[Mapping[str, Any]]

SHARES = (0.25, 0.5, 1.0)
"""Shares of its wealth that the adversary bets, with a third of it each."""
FLOOR = 0.05
"""Share of a run's first loss below which changes are no longer taken in proportion to the loss."""
START = 6.5e-3
"""Largest logit at the start, of which each is normal with deviation 1e-3: exceeded with probability 1e-10."""
ADAM: Mapping[str, float] = {"darts": 3e-4, "drnas": 3e-4, "gdas": 3e-4, "pc_darts": 6e-4}
"""Learning rate of the logits of searchers that move them by Adam, where no other is set."""
ROUNDING = 1e-5
"""Of a recorded entropy, in nats: of float32, with a margin."""


def log_wealth(losses: Floats, left: float = 1.0) -> Floats:
    """Return the logarithm of each adversary's wealth after each epoch but the first, `(shares, epochs - 1)`.

    Args:
        losses: of one run, `(epochs,)`, not negative.
        left: the share of a loss that is said to be left after another epoch, at most; 1 for a loss that falls.
    """
    allowed = left * losses[:-1]
    gain = (losses[1:] - allowed) / np.maximum(allowed, max(FLOOR * float(losses[0]), np.finfo(float).tiny))
    with np.errstate(divide="ignore"):
        return np.cumsum(np.log1p(np.maximum(np.array(SHARES)[:, None] * gain, -1.0)), axis=1)


def p_value_of_rise(runs: Sequence[Floats], left: float = 1.0) -> float:
    """Return the p-value of losses `(epochs,)` of independent runs that fall in expectation, by Ville's inequality."""
    wealth, largest = np.zeros(len(SHARES)), 1.0
    for losses in runs:
        path = wealth[:, None] + log_wealth(losses, left)
        largest = max(largest, float(np.exp(path).mean(axis=0).max(initial=0.0)))
        wealth = path[:, -1] if path.shape[1] else wealth
    return 1.0 / largest


def judge_descent(runs: Sequence[Floats], left: float = 1.0) -> Verdict:
    """Test that losses fall in expectation; undecided where they would not be rejected backwards either."""
    ratios = [later / max(before, 1e-12) for losses in runs for before, later in pairwise(losses)]
    seen = float(np.median(ratios))
    backwards = p_value_of_rise([losses[::-1] for losses in runs], left)
    note = (
        f"median ratio of a loss to that of the epoch before, {sum(map(len, runs))} epochs; p {backwards:.2g} backwards"
    )
    verdict = by_p_value(p_value_of_rise(runs, left), seen, left, len(runs), note=note)
    shown = verdict.if_shown(backwards <= ALPHA)
    return replace(shown, restated=lambda factor: judge_descent(runs, factor * left))


def check_descent_in_expectation(context: Context, left: float = 1.0, epochs: int = 8) -> Verdict:
    """Train supernets from several seeds and test their losses; a mutant says that less is left of a loss after an epoch."""
    rng, curves = context.rng("live.descent-in-expectation"), []
    for name in ("gaea", "darts"):
        search = small_search(rng, name, epochs=epochs, batches=6, channels=8, learning_rate=0.05, double=False)
        result = SupernetSearch(search.searcher, search.task, search.splits).run()
        curves.append(np.array([row["train_loss"] for row in result.curve]))
    return judge_descent(curves, left)


def descent_on_traces(runs: OptimizerRuns, context: Context) -> Verdict | None:
    """Test the recorded training losses of all runs of a searcher."""
    losses = [np.array([row["train_loss"] for row in curve], dtype=float) for curve in runs.curves]
    long = [one for one in losses if len(one) > 1]
    if not long:
        return not_judged(Outcome.UNDECIDED, "no run has two epochs or more", n=runs.count)
    return judge_descent(long)


def least_entropy(k: int, spread: float) -> float:
    """Return the least entropy of k choices of which none is more than e^spread times as probable as another, in nats."""
    if k < 2:
        return 0.0
    m = np.arange(1, k)
    light = math.exp(-spread)
    total = m + (k - m) * light
    return float((np.log(total) + (k - m) * light * spread / total).min())


def spread_of(entropy: float, choices: Sequence[int]) -> float:
    """Return the least spread of the logarithms of probabilities at which simplices may have this mean entropy; infinite where none is enough."""

    def excess(spread: float) -> float:
        return float(np.mean([least_entropy(k, spread) for k in choices])) - entropy

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, 700.0)) if excess(700.0) < 0 else math.inf


def allowed_spread(name: str, options: Mapping[str, Any], steps: int, whole: int) -> float | None:
    """Return how far apart the logarithms of two choices can be after some steps of a searcher, None where nothing bounds its steps.

    Args:
        name: of the searcher.
        options: of the searcher, where they are not the defaults.
        steps: made.
        whole: of the whole search.
    """
    if name == "rsps":
        return 0.0
    if name == "hybrid_supernet":
        # The largest deviation of a derivative from the mean of its decision is scaled to one, and the uniform part brings choices nearer.
        moves = steps // int(options.get("gradient_interval", 2)) if options.get("use_gradient", True) else 0
        return 2.0 * float(options.get("eg_learning_rate", 0.1)) * moves
    if name not in ADAM:
        return None
    first = math.floor(float(options.get("warmup", 0.3)) * whole) if name == "pc_darts" else 0
    rate = float(options.get("arch_learning_rate", ADAM[name]))
    reach = START + rate * sum(largest_step(t) for t in range(1, steps - first + 1))
    # DrNAS has concentrations elu(alpha) + 1: e^alpha below zero, 1 + alpha above.
    return reach + math.log1p(reach) if name == "drnas" else 2.0 * reach


def judge_entropies(curves: Sequence[Curve], choices: Sequence[int], allowed: Sequence[float], note: str) -> Verdict:
    """Compare the spread that each recorded entropy needs with the allowed one of its epoch, `(epochs,)`."""
    seen, bounds = [], []
    for curve in curves:
        for row, most in zip(curve, allowed, strict=False):
            seen.append(spread_of(float(row["entropy"]) + ROUNDING, choices))
            bounds.append(most)
    if not any(seen):
        still = max(bounds) == 0.0
        outcome = Outcome.HOLDS if still else Outcome.UNDECIDED
        told = (
            "the entropy stays that of the uniform point"
            if still
            else "no entropy differs from that of the uniform point"
        )
        return replace(all_at_most(seen, bounds, note=f"{told}; {note}"), outcome=outcome)
    told = f"largest distance of the logarithms of two choices, by the entropy; {note}"
    verdict = all_at_most(seen, bounds, vacuous_beyond=10.0, note=told)
    return replace(verdict, restated=lambda f: judge_entropies(curves, choices, [f * b for b in allowed], note))


def check_entropy_floor(context: Context, rate: float = 1.0, epochs: int = 4) -> Verdict:
    """Search with large steps and compare the entropies with those within reach; a mutant states another learning rate."""
    rng, verdicts = context.rng("live.entropy-floor"), []
    for name, options in (
        ("hybrid_supernet", {"eg_learning_rate": 0.2, "gradient_interval": 1}),
        ("darts", {"arch_learning_rate": 0.2}),
        ("drnas", {"arch_learning_rate": 0.2}),
    ):
        search = small_search(rng, name, options, epochs=epochs, batches=2, double=False)
        curve = SupernetSearch(search.searcher, search.task, search.splits).run().curve
        stated = {key: rate * value if key.endswith("rate") else value for key, value in options.items()}
        allowed = [allowed_spread(name, stated, 2 * (e + 1), 2 * epochs) or 0.0 for e in range(epochs)]
        verdicts.append(judge_entropies([curve], search.searcher.networks.cardinalities, allowed, name))
    return max(verdicts, key=lambda v: v.statistic / v.bound)


def entropy_floor_on_traces(runs: OptimizerRuns, context: Context) -> Verdict | None:
    """Compare the recorded entropies of all runs of a searcher with those within reach."""
    config = config_of(runs)
    try:
        examples = len(get_task(config.task).load().reduced(*config.subset_size).train)
    except NasbenchError as fault:
        return not_judged(Outcome.UNDECIDED, f"the number of training examples is not known: {fault}", n=runs.count)
    per_epoch = max(examples // config.supernet.batch_size, 1)
    longest = max(map(len, runs.curves))
    whole = per_epoch * config.supernet.epochs
    options, name = config.optimizer_params, runs.entry.name
    allowed = [allowed_spread(name, options, per_epoch * (e + 1), whole) for e in range(longest)]
    stated = [most for most in allowed if most is not None]
    if not stated:
        return None
    networks = get_cell_networks(config.space)
    choices = networks.make_space().cardinalities if name == "hybrid_supernet" else networks.cardinalities
    return judge_entropies(runs.curves, [int(k) for k in choices], stated, f"{per_epoch} steps an epoch")


def config_of(runs: OptimizerRuns) -> ExperimentConfig:
    """Return the configuration of the first of some live runs."""
    wanted = (runs.benchmark, runs.entry.label)
    unit = next(u for u in runs.study.units() if u.method is not None and (u.problem, u.label) == wanted)
    return experiment_config(runs.study, unit)
