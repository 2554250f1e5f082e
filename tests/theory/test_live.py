"""Claims about live training: those whose check takes a second or so, what happens without torch, and parts of their mathematics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from nasbench.errors import MissingExtraError
from nasbench.study.toml import parse_study
from nasbench.theory.families.live import CLAIMS as LIVE
from nasbench.theory.families.live import SEARCHERS
from nasbench.theory.machinery import registry
from nasbench.theory.machinery.claim import Context, Outcome, Verdict
from nasbench.theory.machinery.optimizer_runs import OptimizerRuns

torch = pytest.importorskip("torch", reason="needs the extra live")

from nasbench.live.searchers.searcher import LogitSearcher  # noqa: E402
from nasbench.theory.families.live.recorded import (  # noqa: E402
    ADAM,
    START,
    allowed_spread,
    least_entropy,
    p_value_of_rise,
    spread_of,
)
from nasbench.theory.families.live.small_search import small_search  # noqa: E402

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


LIVE_STUDY = """
name = "recorded"
seed = 0
runs = 3
problems = ["live/digits"]
objectives = ["error"]
split = "validation"
epochs = "longest"
training_seed = "random"
repeat_policy = "cache"
budget = { queries = 8 }
methods = [
    { name = "darts" },
    { name = "gaea" },
    { name = "hybrid_supernet" },
    { name = "rsps" },
    { name = "drnas", settings = { arch_learning_rate = 0.1 } },
    { name = "pc_darts", settings = { warmup = 1.0, arch_learning_rate = 0.1 } },
]
"""
UNIFORM = float(np.log(5))


@pytest.fixture(scope="module")
def recorded() -> dict[str, OptimizerRuns]:
    """Return three runs of each searcher with losses that fall and entropies of the uniform point, which nobody trained."""
    study = parse_study(LIVE_STUDY, "test")
    curve = [{"train_loss": 2.0 / (epoch + 1), "entropy": UNIFORM} for epoch in range(6)]
    index = np.zeros((3, 6), dtype=np.intp)
    return {
        entry.name: OptimizerRuns(study, "live/digits", entry, index, np.zeros((3, 6, 1)), curves=(curve,) * 3)
        for entry in study.methods
    }


def judged(runs: OptimizerRuns, claim: str) -> Outcome | None:
    check = registry.find(f"live.{claim}").trace_check
    assert check is not None
    verdict = check(runs, Context())
    return None if verdict is None else verdict.outcome


def changed(runs: OptimizerRuns, **values: Sequence[float]) -> OptimizerRuns:
    rows = tuple(
        [{**row, **{name: given[e] for name, given in values.items()}} for e, row in enumerate(curve)]
        for curve in runs.curves
    )
    return replace(runs, curves=rows)


def test_recorded_losses_that_rise_are_caught_and_those_that_stay_say_nothing(
    recorded: dict[str, OptimizerRuns],
) -> None:
    for runs in recorded.values():
        assert judged(runs, "descent-in-expectation") is Outcome.HOLDS
        rising = changed(runs, train_loss=[2.0 / (6 - epoch) for epoch in range(6)])
        assert judged(rising, "descent-in-expectation") is Outcome.VIOLATED
        assert judged(changed(runs, train_loss=[2.0] * 6), "descent-in-expectation") is Outcome.UNDECIDED
    short = replace(runs, curves=(runs.curves[0][:1],))
    assert judged(short, "descent-in-expectation") is Outcome.UNDECIDED
    assert judged(replace(runs, curves=()), "descent-in-expectation") is None


@pytest.mark.parametrize(
    ("name", "within", "beyond"),
    [("darts", 1e-3, 0.1), ("hybrid_supernet", 0.1, 0.5), ("drnas", 0.5, 1.6), ("rsps", 0.0, 1e-3), ("pc_darts", 1e-8, 1e-3)],
)  # fmt: skip
def test_an_entropy_out_of_reach_of_the_steps_is_caught(
    recorded: dict[str, OptimizerRuns], name: str, within: float, beyond: float
) -> None:
    """What the sixth epoch may have lost is more than the first may."""
    runs = recorded[name]
    late = changed(runs, entropy=[UNIFORM] * 5 + [UNIFORM - within])
    assert judged(late, "entropy-floor") in (Outcome.HOLDS, Outcome.VACUOUS, Outcome.UNDECIDED)
    early = changed(runs, entropy=[UNIFORM - beyond] + [UNIFORM] * 5)
    assert judged(early, "entropy-floor") is Outcome.VIOLATED


def test_of_the_entropy_of_gaea_nothing_is_said(recorded: dict[str, OptimizerRuns]) -> None:
    assert allowed_spread("gaea", {}, 10, 100) is None
    assert "gaea" not in registry.find("live.entropy-floor").optimizers


def test_the_least_entropy_is_below_that_of_random_distributions_and_attained() -> None:
    rng = np.random.default_rng(0)
    for k, spread in ((2, 0.5), (5, 1.0), (5, 3.0)):
        logs = spread * rng.random((5_000, k))
        p = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
        corners = np.exp(spread * (np.arange(k)[:, None] > np.arange(k)))[1:]
        corners = corners / corners.sum(axis=1, keepdims=True)
        random, extreme = ((-q * np.log(q)).sum(axis=1).min() for q in (p, corners))
        assert random >= least_entropy(k, spread) - 1e-12
        assert extreme == pytest.approx(least_entropy(k, spread))
        assert spread_of(least_entropy(k, spread), [k, k]) == pytest.approx(spread)


def test_the_adversary_of_independent_fair_losses_is_rich_no_oftener_than_stated() -> None:
    rng = np.random.default_rng(1)
    # A martingale: each loss is the one before times a variable of mean one.
    runs = np.cumprod(np.concatenate([np.ones((4_000, 1)), rng.choice([0.5, 1.5], size=(4_000, 12))], axis=1), axis=1)
    p_values = np.array([p_value_of_rise([run]) for run in runs])
    for level in (0.05, 0.2):
        assert 0.02 * level < (p_values <= level).mean() <= level + 3 * np.sqrt(level / 4_000)


def test_rates_are_those_of_the_searchers() -> None:
    for name, rate in ADAM.items():
        searcher = small_search(np.random.default_rng(0), name, double=False).searcher
        assert isinstance(searcher, LogitSearcher)
        assert searcher.arch_optimizer.param_groups[0]["lr"] == rate
        assert float(searcher.alpha.detach().abs().max()) < START
