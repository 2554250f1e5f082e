r"""What the estimators of weight-sharing searchers estimate: GDAS' straight-through gradient, GAEA's step, Adam's step of the logits.

GDAS computes one sampled operation h of each edge and hands the gradient of the loss in h to the softmax s = softmax((alpha + gumbel) / tau).
With two choices, D = alpha_1 - alpha_0 and c_a = dL/dh_1 - dL/dh_0 at the sampled cell a, an edge's estimate is c_a sigma'((D + x) / tau) / tau,
x standard logistic, and choice 1 is sampled where D + x > 0. So its mean is

    E g = sum_a P(a) c_a E[sigma'((D + x) / tau) / tau | a],

an integral for each choice, while the gradient of the expected loss is sum_a dP(a)/dD L(a). They agree as tau -> 0 where L is linear; at the
temperatures that GDAS uses they do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import expit
from torch import Tensor

from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.darts import Darts
from nasbench.live.searchers.gaea import Gaea
from nasbench.live.searchers.gdas import Gdas
from nasbench.live.searchers.hybrid_supernet import HybridSupernet
from nasbench.live.supernets.gradient import SupernetGradient
from nasbench.live.training.batches import Batch
from nasbench.theory.families.gradient.exponentiated import kl
from nasbench.theory.families.gradient.multilinear import dirichlet
from nasbench.theory.families.live.small_search import SmallSearch, small_search
from nasbench.theory.machinery.claim import Context, Verdict, all_at_most, at_most, by_p_value, smallest_p_value
from nasbench.theory.machinery.confidence_bands import chi_square_p_value, mean_p_value

Floats = NDArray[np.float64]
OPEN = (2, 5)
"""Edges of the cell that have two choices left; the others have one."""
LEFT = (1, 3)
"""The choices left: the skip connection and the convolution of 3 x 3."""
FAR = -60.0
"""Logit of a choice that is never sampled."""


def gdas(context: Context, name: str, temperature: float) -> tuple[SmallSearch, Floats]:
    """Return GDAS on a small supernet with two edges of two choices each, and the differences of their logits."""
    rng = context.rng(name)
    search = small_search(rng, "gdas", batches=1)
    searcher = search.searcher
    assert isinstance(searcher, Gdas)
    searcher.warm = searcher.cold = temperature
    differences = rng.normal(size=len(OPEN))
    with torch.no_grad():
        searcher.alpha.fill_(FAR)
        searcher.alpha[:, LEFT[0]] = 0.0
        for edge, difference in zip(OPEN, differences, strict=True):
            searcher.alpha[edge, LEFT[1]] = difference
    return search, differences


def slopes(searcher: Gdas, gradient: Tensor) -> Floats:
    """Return the gradient in the differences of the logits of the open edges: in the logit of the second choice."""
    return np.array([float(gradient[edge, LEFT[1]]) for edge in OPEN])


def stated(search: SmallSearch, differences: Floats, temperature: float) -> tuple[Floats, Floats, Floats]:
    """Return mean and variance of the estimate of each open edge, and the gradient of the expected loss, by enumeration of the cells."""
    first, second = (
        np.array([[_moment(d, temperature, choice, power) for choice in (0, 1)] for d in differences])
        for power in (1, 2)
    )
    chance = np.stack([expit(-differences), expit(differences)], axis=1)
    mean, square, true = (np.zeros(len(OPEN)) for _ in range(3))
    for cell in product((0, 1), repeat=len(OPEN)):
        value, local = _sampled(search, cell)
        weight = float(np.prod([chance[e, c] for e, c in enumerate(cell)]))
        for e, c in enumerate(cell):
            others = weight / chance[e, c]
            mean[e] += others * local[e] * first[e, c]
            square[e] += others * local[e] ** 2 * second[e, c]
            true[e] += others * (2 * c - 1) * chance[e, 0] * chance[e, 1] * value
    return mean, square - mean**2, true


def _moment(difference: float, temperature: float, choice: int, power: int) -> float:
    """Return E[(sigma'((D + x) / tau) / tau)^power; choice] over the standard logistic x."""

    def integrand(x: float) -> float:
        soft = expit((difference + x) / temperature)
        return float((soft * (1 - soft) / temperature) ** power * expit(x) * expit(-x))

    low, high = (-difference, 40.0) if choice else (-40.0, -difference)
    return float(quad(integrand, low, high, limit=200, epsabs=1e-12)[0])


def _sampled(search: SmallSearch, cell: tuple[int, ...]) -> tuple[float, Floats]:
    """Return the loss of one cell, and the difference of its gradient in the weights of the two choices of each open edge."""
    searcher = search.searcher
    active = [LEFT[0]] * len(searcher.mask)
    for edge, choice in zip(OPEN, cell, strict=True):
        active[edge] = LEFT[choice]
    hard = torch.nn.functional.one_hot(torch.tensor(active), searcher.mask.shape[1]).double().requires_grad_()
    value = searcher.loss(search.search[0], OperationWeights(weights=hard, active=active))
    (slope,) = torch.autograd.grad(value, hard)
    return float(value.detach()), np.array([float(slope[edge, LEFT[1]] - slope[edge, LEFT[0]]) for edge in OPEN])


def check_straight_through(context: Context, hotter: float = 1.0, draws: int = 120) -> Verdict:
    """Compare the mean of the gradients that GDAS takes with its law, and show how far that is from the gradient of the expected loss.

    A mutant samples at another temperature.
    """
    temperature = 1.0
    search, differences = gdas(context, "live.straight-through", temperature)
    searcher = search.searcher
    assert isinstance(searcher, Gdas)
    mean, variance, true = stated(search, differences, temperature)
    searcher.warm = searcher.cold = temperature * hotter
    taken = []
    for _ in range(draws):
        noise = searcher.noise()
        (gradient,) = searcher.gradients([searcher.alpha], search.search[0], lambda noise=noise: searcher.sample(noise))  # type: ignore[misc]
        taken.append(slopes(searcher, gradient))
    found = np.array(taken)
    p_value = smallest_p_value([mean_p_value(found[:, e], mean[e], variance[e]) for e in range(len(OPEN))])
    hot, _, _ = stated(search, differences, 10.0)
    ratio = [float(np.linalg.norm(m - true) / np.linalg.norm(true)) for m in (mean, hot)]
    note = f"bias at temperature 1: {ratio[0]:.2g} of the gradient of the expected loss, at 10, where GDAS begins: {ratio[1]:.2g}"
    return by_p_value(p_value, float(found.mean(axis=0)[0]), float(mean[0]), draws, note=note)


Step = tuple[Floats, Floats, Floats, float]
"""Theta before and after a step, `(n, k)` each, the gradient before it, and the learning rate."""


def check_proximal(context: Context, rate: float = 1.0, instances: int = 3) -> Verdict:
    """Check the three-point identity of the step that GAEA takes on a supernet, at random points of the simplices.

    A mutant states another learning rate.
    """

    def move(search: SmallSearch) -> Step:
        searcher = search.searcher
        assert isinstance(searcher, Gaea)
        before = searcher.theta.numpy().copy()
        slope = SupernetGradient(searcher.supernet, search.train[0]).gradient(before[None])[0]
        searcher.step(search.train[0], search.search[0])
        return before, searcher.theta.numpy(), slope, searcher.rate

    options = {"arch_learning_rate": 1.0}
    return _three_points(context, "gaea", options, move, rate, instances, "one level, float64")


def check_mixed_proximal(context: Context, rate: float = 1.0, instances: int = 3, eta: float = 0.5) -> Verdict:
    """Check the identity of the step of the hybrid on a supernet, whose uniform part is taken off first; a mutant states another learning rate."""
    mixed = 0.05

    def move(search: SmallSearch) -> Step:
        searcher = search.searcher
        assert isinstance(searcher, HybridSupernet)
        before, uniform = searcher.theta.copy(), searcher.uniform
        slope = SupernetGradient(searcher.supernet, search.search[0]).gradient(before[None])[0]
        searcher.step(search.train[0], search.search[0])
        centred = slope - slope.mean(axis=1, keepdims=True)
        return before, (searcher.theta - mixed * uniform) / (1 - mixed), slope, eta / float(np.abs(centred).max())

    options = {"eg_learning_rate": eta, "theta_uniform_mix": mixed, "gradient_interval": 1}
    return _three_points(context, "hybrid_supernet", options, move, rate, instances, "theta less its uniform part")


def _three_points(
    context: Context,
    name: str,
    options: Mapping[str, Any],
    move: Callable[[SmallSearch], Step],
    rate: float,
    instances: int,
    note: str,
) -> Verdict:
    """Return the largest relative gap of rate <g, after - u> = KL(u, before) - KL(u, after) - KL(after, before) over steps and points u."""
    worst = 0.0
    for i in range(instances):
        rng = context.rng(f"live.{name.replace('_', '-')}-proximal.{i}")
        search = small_search(rng, name, options, batches=1)
        for _ in range(2):
            before, after, slope, eta = move(search)
            point = dirichlet(rng, *before.shape)
            left = rate * eta * float((slope * (after - point)).sum())
            right = float(kl(point, before) - kl(point, after) - kl(after, before))
            worst = max(worst, abs(left - right) / max(abs(right), 1e-12))
    return at_most(worst, 1e-6, 2 * instances, note=f"relative gap of the identity; {note}")


class RecordedPaths(HybridSupernet):
    """The hybrid on a supernet that notes the path, where a step has one, instead of training it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.paths: list[Sequence[int]] = []

    def update_weights(self, batch: Batch, *mixtures: Callable[[], OperationWeights]) -> Tensor:
        """Note which operations the mixture computes; return nothing lost."""
        active = mixtures[0]().active
        if active is not None:
            self.paths.append(active)
        return torch.zeros(())


def check_paths(context: Context, power: float = 1.0, draws: int = 1_500) -> Verdict:
    """Compare the choices of the paths that the hybrid trains on a supernet with theta; a mutant states a power of theta, normalised.

    Theta has moved by some steps and then stays.
    """
    options = {"eg_learning_rate": 0.5, "gradient_interval": 1}
    search = small_search(context.rng("live.hybrid-supernet-paths"), "hybrid_supernet", options, batches=1)
    for _ in range(4):
        search.searcher.step(search.train[0], search.search[0])
    moved = search.searcher
    recorded = RecordedPaths(moved.supernet, moved.settings, moved.generator, use_gradient=False)
    recorded.restore(moved.state())
    for _ in range(2 * draws):
        recorded.step(search.train[0], search.search[0])
    stated = recorded.theta**power / (recorded.theta**power).sum(axis=1, keepdims=True)
    drawn = np.array(recorded.paths)
    counts = [np.bincount(column, minlength=stated.shape[1]) for column in drawn.T]
    p_value = smallest_p_value([chi_square_p_value(c, chances) for c, chances in zip(counts, stated, strict=True)])
    edge, choice = np.unravel_index(int(stated.argmax()), stated.shape)
    note = "share of the most frequent choice of an edge; Pearson's chi-square, edge by edge"
    return by_p_value(p_value, counts[edge][choice] / len(drawn), float(stated[edge, choice]), len(drawn), note=note)


def largest_step(t: int, first: float = 0.5, second: float = 0.999) -> float:
    """Return the largest step of Adam at time t over its learning rate, whatever the gradients were.

    By Cauchy and Schwarz, |m_t| <= (1 - b1) (sum_j (b1^2 / b2)^j / (1 - b2))^(1/2) v_t^(1/2), j < t, with both corrected for their start.
    """
    ratio = first**2 / second
    sums = (1 - ratio**t) / (1 - ratio)
    return (1 - first) / (1 - first**t) * sqrt(sums * (1 - second**t) / (1 - second))


def check_adam(context: Context, rate: float = 1.0, horizon: int = 60) -> Verdict:
    """Compare steps of the logits of DARTS with the largest that Adam can take, under random gradients and under the worst; a mutant has another rate."""
    rng = context.rng("live.adam-step")
    search = small_search(rng, "darts", {"arch_learning_rate": 1.0, "arch_weight_decay": 0.0}, batches=1)
    seen, bounds = [], []
    for worst in range(0, horizon + 1, 12):
        searcher = search.searcher
        assert isinstance(searcher, Darts)
        searcher.arch_optimizer.state.clear()
        searcher.arch_optimizer.param_groups[0]["lr"] = rate
        for t in range(1, horizon + 1):
            gradient = torch.as_tensor(rng.normal(size=searcher.alpha.shape))
            # The gradients that attain the bound at time `worst` grow by a factor b2 / b1 each step, equal in sign.
            gradient = gradient if not worst else torch.full_like(gradient, (0.999 / 0.5) ** (t - worst))
            before = searcher.alpha.detach().clone()
            searcher.update_alpha(gradient)
            seen.append(float((searcher.alpha.detach() - before).abs().max()))
            bounds.append(largest_step(t) * (1 + 1e-6))
    return all_at_most(
        seen, bounds, vacuous_beyond=10.0, note=f"steps of the logits over the learning rate, up to {horizon}"
    )
