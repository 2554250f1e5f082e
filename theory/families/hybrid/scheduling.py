"""The scheduler: selection probabilities never fall below the floor, so waiting times are at most geometric.

Adaptive pursuit moves every probability to a convex combination of itself and a target of at least the floor (Thierens
2005), which keeps probabilities at or above the floor for every sequence of rewards; the targets sum to one, so the
probabilities do, too.
"""

from __future__ import annotations

import numpy as np

from nasbench.hybrid.scheduler import AdaptivePursuit
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Mutant, Verdict, at_most, by_p_value
from nasbench.theory.machinery.statistical_checks import tail_p_value

FLOOR = 0.15
NAMES = ("surrogate", "evolution", "relaxation")
THIERENS = "Thierens 2005 (adaptive pursuit)"


def _floor(context: Context, floor: float = FLOOR) -> Verdict:
    """Bound the deepest fall below the floor, and the deviation of the sum of the probabilities from one."""
    rng = context.rng("hybrid.floor")
    deepest, drift, rewards = 0.0, 0.0, 0
    for _ in range(40):
        shares = dict(zip(NAMES, rng.dirichlet(np.full(3, 0.2)) + 1e-9, strict=True))
        scheduler = AdaptivePursuit(
            shares, rng, min_probability=floor, learning_rate=float(rng.choice([0.05, 0.5, 1.0]))
        )
        favourite = NAMES[rng.integers(3)]
        adversarial = rng.random() < 0.5
        for name in rng.choice(NAMES, size=200):
            scheduler.reward(str(name), float(name == favourite) if adversarial else float(rng.random()))
            deepest = max(deepest, FLOOR - min(scheduler.probabilities.values()))
            drift = max(drift, abs(sum(scheduler.probabilities.values()) - 1))
            rewards += 1
    note = f"deepest fall below the floor {FLOOR}, or drift of the sum"
    return at_most(max(deepest, drift), 1e-12, rewards, note=note)


def _waiting(context: Context, floor: float = FLOOR) -> Verdict:
    """Test the distribution of the waiting times of an operator that never earns a reward while the others always do."""
    waits_wanted, longest = 2_000, 60
    scheduler = AdaptivePursuit(
        dict.fromkeys(NAMES, 1.0), context.rng("hybrid.waiting"), min_probability=floor, learning_rate=0.05
    )
    waits, wait = list[int](), 0
    while len(waits) < waits_wanted:
        wait += 1
        name = scheduler.select()
        scheduler.reward(name, float(name != "evolution"))
        if name == "evolution" or wait == longest:
            waits.append(wait if name == "evolution" else longest + 1)
            wait = 0
    times = np.arange(longest + 1)
    seen = (np.array(waits)[:, None] > times).mean(axis=0)
    bound = (1 - FLOOR) ** times
    worst = int((seen - bound).argmax())
    p_value = tail_p_value(seen, bound, waits_wanted)
    note = f"P(wait > {worst}), of an operator that never earns a reward; mean wait {np.mean(waits):.2f}, at most {1 / FLOOR:.2f}"
    return by_p_value(p_value, float(seen[worst]), float(bound[worst]), waits_wanted, note=note)


CLAIMS = (
    Claim(
        "hybrid.scheduler-floor",
        r"p_i(t) \ge p_{\min} \text{ and } \sum_i p_i(t) = 1 \text{ for every sequence of rewards}",
        (Assumption("the floor is at most one divided by the number of operators"),),
        THIERENS,
        _floor,
        Mutant.by_factor("the floor", lambda context, factor: _floor(context, factor * FLOOR), 0.0),
    ),
    Claim(
        "hybrid.scheduler-waiting",
        r"P(\text{operator } i \text{ is not asked for } t \text{ later queries}) \le (1 - (1-u)\,p_{\min})^t \to 0",
        (Assumption("checked at u = 0: uniform queries are independent of the scheduler's own random numbers"),),
        THIERENS + "; Borel-Cantelli: asked infinitely often",
        _waiting,
        Mutant.by_factor("the floor", lambda context, factor: _waiting(context, factor * FLOOR), 0.0),
        kind="theorem",
    ),
)
"""Who proposes."""
