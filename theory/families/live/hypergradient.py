r"""The hypergradient of DARTS on the supernet that ships, and what its finite difference measures there.

With g(t) = grad_alpha L_train(w + t v / |v|, alpha) the product wanted is |v| g'(0), and the paper's quotient with the radius R is
|v| (g(R) - g(-R)) / (2 R). A supernet with ReLU is smooth only between kinks, the t at which an input of a ReLU changes sign. The loss is
continuous there and its gradient jumps, so that with the jumps J_i at the kinks t_i in (-R, R)

    (g(R) - g(-R)) / (2 R)  =  (1 / 2R) \int g'(t) dt  +  (1 / 2R) \sum_i J_i.                                                   (1)

- Without a kink the error is at most (R^2 / 6) sup |g'''|: of order R^2.
- One kink inside adds |J| / (2 R), which *grows* as R falls to the distance of the nearest kink, and the number of kinks inside grows with R.
  So there is no order in R; at the paper's R = 0.01 the error exceeds the product, in float32 and float64 alike.

A second backward pass gives g'(0) itself, to rounding: `Darts(order=2, hypergradient="exact")`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.live.searchers.darts import Darts
from nasbench.live.searchers.searcher import Searcher
from nasbench.live.supernets.hypergradient import unrolled_hypergradient
from nasbench.live.training.batches import Batch
from nasbench.live.training.metrics import loss
from nasbench.theory.families.live.small_search import (
    SmallSearch,
    copied,
    flat,
    mixture_of,
    move_to,
    small_search,
    smoothed,
)
from nasbench.theory.machinery.claim import Context, Verdict, all_at_most, at_most
from nasbench.theory.machinery.statistical_checks import rate_at_least

ROUNDING = 64 * np.finfo(float).eps
"""Relative error of a gradient of the supernet in float64, at most: a sum of some thousand terms."""


def darts(context: Context, name: str, **options: Any) -> SmallSearch:
    """Return DARTS on a small supernet after two steps, so that momentum is in the step that is unrolled."""
    found = small_search(context.rng(name), "darts", options)
    for _ in range(2):
        found.searcher.step(found.train[0], found.search[0])
    return found


def gradient_of_step(search: SmallSearch, train: Batch, held: Batch) -> Tensor:
    """Take a step of the searcher; return the gradient along which it moved the logits."""
    searcher = search.searcher
    assert isinstance(searcher, Darts)
    searcher.step(train, held)
    assert searcher.alpha.grad is not None
    return searcher.alpha.grad.clone()


def double_backward(search: SmallSearch, train: Batch, held: Batch) -> Tensor:
    """Return the derivative of the search loss after one step of SGD in the logits: back-propagation through the step, w moved functionally."""
    searcher = search.searcher
    assert isinstance(searcher, Darts)
    names, weights = zip(*searcher.supernet.named_parameters(), strict=True)
    group = searcher.optimizer.param_groups[0]

    def value(batch: Batch, parameters: dict[str, Tensor]) -> Tensor:
        mixture = mixture_of(searcher)
        outputs = torch.func.functional_call(searcher.supernet, parameters, (batch[0], mixture))
        return loss(searcher.supernet.shape, outputs, batch[1])

    inner = torch.autograd.grad(value(train, dict(zip(names, weights, strict=True))), weights, create_graph=True)
    moved = {}
    for name, w, slope in zip(names, weights, inner, strict=True):
        buffer = searcher.optimizer.state[w]["momentum_buffer"]
        direction = slope + group["weight_decay"] * w.detach() + group["momentum"] * buffer
        moved[name] = w - group["lr"] * direction
    return torch.autograd.grad(value(held, moved), searcher.alpha)[0].detach()


def check_exact(context: Context, rate: float = 1.0, instances: int = 3) -> Verdict:
    """Compare the step's hypergradient with back-propagation through the unrolled step; a mutant unrolls another learning rate."""
    worst = 0.0
    for i in range(instances):
        found = darts(context, f"live.hypergradient-exact.{i}", order=2, hypergradient="exact")
        group = found.searcher.optimizer.param_groups[0]
        true = double_backward(found, found.train[1], found.search[1])
        group["lr"] *= rate
        taken = gradient_of_step(found, found.train[1], found.search[1])
        worst = max(worst, float((taken - true).norm() / true.norm()))
    return at_most(worst, 1e-9, instances, note="relative error of the gradient that DARTS takes, float64")


