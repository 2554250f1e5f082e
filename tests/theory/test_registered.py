"""Claims about registered optimizers: each holds, each mutant is rejected, each runs the optimizer that it names, and none is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nasbench.search.registry import get_optimizer
from nasbench.theory.coverage import ASPECTS, CoverageRow, coverage, coverage_row
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.families.live import SEARCHERS
from nasbench.theory.families.registered import CLAIMS as REGISTERED
from nasbench.theory.families.registered import ageing, annealing, differential_evolution, halving, policies
from nasbench.theory.machinery import registered_runs
from nasbench.theory.machinery.claim import ALPHA, Claim, Context, Evidence, Outcome
from nasbench.theory.machinery.detection_limit import is_rejected
from nasbench.theory.machinery.registry import all_claims, verify

LEVEL = ALPHA / 300
SLOW = {
    "invariance.unit-optuna-gp", "complexity.fits-optuna-gp", "nsga2.registered-spread", "sms-emoa.spread", "nsga3.keeps-one-min-max",
    "model-based.bohb-random-fraction", "model-based.tpe-law", "local-search.steepest-ascent", "local-search.first-improvement",
    "halving.survival-cifar10", "convergence.design-tpe", "convergence.design-motpe", "convergence.design-optuna-gp",
    "invariance.unit-weaknas", "invariance.unit-prescreened-nsga2", "halving.asha-wrong-promotions", "drift.onemax-registered",
    "nsga2.registered-keeps-lotz", "sms-emoa.keeps-lotz", "sms-emoa.keeps-one-min-max", "model-based.bohb-law", "complexity.fits-weaknas",
    "halving.consistent-successive-halving", "halving.consistent-hyperband", "pareto.extremes-sms-emoa", "markov.one-plus-one-registered",
    "annealing.hajek-depth-of-tables", "random-search.single-trainings",
}  # fmt: skip
"""Left to `nasbench verify --all`, which takes half a second or more for each."""

ELSEWHERE = ("random-search", "markov", "drift", "evolution", "pareto", "complexity")
"""Families that other modules check."""

CLAIMS = tuple(claim for claim in REGISTERED if claim.name not in SLOW and claim.family not in ELSEWHERE)


@pytest.fixture(scope="module")
def findings() -> dict[str, Outcome]:
    return {f.claim.name: f.verdict.outcome for f in verify(CLAIMS)}


@pytest.fixture(scope="module")
def table() -> list[CoverageRow]:
    return list(coverage())


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_claim_holds(name: str, findings: dict[str, Outcome]) -> None:
    assert findings[name] is Outcome.HOLDS


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_mutant_is_rejected(claim: Claim) -> None:
    assert is_rejected(claim.mutant.check(Context()), LEVEL)


def test_no_row_of_the_coverage_table_is_empty(table: list[CoverageRow]) -> None:
    assert [row.optimizer for row in table if row.installed and row.is_empty] == []
    assert {row.aspect for row in table} == set(ASPECTS)
    assert len({row.optimizer for row in table if row.installed}) >= 30


def test_every_optimizer_is_run_as_registered_for_both_aspects(table: list[CoverageRow]) -> None:
    assert [(row.optimizer, row.aspect) for row in table if row.installed and not row.shipped] == []


def test_every_row_has_an_exact_claim(table: list[CoverageRow]) -> None:
    assert [(row.optimizer, row.aspect) for row in table if row.installed and not row.exact] == []


def test_a_row_counts_claims_or_names_them(table: list[CoverageRow]) -> None:
    row = next(one for one in table if one.optimizer == "tpe" and one.aspect == "convergence")
    assert coverage_row(row)["shipped_run"] == len(row.shipped)
    assert "model-based.tpe-law" in coverage_row(row, whole=True)["exact"].split()


def test_claims_name_registered_optimizers() -> None:
    for claim in all_claims().values():
        for name in claim.optimizers:
            assert name in SEARCHERS or get_optimizer(name)


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    names: set[str] = set()

    def spy(name: str) -> Any:
        names.add(name)
        return get_optimizer(name)

    for module in (registered_runs, differential_evolution, policies):
        monkeypatch.setattr(module, "get_optimizer", spy)
    yield names


def test_what_is_said_to_run_the_registered_optimizer_does(looked_up: set[str]) -> None:
    for claim in REGISTERED:
        if (
            claim.name not in SLOW
            and claim.name.startswith(("evolution", "halving", "policy", "quantum"))
            and Evidence.SHIPPED in claim.evidence
        ):
            looked_up.clear()
            claim.check(Context())
            assert set(claim.optimizers) <= looked_up or claim.name == "halving.dehb-crossover-law", claim.name


def test_claims_about_registered_optimizers_are_theorems_or_laws_for_the_most_part() -> None:
    kinds = [claim.kind for claim in all_claims().values()]
    assert len(kinds) >= 150
    assert sum(kind in ("theorem", "exact law") for kind in kinds) >= 90


def test_law_of_two_members_by_enumeration() -> None:
    """One decision of two choices: the child is the other choice, so that every second query is new."""
    table = Landscape(np.array([0.0, 1.0]), (2,))
    assert ageing.hitting_law(table, 1, 3, 2) == pytest.approx([1 / 2, 3 / 4, 1.0])


def test_survival_by_enumeration() -> None:
    """Three architectures, two draws, one kept: all nine pairs."""
    cheap, full = Landscape(np.array([1.0, 0.0, 2.0]), (3,)), Landscape(np.array([0.0, 1.0, 2.0]), (3,))
    pairs = [(a, b) for a in range(3) for b in range(3)]
    survived = [min((a, b), key=lambda x: cheap.rank[x]) == min((a, b), key=lambda x: full.rank[x]) for a, b in pairs]
    assert halving.survival_probability(cheap, full, 2, 1) == pytest.approx(np.mean(survived))


@pytest.mark.parametrize(("values", "deep"), [([0.0, 3.0, 1.0], 2.0), ([0.0, 1.0, 2.0], 0.0), ([1.0, 5.0, 0.0], 4.0)])
def test_depth_of_a_path(values: list[float], deep: float) -> None:
    around = np.array([[1, 1], [0, 2], [1, 1]])
    assert annealing.depth(np.array(values), around) == deep


def test_query_laws_are_laws() -> None:
    laws = annealing.query_laws(0.5, 0.4, 4, 20)
    assert laws.sum(axis=1) == pytest.approx(1)
    assert (laws >= 0).all()


def test_a_minimum_behind_a_summit_needs_the_whole_rise() -> None:
    around, values = np.array([[1, 1], [0, 2], [1, 1]]), np.array([0.0, 3.0, 1.0])
    assert annealing.escapes(values, around, 2.0)
    assert not annealing.escapes(values, around, 1.9)


@pytest.mark.parametrize("check", [ageing.CLAIMS[1].check, halving.CLAIMS[0].check])
def test_checks_depend_on_the_seed_alone(check: Callable[[Context], Any]) -> None:
    assert check(Context(3)) == check(Context(3))
