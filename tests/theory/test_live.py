"""Claims about live training: those whose check takes a second or so, what happens without torch, and parts of their mathematics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nasbench.errors import MissingExtraError
from nasbench.theory.families.live import CLAIMS as LIVE
from nasbench.theory.families.live import SEARCHERS
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Context, Outcome, Verdict

torch = pytest.importorskip("torch", reason="needs the extra live")

QUICK = (
    "discretisation-gap",
    "straight-through-law",
    "gaea-proximal",
    "hybrid-supernet-proximal",
    "hybrid-supernet-paths",
    "adam-step",
    "selection-optimism",
    "selection-law",
)
CLAIMS = tuple(claim for claim in LIVE if claim.name.removeprefix("live.") in QUICK)


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_the_claim_holds(name: str, checked: Callable[[str], registry.Finding]) -> None:
    assert checked(name).verdict.outcome is Outcome.HOLDS, checked(name).verdict


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS])
def test_the_mutant_is_rejected(name: str, rejected: Callable[[str], tuple[bool, Verdict]]) -> None:
    caught, verdict = rejected(name)
    assert caught, verdict


def test_the_names_of_searchers_are_those_of_the_catalogue() -> None:
    from nasbench.live.searchers.catalogue import searcher_names

    assert set(SEARCHERS) == set(searcher_names())


def test_claims_that_need_torch_are_left_out_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.left_out() == []
    monkeypatch.setitem(registry.NEEDS, "live", "smac_that_is_missing")  # type: ignore[attr-defined]
    monkeypatch.setattr("nasbench.extras.PACKAGES", {"smac_that_is_missing": ("live", "torch")})
    monkeypatch.setattr(registry, "PACKAGES", {"smac_that_is_missing": ("live", "torch")})
    monkeypatch.setattr(registry, "all_claims", dict)
    (told,) = registry.left_out()
    assert "family live" in told and "nas-verify[live]" in told
    for name in ("live", "live.adam-step"):
        with pytest.raises(MissingExtraError, match="torch"):
            registry.select([name])


def test_optimism_of_two_cells_by_enumeration() -> None:
    """Three examples drawn from four, all 64 samples equally likely."""
    from nasbench.theory.families.live.selection import expected_optimism

    wrong = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]])
    values = []
    for sample in np.ndindex(4, 4, 4):
        seen = wrong[:, list(sample)].mean(axis=1)
        chosen = int(seen.argmin())
        values.append(wrong.mean(axis=1)[chosen] - seen[chosen])
    mean, variance = expected_optimism(wrong, 3)
    assert mean == pytest.approx(np.mean(values)) and variance == pytest.approx(np.var(values))


def test_without_a_kink_the_quotient_is_the_product_and_with_softplus_it_is_nearly() -> None:
    from nasbench.theory.families.live.hypergradient import SupernetLine, darts

    found = darts(Context(), "test")
    line = SupernetLine(found, found.train[1], found.search[1])
    radius = line.smooth_radius()
    exact = line.derivative(0.0)
    assert float((line.quotient(radius) - exact).norm() / exact.norm()) < 1e-5
    assert list(line.kinks(-radius, radius, radius / 100)) == []
    assert len(list(line.kinks(-0.01, 0.01, 1e-4))) > 0