class SupernetLine:
    """The gradient g(t) of the training loss of a supernet in the logits, along w + t v / |v|, v that of the unrolled step.

    Args:
        search: DARTS, in float64; its weights are moved.
        train: the batch of the training loss.
        held: the batch whose gradient is v.
    """

    def __init__(self, search: SmallSearch, train: Batch, held: Batch) -> None:
        searcher = search.searcher
        assert isinstance(searcher, Darts)
        self.searcher, self.train, self.held = searcher, train, held
        self.weights = searcher.weights
        self.origin = copied(self.weights)
        along = torch.autograd.grad(self._loss(held), self.weights)
        self.norm = float(flat(along).norm())
        self.direction = [v / self.norm for v in along]
        self.signs: list[Tensor] = []
        for module in searcher.supernet.modules():
            if isinstance(module, nn.ReLU):
                module.register_forward_pre_hook(lambda _, inputs: self.signs.append((inputs[0] > 0).reshape(-1)))

    def _loss(self, batch: Batch) -> Tensor:
        return self.searcher.loss(batch, mixture_of(self.searcher))

    def _at(self, t: float) -> None:
        move_to(self.weights, self.origin, self.direction, t)

    @torch.no_grad()
    def pattern(self, t: float) -> Tensor:
        """Return which inputs of ReLUs are positive."""
        self._at(t)
        self.signs.clear()
        self._loss(self.train)
        return torch.cat(self.signs)

    def gradient(self, t: float) -> Tensor:
        """Return g(t)."""
        self._at(t)
        return torch.autograd.grad(self._loss(self.train), self.searcher.alpha)[0]

    def derivative(self, t: float) -> Tensor:
        """Return g'(t) by a second backward pass."""
        self._at(t)
        slope = torch.autograd.grad(self._loss(self.train), self.weights, create_graph=True)
        along = torch.stack([(g * v).sum() for g, v in zip(slope, self.direction, strict=True)]).sum()
        return torch.autograd.grad(along, self.searcher.alpha)[0]

    def quotient(self, radius: float) -> Tensor:
        """Return the central difference of the shipped hypergradient, over |v|."""
        self._at(0.0)
        return product_of(self.searcher, self.train, self.held, exact=False, radius=radius) / self.norm

    def kinks(self, low: float, high: float, width: float) -> Iterator[tuple[float, float]]:
        """Yield the intervals, no longer than `width`, at whose ends the signs of inputs of ReLUs differ, in order."""
        yield from self._kinks((low, self.pattern(low)), (high, self.pattern(high)), width)

    def _kinks(
        self, low: tuple[float, Tensor], high: tuple[float, Tensor], width: float
    ) -> Iterator[tuple[float, float]]:
        if torch.equal(low[1], high[1]):
            return
        if high[0] - low[0] <= width:
            yield low[0], high[0]
            return
        middle = (low[0] + high[0]) / 2
        at = (middle, self.pattern(middle))
        yield from self._kinks(low, at, width)
        yield from self._kinks(at, high, width)

    def smooth_radius(self, start: float = 6.4e-5) -> float:
        """Return a radius, `start` halved some times, within which the ends and the middle have one pattern."""
        radius, middle = start, self.pattern(0.0)
        while not all(torch.equal(self.pattern(t), middle) for t in (-radius, radius)):
            radius /= 2
        return radius


