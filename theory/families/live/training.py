r"""Descent and stationarity of the training of shared weights, with the constants of the run itself.

The objective is the mean F of the losses of fixed mini-batches, each normalised by its own statistics as the supernet does: a mini-batch
drawn at random then has an unbiased gradient. ReLU makes F piecewise smooth, so that no Hessian bounds it. What the descent lemma needs is
less: along a step D from z, the directional smoothness M = sup_s <grad F(z + s D) - grad F(z), D> / (s |D|^2), with which

    F(z + D) <= F(z) + <grad F(z), D> + M |D|^2 / 2,

since F is absolutely continuous along the step. Summed over steps D = -eta g of SGD with E g = grad F and E |g - grad F|^2 <= sigma^2,

    min_t |grad F(w_t)|^2 <= (2 (F(w_0) - F(w_T)) + sum L_t sigma_t^2 eta_t^2) / sum (2 eta_t - L_t eta_t^2),   L_t >= M_t,

in expectation: the theorem of Ghadimi and Lan (2013, 2.1) with F(w_T) for its infimum, and the constants of each step for their suprema.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nasbench.live.searchers.gaea import Gaea
from nasbench.live.training.batches import Batch
from nasbench.theory.families.live.small_search import SmallSearch, copied, flat, loss_at, small_search
from nasbench.theory.machinery.claim import Context, Verdict, all_at_most, at_most

ALONG = (0.25, 0.5, 0.75, 1.0)
"""Shares of a step at which the gradient is looked at."""


def value_and_gradients(search: SmallSearch, batches: Sequence[Batch], theta: Tensor) -> tuple[float, list[Tensor]]:
    """Return F, and the gradient of each mini-batch in weights and theta as one vector."""
    point = theta.detach().clone().requires_grad_()
    losses = [loss_at(search, batch, point) for batch in batches]
    gradients = [
        flat(
            [
                zero if g is None else g
                for g, zero in zip(
                    found, (*map(torch.zeros_like, search.searcher.weights), torch.zeros_like(point)), strict=True
                )
            ]
        )
        for loss in losses
        for found in [torch.autograd.grad(loss, [*search.searcher.weights, point], allow_unused=True)]
    ]
    return float(torch.stack(losses).mean().detach()), gradients


def mean(vectors: Sequence[Tensor]) -> Tensor:
    """Return the mean of vectors."""
    return torch.stack(list(vectors)).mean(dim=0)


@torch.no_grad()
def place(search: SmallSearch, point: Tensor) -> Tensor:
    """Set the weights to the first part of a vector; return the rest, theta."""
    weights, start = search.searcher.weights, 0
    for w in weights:
        w.copy_(point[start : start + w.numel()].view_as(w))
        start += w.numel()
    return point[start:].view_as(search.searcher.mask)


def check_descent(context: Context, smoothness: float = 1.0, steps: int = 5) -> Verdict:
    """Compare what each step of GAEA adds to the linear model of the loss with the bound by directional smoothness.

    One level, with the momentum, weight decay, clipping and learning rate of the defaults: weights and theta move together, on a mini-batch.
    A mutant scales the smoothness.
    """
    search = small_search(context.rng("live.descent-lemma"), "gaea", batches=2)
    searcher = search.searcher
    assert isinstance(searcher, Gaea)
    seen, bounds, falls = [], [], 0
    for step in range(steps):
        value, gradients = value_and_gradients(search, search.train, searcher.theta)
        before = torch.cat([flat(searcher.weights), flat([searcher.theta])])
        searcher.step(search.train[step % 2], search.search[0])
        after, theta = torch.cat([flat(searcher.weights), flat([searcher.theta])]), searcher.theta
        moved, slope = after - before, mean(gradients)
        curves = []
        for share in ALONG:
            reached, there = value_and_gradients(search, search.train, place(search, before + share * moved))
            curves.append(float((mean(there) - slope) @ moved) / share)
        searcher.theta = theta
        seen.append(reached - value - float(slope @ moved))
        bounds.append(0.5 * smoothness * max(curves))
        falls += reached < value
    note = f"loss after a step less its linear model, against M |D|^2 / 2; the loss fell in {falls} of {steps} steps"
    return all_at_most(seen, bounds, vacuous_beyond=10.0, note=note)


def check_stationarity(context: Context, rate: float = 1.0, steps: int = 24) -> Verdict:
    """Compare the least squared gradient norm of a run of SGD on shared weights with its bound; a mutant takes smaller steps than stated.

    Mini-batches are drawn with replacement, the learning rate falls along a cosine as in every search; smoothness and noise are those
    of each step.
    """
    rng = context.rng("live.stationarity")
    plain: dict[str, Any] = {"momentum": 0.0, "weight_decay": 0.0, "gradient_clip": 1e6}
    search = small_search(rng, "gaea", {"levels": 2}, batches=2, batch_size=64, **plain)
    searcher = search.searcher
    assert isinstance(searcher, Gaea)
    dimension = sum(w.numel() for w in searcher.weights)
    values, squares, noises, curves, rates = [], [], [], [], []
    value, gradients = value_and_gradients(search, search.train, searcher.theta)
    for step in range(steps):
        parts = [g[:dimension] for g in gradients]
        slope = mean(parts)
        stated = searcher.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        searcher.optimizer.param_groups[0]["lr"] = rate * stated
        before = copied(searcher.weights)
        searcher.update_weights(search.train[int(rng.integers(len(search.train)))], searcher.mixture)
        moved = flat(searcher.weights) - flat(before)
        values.append(value)
        squares.append(float(slope @ slope))
        noises.append(float(torch.stack([(g - slope) @ (g - slope) for g in parts]).mean()))
        rates.append(stated)
        value, gradients = value_and_gradients(search, search.train, searcher.theta)
        curves.append(float((mean(gradients)[:dimension] - slope) @ moved / (moved @ moved)))
    eta, smoothness, noise = np.array(rates), np.maximum(curves, 0.0), np.array(noises)
    weight = (2 * eta - smoothness * eta**2).sum()
    bound = (2 * (values[0] - value) + (smoothness * noise * eta**2).sum()) / weight
    note = (
        f"least squared gradient norm of {steps} steps; loss {values[0]:.3g} to {value:.3g}; medians: "
        f"eta L {np.median(eta * smoothness):.2g}, noise {np.median(noise):.3g}, squared gradient {np.median(squares):.3g}"
    )
    return at_most(min(squares), bound, steps, vacuous_beyond=10.0, note=note)
