"""Kernels, posteriors and halving against dense algebra and hand calculation; claims hold, mutants are rejected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from statsmodels.regression.linear_model import OLS

from nasbench.errors import NasbenchError
from nasbench.search.normal_scores import normal_scores
from nasbench.theory.families.bayesian import CLAIMS
from nasbench.theory.families.bayesian.calibration import fit
from nasbench.theory.families.bayesian.gp_ucb import BUDGETS, PRODUCT, beta, play, regret_bound
from nasbench.theory.families.bayesian.information_gain import gain_bound, greedy_design, information, symmetric_bound
from nasbench.theory.families.bayesian.kernel import AnovaKernel
from nasbench.theory.families.bayesian.posterior import Factored, LowRank
from nasbench.theory.families.bayesian.successive_halving import (
    envelope,
    least_budget,
    successive_halving,
    sufficient_budget,
    training_curves,
    worst_case_curves,
)
from nasbench.theory.machinery.claim import Claim, Context, Outcome
from nasbench.theory.machinery.statistical_checks import fitted_slope, rate_at_least, rate_at_most, slope_within
from nasbench.theory.symbolic import anova_kernel


@pytest.mark.parametrize("order", [1, 2, 3])
def test_spectrum_is_that_of_the_matrix(order: int) -> None:
    kernel = AnovaKernel(0.7, 3, 4, order)
    everything = kernel.architectures()
    gram = kernel.matrix(everything, everything)
    assert np.diag(gram) == pytest.approx(1.0)
    values, counts = kernel.spectrum()
    stated = np.sort(np.concatenate([np.repeat(values, counts.astype(int)), np.zeros(kernel.size - int(counts.sum()))]))
    assert np.linalg.eigvalsh(gram / kernel.size) == pytest.approx(stated, abs=1e-12)


def test_spectrum_is_the_derived_one() -> None:
    stated = sp.lambdify(
        (anova_kernel.A, anova_kernel.CHOICES, anova_kernel.DECISIONS, anova_kernel.ORDER), anova_kernel.eigenvalue()
    )
    values, _ = AnovaKernel(0.4, 6, 5, 6).spectrum()
    assert values == pytest.approx([stated(0.4, 5, 6, d) for d in range(7)])
    assert anova_kernel.agreement_eigenvalues() == (0, 1 / (anova_kernel.CHOICES - 1))


def test_product_and_symmetric_forms_agree() -> None:
    kernel = AnovaKernel(0.4, 4, 3, 4)
    agreement = np.random.default_rng(0).uniform(-0.5, 1.0, size=(4, 50))
    orders = [np.ones(50)] + [np.zeros(50)] * 4
    for c in agreement:
        orders = [orders[0]] + [orders[d] + 0.4 * c * orders[d - 1] for d in range(1, 5)]
    assert kernel.from_agreement(agreement) == pytest.approx(sum(orders) / kernel.normaliser)


def test_impossible_kernels_are_refused() -> None:
    for arguments in ((0.0, 3, 3, 1), (1.0, 3, 1, 1), (1.0, 3, 3, 4)):
        with pytest.raises(NasbenchError, match="needs a > 0"):
            AnovaKernel(*arguments)


@pytest.mark.parametrize("order", [1, 3])
def test_draws_have_the_kernel_as_covariance(order: int) -> None:
    kernel = AnovaKernel(0.7, 3, 3, order)
    draws = kernel.draw(np.random.default_rng(1), 20000)
    everything = kernel.architectures()
    # entries have a standard error of at most sqrt(2/20000) = .01; six of them over 729 entries: error probability 1e-6
    assert np.abs(draws.T @ draws / len(draws) - kernel.matrix(everything, everything)).max() < 0.06


@pytest.mark.parametrize("engine", [LowRank, Factored])
def test_posterior_covariances_are_those_of_dense_algebra(engine: type[LowRank] | type[Factored]) -> None:
    kernel, rng, noise = AnovaKernel(0.7, 3, 3, 2), np.random.default_rng(2), 0.3
    everything = kernel.architectures()
    gram = kernel.matrix(everything, everything)
    posterior = engine(kernel, 2)
    history = rng.integers(27, size=(8, 2))
    for at in history:
        row = posterior.row(at)
        posterior.observe(at, row[np.arange(2), at] + noise)
    for lane in (0, 1):
        seen = history[:, lane]
        cross = np.linalg.solve(gram[np.ix_(seen, seen)] + noise * np.eye(8), gram[seen])
        assert posterior.row(np.array([5, 5]))[lane] == pytest.approx((gram - gram[:, seen] @ cross)[5], abs=1e-9)


def test_play_ends_at_the_best_arm_and_repeats() -> None:
    kernel = AnovaKernel(1.0, 2, 3, 1)
    truth = kernel.draw(np.random.default_rng(3), 20)
    found = play(kernel, truth, 600, 0.01, np.random.default_rng(4))
    assert (found.regret[:, -1] - found.regret[:, -100]).mean() / 100 < 0.02 * found.spread.mean()
    again = play(kernel, truth, 600, 0.01, np.random.default_rng(4))
    assert np.array_equal(found.regret, again.regret)
    mutant = play(kernel, truth, 600, 0.01, np.random.default_rng(4), random=1.0)
    assert mutant.regret[:, -1].mean() > 10 * found.regret[:, -1].mean()


def test_published_information_gains() -> None:
    # the values computed for this kernel in the project's notes: 245, 408, 662, 1205 nats
    gains = symmetric_bound(PRODUCT, BUDGETS, 0.05)
    assert np.round(gains).tolist() == [245, 408, 662, 1205]
    assert (gain_bound(PRODUCT, BUDGETS, 0.05) <= gains).all()
    assert beta(np.array(1.0), 10, 0.1) == pytest.approx(2 * np.log(10 * np.pi**2 / 0.6))
    assert (np.diff(regret_bound(PRODUCT, BUDGETS, 0.05)) > 0).all()


def test_uniform_design_attains_the_closed_form() -> None:
    # every architecture once: the bound is an equality
    kernel = AnovaKernel(0.7, 3, 3, 3)
    exact = information(kernel, np.arange(27), 0.2)
    assert exact == pytest.approx(float(symmetric_bound(kernel, np.array([27.0]), 0.2)[0]))
    design, variance = greedy_design(kernel, 10, 0.2)
    assert variance[0] == 1.0
    assert (np.diff(variance) <= 1e-12).all()
    assert information(kernel, design, 0.2) == pytest.approx(0.5 * np.log1p(variance / 0.2).sum())


def test_halving_by_hand() -> None:
    # four arms, two rounds; budget 8 gives 1 pull each, then 2 more for the two that look best after one
    curves = np.array([[0.9, 0.9, 0.1], [0.5, 0.5, 0.5], [0.6, 0.6, 0.6], [0.7, 0.7, 0.7]])
    assert successive_halving(curves, 8) == 1
    # budget 24 gives 3 pulls each at once, enough to see arm 0
    assert successive_halving(curves, 24) == 0


def test_envelope_and_budget_by_hand() -> None:
    limits = np.array([0.0, 1.0, 4.0])
    curves = limits[:, None] + np.array([[1.0, 0.2, 0.0], [-0.5, -0.4, 0.0], [0.1, 0.3, 0.0]])
    gamma = envelope(curves, limits)
    assert gamma.tolist() == [1.0, 0.4, 0.0]
    # gaps/2 are .5 and 2: gamma falls below them at pulls 2 and 1; i (1 + .) is 2 * 3 and 3 * 2
    assert sufficient_budget(gamma, limits) == 2 * 2 * 6
    assert np.abs(worst_case_curves(limits, gamma) - limits[:, None]).max(axis=0).tolist() == gamma.tolist()


def test_least_budget_is_sufficient_from_there_on() -> None:
    rng = np.random.default_rng(5)
    curves = training_curves(rng, 12, 60)
    best, enough = int(curves[:, -1].argmin()), sufficient_budget(envelope(curves, curves[:, -1]), curves[:, -1])
    least = least_budget(curves, best, enough)
    assert least <= enough
    assert all(successive_halving(curves, budget) == best for budget in np.geomspace(least, enough, 60)[1:])


def test_halving_on_real_curves_of_nas_bench_101(reference_data: Path) -> None:
    # fidelities 4, 12, 36, 108 epochs stand for pulls 1 to 4; random groups of 16 cells
    frame = pd.read_parquet(reference_data / "nas-bench-101-sample" / "accuracy.parquet")
    columns = sorted(
        (name for name in map(str, frame) if "val" in name and name.split("_")[-1].isdigit()),
        key=lambda c: int(c.split("_")[-1]),
    )
    assert [int(name.split("_")[-1]) for name in columns] == [4, 12, 36, 108]
    errors = 1.0 - frame[columns].to_numpy()
    rng = np.random.default_rng(6)
    for _ in range(100):
        curves = errors[rng.choice(len(errors), 16, replace=False)]
        limits = curves[:, -1]
        if np.sum(limits == limits.min()) > 1:
            continue
        budget = sufficient_budget(envelope(curves, limits), limits) + 1e-6
        assert successive_halving(curves, budget) == int(limits.argmin())


def test_surrogate_is_dense_gaussian_process_regression() -> None:
    rng = np.random.default_rng(7)
    x = rng.integers(5, size=(40, 6)).astype(np.int8)
    x = np.unique(x, axis=0)
    y = rng.normal(size=len(x))
    surrogate = fit(x, y, 5)
    gram = surrogate.kernel.matrix(x, x) + surrogate.noise * np.eye(len(x))
    cross = surrogate.kernel.matrix(x[:3], x)
    mean, deviation = surrogate.predict(x[:3])
    assert mean == pytest.approx(cross @ np.linalg.solve(gram, y))
    variance = 1 + surrogate.noise - np.einsum("ij,ji->i", cross, np.linalg.solve(gram, cross.T))
    assert deviation**2 == pytest.approx(variance)


def test_normal_scores_are_monotone_and_clipped() -> None:
    among = np.array([3.0, 1.0, 2.0, 4.0])
    scores = normal_scores(np.array([0.0, 1.0, 2.5, 9.0]), among)
    assert (np.diff(scores) >= 0).all()
    assert scores[0] == -scores[-1] == normal_scores(np.array([1.0]), among)[0]
    assert normal_scores(np.array([2.5]), among)[0] == 0.0


def test_slopes_and_rates_are_judged_both_ways() -> None:
    rng = np.random.default_rng(8)
    x = np.repeat(np.arange(1.0, 7.0), 20)
    y = 2.0 * x + rng.normal(size=x.size) * x
    slope, error, degrees = fitted_slope(x, y)
    theirs = OLS(y, np.column_stack([np.ones_like(x), x])).fit(cov_type="HC3")
    assert (slope, error, degrees) == pytest.approx((theirs.params[1], theirs.bse[1], 118), rel=1e-9)
    assert abs(slope - 2.0) < 4 * error
    assert slope_within(x, y, 0.0, 4.0).outcome is Outcome.HOLDS
    assert slope_within(x, y, 4.0, 9.0).outcome is Outcome.VIOLATED
    assert slope_within(x, y, slope - error, slope + error).outcome is Outcome.UNDECIDED
    assert rate_at_least(64, 64, 0.95).outcome is Outcome.HOLDS
    assert rate_at_least(50, 64, 0.95).outcome is Outcome.VIOLATED
    assert rate_at_least(20, 20, 0.95).outcome is Outcome.UNDECIDED
    assert rate_at_most(0, 64, 0.05).outcome is Outcome.HOLDS
    assert rate_at_most(14, 64, 0.05).outcome is Outcome.VIOLATED


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claim_holds_and_its_mutant_is_rejected(claim: Claim) -> None:
    # fixed seed; every statistical claim has a probability of error of at most 0.05 where its bound is attained
    vacuous = ("bayesian.gp-ucb-budgets", "bayesian.gp-ucb-regret")
    expected = Outcome.VACUOUS if claim.name in vacuous else Outcome.HOLDS
    assert claim.check(Context()).outcome is expected
    assert claim.mutant.check(Context()).outcome is Outcome.VIOLATED
