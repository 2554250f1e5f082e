"""Stated orders hold, mutants of every kind are caught, and the instruments count what they say.

Operations and memory are the same on every machine. Processor time enters with an allowance of half an order, which no other load
bends it by; a claim that time leaves undecided does not fail.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nasbench.search import gaussian_process
from nasbench.search.operation_counter import counting
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.theory.exact.elitist import hitting_time
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.families.complexity import optimizers, sizes
from nasbench.theory.families.complexity.growth import Order, Slope, check_slopes, geometric, grow
from nasbench.theory.families.complexity.optimizers import ORDERS, QuadraticMemoryMutant, QuadraticTimeMutant
from nasbench.theory.families.complexity.solvers import dense_hitting_time
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Outcome, Verdict
from nasbench.theory.machinery.instrumentation import OperationTally

from registered_optimizers import SLOW

QUICK = {
    "complexity.choices-one-plus-one-ea",
    "complexity.members-nsga2",
    "complexity.objectives-prescreened-nsga2",
    "complexity.architectures-hybrid",
}
"""Of the claims about sizes, one of each size; `nasbench verify` checks all."""

LATER = {claim.name for claim in sizes.CLAIMS} - QUICK
CLAIMS = tuple(claim for claim in registry.select(("complexity",)) if claim.name not in LATER)
MUTANTS = (
    "complexity.random-search",
    "complexity.regularized-evolution",
    "complexity.nsga2",
    "complexity.bohb",
    "complexity.bananas",
    "complexity.gp-bo",
    "complexity.hybrid",
    "complexity.darts-replay",
    "complexity.candidates-nas-bowl",
    "complexity.decisions-npenas",
    "complexity.choices-npenas",
    *sorted(QUICK),
    "complexity.hitting-time-solver",
    "complexity.local-search-solver",
    "complexity.nondominated-sorting",
    "complexity.hypervolume-2d",
    "complexity.archive",
)
"""One of each kind of mutant; `nasbench verify --mutants` goes through all."""


@pytest.fixture(scope="module", autouse=True)
def one_timed_run() -> Iterator[None]:
    """Time is looked at in one run, at all of its sizes; `nasbench verify` takes two. Counts and memory are of a run of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizers, "SEEDS", 1)
        yield


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_claim_is_not_violated(name: str, checked: Callable[[str], registry.Finding]) -> None:
    assert checked(name).verdict.outcome in (Outcome.HOLDS, Outcome.UNDECIDED), checked(name).verdict


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_rejected(name: str, rejected: Callable[[str], tuple[bool, Verdict]]) -> None:
    found, verdict = rejected(name)
    assert found, verdict


def test_every_registered_optimizer_has_a_stated_order() -> None:
    named = {claim.name for claim in CLAIMS}
    assert {size.what for of_one in sizes.SIZES.values() for size in of_one} == {
        "choices", "decisions", "members", "objectives", "architectures",
    }  # fmt: skip
    assert {f"complexity.{name.replace('_', '-')}" for name in {*optimizer_names()} - {*SLOW}} <= named


def test_primitives_record_calls_and_operations() -> None:
    gram, tally = np.eye(4), OperationTally()
    with counting(tally):
        factor = gaussian_process.factorise(gram, 0.1)
        gaussian_process.whiten(factor, np.ones((4, 3)))
        gaussian_process.whiten(factor, np.ones(4))
    gaussian_process.factorise(gram, 0.1)
    assert tally.calls == {"dpotrf": 1, "whiten": 2}
    assert tally.operations == pytest.approx({"dpotrf": 64 / 3, "whiten": 4 * 12 + 4 * 4})
    assert tally.total == pytest.approx(64 / 3 + 64)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_slope_of_a_power_is_the_power(power: float) -> None:
    sizes = geometric(16, 1024)
    slope = Slope.of("", sizes, 3.0 * np.array(sizes, dtype=float) ** power, power)
    assert slope.slope == pytest.approx(power)
    assert slope.upper == pytest.approx(power)
    assert check_slopes([slope], 1).outcome is Outcome.HOLDS
    beyond = Slope.of("", sizes, np.array(sizes, dtype=float) ** (power + 0.2), power)
    assert check_slopes([slope, beyond], 1).outcome is Outcome.VIOLATED


def test_a_slope_that_may_be_either_is_undecided() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array(geometric(16, 1024), dtype=float)
    noisy = Slope.of("", sizes, sizes**1.15 * np.exp(0.3 * rng.standard_normal(len(sizes))), 1.0)
    assert check_slopes([noisy], 1).outcome is Outcome.UNDECIDED


def test_a_power_far_above_what_is_measured_is_vacuous_and_a_power_of_zero_is_not() -> None:
    at = np.array(geometric(16, 1024), dtype=float)
    flat, memory = Slope.of("time", at, np.ones(len(at)), 0.0), Slope.of("memory", at, at, 1.0)
    assert check_slopes([flat, memory], 1).outcome is Outcome.HOLDS
    assert check_slopes([replace(flat, stated=1.0), memory], 1).outcome is Outcome.VACUOUS
    assert check_slopes([replace(flat, stated=1.0), Slope.of("operations", at, at, 1.0)], 1).outcome is Outcome.HOLDS


def test_a_logarithm_is_within_the_slack_and_half_an_order_is_not() -> None:
    sizes = np.array(geometric(256, 8192), dtype=float)
    assert check_slopes([Slope.of("", sizes, sizes * np.log(sizes), 1.0)], 1).outcome is Outcome.HOLDS
    assert check_slopes([Slope.of("", sizes, sizes**1.5, 1.0)], 1).outcome is Outcome.VIOLATED


def test_counts_are_the_same_twice_and_memory_tracing_ends() -> None:
    order = Order(time=1, memory=0, reason="", sizes=(40, 80, 160))
    first, second = (grow(get_optimizer("regularized_evolution"), order, 3) for _ in range(2))
    assert first.queries.tolist() == [40, 80, 160]
    assert np.array_equal(first.operations, second.operations)
    assert not tracemalloc.is_tracing()
    plain = grow(get_optimizer("regularized_evolution"), order, 3, instruments=False)
    assert (np.diff(plain.seconds) > 0).all()


@pytest.mark.parametrize("wrapper", [QuadraticTimeMutant, QuadraticMemoryMutant])
def test_mutants_search_as_the_original(wrapper: Any) -> None:
    order = ORDERS["random_search"]
    plain, mutant = (
        grow(get_optimizer("random_search"), order, 1),
        grow(get_optimizer("random_search"), order, 1, wrapper),
    )
    assert np.array_equal(plain.queries, mutant.queries)
    spent = "operations" if wrapper is QuadraticTimeMutant else "memory"
    assert getattr(mutant, spent)[-1] > 10 * getattr(plain, spent)[-1]


def test_the_dense_mutant_solves_the_same_chain() -> None:
    landscape = Landscape(np.random.default_rng(0).random(48), (2, 2, 2, 2, 3))
    assert 1 + dense_hitting_time(landscape) == pytest.approx(hitting_time(landscape).mean[landscape.order][1:])
