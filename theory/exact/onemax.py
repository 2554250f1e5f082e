"""Separable OneMax on d decisions of k choices: the (1+1)-EA seen through the number of wrong decisions.

By symmetry the number of wrong decisions is itself a Markov chain: each wrong one becomes right with probability p /
(k - 1), each right one becomes wrong with probability p, all independent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def transitions(decisions: int, choices: int) -> Floats:
    """Return the chain of the elitist (1+1)-EA at rate 1/d over 0..d wrong decisions, shape (d + 1, d + 1)."""
    from scipy.stats import binom

    n, p = decisions, 1 / decisions
    chain = np.zeros((n + 1, n + 1))
    for wrong in range(n + 1):
        repaired = binom.pmf(np.arange(wrong + 1), wrong, p / (choices - 1))
        broken = binom.pmf(np.arange(n - wrong + 1), n - wrong, p)
        # number wrong afterwards, from n - wrong broken and `wrong` repaired; only less is accepted
        after = np.convolve(repaired[::-1], broken)
        chain[wrong, :wrong] = after[:wrong]
        chain[wrong, wrong] = 1 - after[:wrong].sum()
    return chain


def steps(chain: Floats) -> Floats:
    """Return the expected steps to state 0 from every state of a chain that never moves up, shape (d + 1,)."""
    expected = np.zeros(len(chain))
    for state in range(1, len(chain)):
        expected[state] = (1 + chain[state, :state] @ expected[:state]) / chain[state, :state].sum()
    return expected


def drift(chain: Floats) -> Floats:
    """Return the expected decrease in one step from every state, shape (d + 1,)."""
    return np.arange(len(chain)) - chain @ np.arange(len(chain))


def survival(chain: Floats, start: int, times: NDArray[np.intp]) -> Floats:
    """Return P(steps to 0 > t) for each of `times`, from `start`."""
    law = np.zeros(len(chain))
    law[start] = 1
    tail = np.empty(int(times.max()) + 1)
    for t in range(len(tail)):
        tail[t] = 1 - law[0]
        law = law @ chain
    return tail[times]


def uniform_start(decisions: int, choices: int) -> Floats:
    """Return the law of the number of wrong decisions of a uniform architecture, shape (d + 1,)."""
    from scipy.stats import binom

    return np.asarray(binom.pmf(np.arange(decisions + 1), decisions, 1 - 1 / choices))


def laws(chain: Floats, start: Floats, queries: int) -> Floats:
    """Return the law of the number of wrong decisions of the parent after 1, 2, ... queries, shape (queries, d + 1)."""
    found = np.empty((queries, len(chain)))
    for query in range(queries):
        found[query] = start
        start = start @ chain
    return found
