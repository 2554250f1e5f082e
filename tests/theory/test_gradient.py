"""Gradient mathematics against direct sums, complex steps and published counts; claims hold, mutants are rejected."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import check_grad

from nasbench.errors import NasbenchError
from nasbench.theory.exact.landscape import Landscape
from nasbench.theory.families.gradient import CLAIMS, hypergradient, mirror_descent, stochastic
from nasbench.theory.families.gradient.exponentiated import eg_step, kl
from nasbench.theory.families.gradient.finite_difference import darts_line
from nasbench.theory.families.gradient.information_geometric import igo_step, quantile_weights
from nasbench.theory.families.gradient.multilinear import (
    cell_probabilities,
    dirichlet,
    extension,
    gain_tensor,
    gradient,
    vertex,
)
from nasbench.theory.families.gradient.regret import regret
from nasbench.theory.families.gradient.relaxation import bulging, margin, round_by_blocks, strict_optima
from nasbench.theory.machinery.claim import Claim, Context, Outcome
from nasbench.theory.symbolic import logistic, neumann, pinsker


def small_landscape(seed: int = 0, decisions: int = 4, choices: int = 3) -> Landscape:
    return Landscape(np.random.default_rng(seed).normal(size=choices**decisions), (choices,) * decisions)


@pytest.mark.parametrize("decisions", [1, 2, 3, 5])
def test_extension_and_gradient_are_the_sums_they_stand_for(decisions: int) -> None:
    rng = np.random.default_rng(1)
    landscape = small_landscape(2, decisions)
    tensor, theta = gain_tensor(landscape), dirichlet(rng, decisions, 3)
    probability = cell_probabilities(theta)
    assert probability.sum() == pytest.approx(1.0)
    assert extension(tensor, theta) == pytest.approx(float(probability @ tensor.ravel()))
    slope = gradient(tensor, theta)
    for decision in range(decisions):
        for choice in range(3):
            fixed = landscape.architectures[:, decision] == choice
            conditional = probability[fixed] @ tensor.ravel()[fixed] / theta[decision, choice]
            assert slope[decision, choice] == pytest.approx(conditional)
    assert (theta * slope).sum(axis=1) == pytest.approx(extension(tensor, theta))


def test_unequal_choices_are_refused() -> None:
    with pytest.raises(NasbenchError, match="same number"):
        gain_tensor(Landscape(np.zeros(6), (2, 3)))


def test_step_and_divergence_satisfy_the_three_point_identity() -> None:
    rng = np.random.default_rng(3)
    for eta in (0.01, 0.5, 3.0):
        theta, slope = dirichlet(rng, 4, 5), rng.normal(size=(4, 5))
        moved = eg_step(theta, slope, eta)
        assert moved.sum(axis=1) == pytest.approx(1.0)
        gained = float((slope * (moved - theta)).sum())
        assert gained == pytest.approx(float(kl(moved, theta) + kl(theta, moved)) / eta)
    p, q = dirichlet(rng, 2, 3), dirichlet(rng, 2, 3)
    assert float(kl(p, q)) == pytest.approx(float((p * np.log(p / q)).sum()))
    assert float(kl(p, q)) >= float(sum(np.abs(p - q).sum(axis=1) ** 2) * pinsker.pinsker_constant())


def test_regret_by_hand() -> None:
    gains = np.array([[[1.0, 0.0]], [[0.0, 3.0]]])
    played = np.array([[[0.5, 0.5]], [[1.0, 0.0]]])
    assert regret(gains, played) == 3.0 - 0.5


def test_rounding_never_lowers_the_relaxation() -> None:
    rng = np.random.default_rng(4)
    tensor = gain_tensor(small_landscape())
    for _ in range(50):
        theta = dirichlet(rng, 4, 3)
        assert tensor[tuple(round_by_blocks(tensor, theta))] >= extension(tensor, theta) - 1e-12
    corner = vertex(np.array([0, 2, 1, 1]), 3)
    assert bulging(tensor, corner) == extension(tensor, corner)  # the mutant is no straw man: it agrees at vertices


def test_strict_optima_are_those_of_brute_force() -> None:
    landscape = small_landscape(5)
    x = landscape.architectures.astype(int)
    distance = (x[:, None] != x[None]).sum(axis=2)
    for radius in (1, 2):
        brute = [
            index
            for index in range(landscape.size)
            if (landscape.values[(distance[index] > 0) & (distance[index] <= radius)] > landscape.values[index]).all()
        ]
        assert strict_optima(landscape, radius).tolist() == brute
    tensor = gain_tensor(landscape)
    positive = [index for index in range(landscape.size) if margin(tensor, landscape.architectures[index]) > 0]
    assert positive == strict_optima(landscape).tolist()


def test_local_optima_of_the_short_training() -> None:
    strict, weak = [], []
    for name in ("cifar10", "cifar100", "ImageNet16-120"):
        landscape = Context().landscape(name, 12)
        strict.append(len(strict_optima(landscape)))
        weak.append(int((landscape.values <= landscape.values[landscape.neighbours].min(axis=1)).sum()))
    # 21, 34, 24 are quoted elsewhere; with ties admitted 21, 35, 25 are found, of which these are strict in value
    assert weak == [21, 35, 25]
    assert strict == [16, 18, 18]


def test_exact_exponentiated_gradient_ends_in_the_published_ranks() -> None:
    for name, rank in (("cifar10", 0), ("cifar100", 1)):
        landscape = Context().landscape(name, 12)
        tensor, theta = gain_tensor(landscape), np.full((6, 5), 0.2)
        for _ in range(2500):
            theta = eg_step(theta, gradient(tensor, theta), 0.4)
        end = np.ravel_multi_index(tuple(theta.argmax(axis=1)), landscape.cardinalities)
        assert landscape.rank[end] == rank


def test_closed_form_derivative_of_darts_model() -> None:
    line = darts_line(np.random.default_rng(6))

    def complex_step(t: complex) -> np.ndarray:
        return -(1 / (1 + np.exp(line.p + line.q * t))) @ (line.r + line.s * t)

    assert complex_step(0.3).real == pytest.approx(line.gradient(0.3))
    assert complex_step(1e-30j).imag / 1e-30 == pytest.approx(line.derivative(), rel=1e-12)
    grid = np.linspace(-0.3, 0.3, 61)
    second = [
        (complex_step(t + 1e-5 + 0j) - 2 * complex_step(t + 0j) + complex_step(t - 1e-5 + 0j)).real / 1e-10
        for t in grid
    ]
    third = np.linalg.norm(np.gradient(np.array(second), grid, axis=0)[1:-1], axis=1)
    assert third.max() <= line.third_bound(0.3)


def test_darts_model_gradient_is_that_of_its_loss() -> None:
    # the architecture gradient of the logistic loss with a softmax mixture of maps, by central differences
    rng = np.random.default_rng(7)
    data, maps, w, alpha = rng.normal(size=(9, 4)), rng.normal(size=(3, 4, 4)), rng.normal(size=4), rng.normal(size=3)

    def loss(a: np.ndarray) -> float:
        share = np.exp(a) / np.exp(a).sum()
        return float(np.logaddexp(0, -(data @ np.einsum("odf,o->df", maps, share) @ w)).sum())

    def slope(a: np.ndarray) -> np.ndarray:
        share = np.exp(a) / np.exp(a).sum()
        features = np.einsum("id,odf,f->io", data, maps, w)
        margin_ = features @ share
        return -(1 / (1 + np.exp(margin_))) @ (features @ (np.diag(share) - np.outer(share, share)))

    assert check_grad(loss, slope, alpha) < 1e-5


def test_logistic_constants_are_derived() -> None:
    assert logistic.greatest(3) == sp.sqrt(3) / 18
    assert logistic.greatest(4) == sp.Rational(1, 8)
    z = sp.symbols("z")
    third = sp.diff(sp.log(1 + sp.exp(z)), z, 3)
    assert float(third.subs(z, 0.7)) == pytest.approx(
        float(logistic.derivative(3).subs(logistic.S, 1 / (1 + np.exp(-0.7))))
    )


def test_unrolled_response_is_the_derived_series() -> None:
    rng = np.random.default_rng(8)
    spectrum, step = np.array([0.1, 0.6, 1.0]), 0.8
    closed = sp.lambdify((neumann.STEP, neumann.EIGENVALUE, neumann.K), neumann.unrolled_response())
    for steps in (1, 3, 20):
        _, jacobian = hypergradient.unrolled(
            np.diag(spectrum), np.eye(3), rng.normal(size=3), rng.normal(size=3), step, steps
        )
        assert np.diag(jacobian) == pytest.approx([closed(step, value, steps) for value in spectrum])
        direct = [sum((1 - step * value) ** j * step for j in range(steps)) for value in spectrum]
        assert np.diag(jacobian) == pytest.approx(direct)
    assert sp.simplify(neumann.bias() - (1 - neumann.STEP * neumann.EIGENVALUE) ** neumann.K / neumann.EIGENVALUE) == 0


def test_implicit_hypergradient_by_retraining() -> None:
    rng = np.random.default_rng(9)
    data, sign, penalty = rng.normal(size=(40, 3)), rng.choice([-1.0, 1.0], 40), np.log([0.1, 0.2, 0.3])
    w, hessian = hypergradient.logistic_optimum(data, sign, penalty)
    response = -np.linalg.solve(hessian, np.diag(np.exp(penalty) * w))
    for j in range(3):
        nudge = 1e-5 * np.eye(3)[j]
        up, down = (hypergradient.logistic_optimum(data, sign, penalty + s * nudge)[0] for s in (1, -1))
        assert (up - down) / 2e-5 == pytest.approx(response[:, j], rel=1e-5)


def test_lemma_step_and_constants_are_derived() -> None:
    assert pinsker.pinsker_constant() == sp.Rational(1, 2)
    assert all(pinsker.pairs_against_squares(blocks) == 0 for blocks in range(2, 7))
    assert sp.simplify(pinsker.greatest_step() - 2 / ((pinsker.N - 1) * pinsker.R)) == 0


def test_quantile_weights_have_mean_one_and_share_ties() -> None:
    values = np.array([1.0, 2.0, 2.0, 3.0])
    weight, quantile = quantile_weights(values, np.full(4, 0.25), 0.5)
    assert quantile == 2.0
    assert weight.tolist() == [2.0, 1.0, 1.0, 0.0]


def test_igo_step_maximises_its_weighted_likelihood() -> None:
    rng = np.random.default_rng(10)
    landscape = small_landscape(11)
    theta = dirichlet(rng, 4, 3)
    moved, weight, _ = igo_step(landscape, theta, 0.3, 0.4)
    mass = cell_probabilities(theta) * (0.6 + 0.4 * weight)

    def likelihood(at: np.ndarray) -> float:
        return float(mass @ np.log(cell_probabilities(at)))

    for _ in range(30):
        other = 0.9 * moved + 0.1 * dirichlet(rng, 4, 3)
        assert likelihood(other) <= likelihood(moved) + 1e-12


def test_sgd_test_function_is_two_smooth_and_not_convex() -> None:
    grid = np.linspace(-5, 5, 20001)[:, None]
    curvature = np.gradient(stochastic.slope(grid)[:, 0], grid[:, 0])
    assert curvature.max() <= stochastic.SMOOTHNESS + 1e-6
    assert -stochastic.SMOOTHNESS < curvature.min() < 0
    w = np.random.default_rng(12).normal(size=3)
    assert check_grad(lambda x: float(stochastic.value(x)), stochastic.slope, w) < 1e-6


def small_loss(noise: float) -> mirror_descent.SharedLoss:
    rng = np.random.default_rng(13)
    coupling = rng.normal(size=(2, 9))
    coupling *= 0.1 / np.linalg.norm(coupling, axis=0)
    return mirror_descent.SharedLoss(rng.random((3, 3, 3)), coupling, 1.0, 1.0, noise)


def test_shared_loss_gradient_and_weak_convexity() -> None:
    rng = np.random.default_rng(14)
    loss = small_loss(0.0)
    for _ in range(200):
        x = loss.project(rng.normal(size=2)), dirichlet(rng, 3, 3)
        y = loss.project(rng.normal(size=2)), dirichlet(rng, 3, 3)
        slope = loss.exact(x)
        first = slope[0] @ (y[0] - x[0]) + (slope[1] * (y[1] - x[1])).sum()
        divergence = ((y[0] - x[0]) ** 2).sum() / 2 + float(kl(y[1], x[1]))
        assert loss.value(y) >= loss.value(x) + first - loss.rho * divergence - 1e-12
        assert loss.least <= loss.value(x)


def test_sampled_gradient_is_unbiased_and_bounded() -> None:
    rng = np.random.default_rng(15)
    loss = small_loss(0.3)
    point = loss.project(rng.normal(size=2)), dirichlet(rng, 3, 3)
    draws = [loss.sampled(point, rng) for _ in range(4000)]
    exact = loss.exact(point)
    for block in (0, 1):
        values = np.array([draw[block] for draw in draws])
        error = values.std(axis=0) / np.sqrt(len(draws))
        assert (np.abs(values.mean(axis=0) - exact[block]) < 5 * error).all()  # error probability below 1e-5
    square = np.mean([(w**2).sum() + (np.abs(g).max(axis=1) ** 2).sum() for w, g in draws])
    assert square <= loss.gradient_bound**2


def test_proximal_point_is_the_minimiser() -> None:
    rng = np.random.default_rng(16)
    loss = small_loss(0.0)
    x = loss.project(rng.normal(size=2)), dirichlet(rng, 3, 3)
    y = loss.proximal(x)

    def objective(at: mirror_descent.Point) -> float:
        return loss.value(at) + 2 * loss.rho * (((at[0] - x[0]) ** 2).sum() / 2 + float(kl(at[1], x[1])))

    for scale in (0.3, 0.03, 0.003):
        for _ in range(30):
            w = loss.project(y[0] + scale * rng.normal(size=2))
            theta = (1 - scale) * y[1] + scale * dirichlet(rng, 3, 3)
            assert objective((w, theta)) >= objective(y) - 1e-12


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_claim_holds_and_its_mutant_is_rejected(claim: Claim) -> None:
    # fixed seed; every statistical claim has a probability of error of at most 0.05 where its bound is attained
    assert claim.check(Context()).outcome is Outcome.HOLDS
    assert claim.mutant.check(Context()).outcome is Outcome.VIOLATED
