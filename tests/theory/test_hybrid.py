"""Each claim about the hybrid has its outcome and its mutant is rejected; the bounds against exhaustive computation.

Seeds are fixed; with Holm over the whole call the probability that fresh seeds would fail is at most 0.05.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest

from nasbench.hybrid.enumeration import enumerate_space
from nasbench.theory.exact.elitist import hitting_time as exact_time
from nasbench.theory.families.hybrid.mutants import AdversarialChoices
from nasbench.theory.families.hybrid.portfolio import with_trap
from nasbench.theory.families.hybrid.tail import survival
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Outcome, Verdict
from nasbench.theory.machinery.testbed import hitting_time, iterate, make_hybrid, make_space, random_landscape, trap

CLAIMS = registry.select(("hybrid",))
NOT_PROVED = {"hybrid.portfolio-as-built"}


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_claim_holds(name: str, checked: Callable[[str], registry.Finding]) -> None:
    expected = Outcome.NOT_PROVED if name in NOT_PROVED else Outcome.HOLDS
    assert checked(name).verdict.outcome is expected, checked(name).verdict
    assert checked(name).passed


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_mutant_is_rejected(name: str, rejected: Callable[[str], tuple[bool, Verdict]]) -> None:
    found, verdict = rejected(name)
    assert found, verdict


def test_full_exploration_is_random_search_without_replacement() -> None:
    """With u = 1 the bound is the negative hypergeometric law, here counted over all orders of six with two targets."""
    orders = list(permutations(range(6)))
    first = np.array([min(order.index(0), order.index(1)) + 1 for order in orders])
    for initial in (0, 2, 5):
        exact = [(first > t).mean() for t in range(6)]
        assert survival(6, 2, initial, 1.0) == pytest.approx(exact, abs=1e-12)


def test_survival_by_hand() -> None:
    # One of four: missed by one initial draw (3/4), then by uniform draws of chance 1/2 among 3, 2 and 1.
    assert survival(4, 1, 1, 0.5) == pytest.approx([1, 3 / 4, 3 / 4 * 5 / 6, 3 / 4 * 5 / 6 * 3 / 4, 0])


@pytest.mark.parametrize("exploration", [0.0, 0.1, 1.0])
def test_survival_falls_and_ends_at_zero(exploration: float) -> None:
    left = survival(50, 3, 4, exploration)
    assert len(left) == 50 - 3 + 2
    assert (np.diff(left) <= 0).all()
    assert left[-1] == 0


def test_the_trap_is_second_and_the_private_algorithm_leaves_it() -> None:
    landscape = with_trap()
    assert landscape.order[0] == landscape.size - 1
    assert landscape.order[1] == 0
    # From the trap both decisions must change, each to the one right choice: (1/2 1/3)^2.
    assert exact_time(landscape).mean[0] == pytest.approx(1 + 36)


def test_unordered_space_has_one_class_for_each_multiset() -> None:
    enumeration = enumerate_space(make_space(3, 4, unordered=True), True)
    assert enumeration is not None
    assert len(enumeration) == len({tuple(sorted(a)) for a in make_space(3, 4).all.tolist()}) == 20


def test_trap_falls_away_from_its_optimum() -> None:
    space = make_space(3, 3)
    values = trap(space.all, 3)[:, 0]
    assert space.all[values.argmin()].tolist() == [2, 2, 2]
    one_off = space.neighbours(np.full(3, 2, dtype=np.int8))
    assert (trap(one_off, 3) == 3).all()


def test_iteration_stops_at_its_limit_and_where_nothing_is_left() -> None:
    space = make_space(2, 3)
    function = random_landscape(0, space)
    optimizer = make_hybrid(np.random.default_rng(0), space, use_surrogate=False)
    assert len(list(iterate(optimizer, function, 5))) == 5
    assert len(list(iterate(optimizer, function))) == 9 - 5


def test_hitting_time_is_infinite_without_a_target() -> None:
    space = make_space(2, 3)
    optimizer = make_hybrid(np.random.default_rng(0), space, use_surrogate=False)
    assert np.isinf(hitting_time(optimizer, random_landscape(0, space), set()))


def test_adversarial_choices_stay_pruned() -> None:
    target = np.array([2, 2], dtype=np.int8)
    active = AdversarialChoices(
        np.ones((2, 3), dtype=bool), target=target, patience=1, threshold=0.0, min_probability=0.0
    )
    assert not active.record_outcome(improved=False)
    assert active.contains(make_space(2, 3).all).sum() == 4
    assert not active.allowed[:, 2].any()