def check_smooth(context: Context, factor: float = 1.0, instances: int = 4) -> Verdict:
    """Compare the error of the quotient without a kink with R^2 sup |g'''| / 6, g''' from second differences of the exact product.

    A mutant multiplies the radius of the quotient by a factor.
    """
    seen, bounds = [], []
    for i in range(instances):
        found = darts(context, f"live.hypergradient-smooth.{i}")
        line = SupernetLine(found, found.train[1], found.search[1])
        radius = line.smooth_radius()
        exact = line.derivative(0.0)
        bend = [
            float((line.derivative(t) + line.derivative(-t) - 2 * exact).norm()) / t**2 for t in (radius, radius / 2)
        ]
        error = float((line.quotient(factor * radius) - exact).norm())
        seen.append(error)
        bounds.append(1.01 * radius**2 / 6 * max(bend) + ROUNDING * float(line.gradient(0.0).norm()) / radius)
    return all_at_most(
        seen, bounds, vacuous_beyond=10.0, note=f"error of the quotient without a kink, supernets: {instances}"
    )


def check_jumps(context: Context, weight: float = 1.0, instances: int = 3) -> Verdict:
    """Compare the error of the quotient at a radius with kinks with their jumps, found by bisection; a mutant weighs the jumps."""
    worst, most, errors = 0.0, 0, []
    for i in range(instances):
        found = darts(context, f"live.hypergradient-jumps.{i}")
        line = SupernetLine(found, found.train[1], found.search[1])
        radius = 2 * line.smooth_radius(1.0)
        width = radius * 1e-5
        crossed = list(line.kinks(-radius, radius, width))
        jumps = sum((line.gradient(high) - line.gradient(low) for low, high in crossed), torch.zeros(()))
        ends = [-radius, *(t for pair in crossed for t in pair), radius]
        pieces = zip(ends[::2], ends[1::2], strict=True)
        smooth = sum(((high - low) * line.derivative((low + high) / 2) for low, high in pieces), torch.zeros(()))
        quotient = line.quotient(radius)
        stated = (smooth + weight * jumps) / (2 * radius)
        worst = max(worst, float((quotient - stated).norm() / quotient.norm()))
        exact = line.derivative(0.0)
        errors.append(float((quotient - exact).norm() / exact.norm()))
        most = max(most, len(crossed))
    note = f"relative gap of (1); kinks within the radius: {most} at most; errors of the quotient, in products: {_told(errors)}"
    return at_most(worst, 1e-3, instances, note=note)


def check_radius(context: Context, activation: str = "ReLU", instances: int = 14) -> Verdict:
    """Count supernets, at the start of a search, on which the error of the quotient at DARTS' own radius exceeds half of the product.

    In float32, as it ships; a mutant has an activation without kinks.
    """
    errors = []
    for i in range(instances):
        rng = context.rng(f"live.hypergradient-radius.{i}")
        found = small_search(rng, "darts", {"order": 2}, batches=1, double=False)
        if activation != "ReLU":
            smoothed(found.searcher.supernet, getattr(nn, activation))
        exact, quotient = (
            product_of(found.searcher, found.train[0], found.search[0], exact) for exact in (True, False)
        )
        errors.append(float((quotient - exact).norm() / exact.norm()))
    exceeds = sum(error > 0.5 for error in errors)
    return rate_at_least(exceeds, instances, 0.5, note=f"median error, in products: {np.median(errors):.3g}")


def check_softplus(context: Context) -> Verdict:
    """Make `check_radius` with an activation without kinks: the mutant."""
    return check_radius(context, "Softplus")


def product_of(searcher: Searcher, train: Batch, held: Batch, exact: bool, **options: Any) -> Tensor:
    """Return the mixed second derivative times the gradient of the search loss, from the shipped hypergradient.

    Its learning rate is 1 and its step zero, so that it is the gradient of the search loss at w less the product.
    """
    assert isinstance(searcher, Darts)
    found = unrolled_hypergradient(
        lambda: searcher.loss(train, mixture_of(searcher)),
        lambda: searcher.loss(held, mixture_of(searcher)),
        searcher.weights,
        searcher.alpha,
        rate=1.0,
        direction=lambda slope: [torch.zeros_like(g) for g in slope],
        exact=exact,
        **options,
    )
    (outer,) = torch.autograd.grad(searcher.loss(held, mixture_of(searcher)), searcher.alpha)
    return outer - found


def _told(values: list[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
