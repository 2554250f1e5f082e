"""The gradient of the search loss through one step of training.

`F(alpha) = L_search(w - xi grad_w L_train(w, alpha), alpha)` has the gradient

    grad_alpha L_search(w', alpha) - xi  (d^2 L_train / d alpha d w)  grad_w' L_search(w', alpha)

(Liu et al., ICLR 2019, equation 7). The matrix product is either a second backward pass, or a central difference along
`v = grad_w' L_search` with the step `radius / |v|` (equation 8). The difference is exact where `grad_alpha L_train` is
quadratic in `w`, and its error is of order `radius^2` where that gradient is smooth between the two points. It is not on a
supernet with ReLU, where the gradient jumps: each jump J between the points adds `J |v| / (2 radius)`, and at the radius of
the paper that is more than the product itself (`nasbench verify live`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Loss = Callable[[], Tensor]


def unrolled_hypergradient(
    train_loss: Loss,
    search_loss: Loss,
    weights: Sequence[Tensor],
    alpha: Tensor,
    rate: float,
    radius: float = 0.01,
    direction: Callable[[Sequence[Tensor]], Sequence[Tensor]] | None = None,
    exact: bool = False,
) -> Tensor:
    """Return the hypergradient, of the shape of `alpha`.

    The losses are closures over `weights` and `alpha`; the weights are moved in place and put back exactly.

    Args:
        train_loss: evaluates the training loss at the present values.
        search_loss: evaluates the search loss at the present values.
        weights: w, leaves that require gradients.
        alpha: the architecture parameters, a leaf that requires gradients.
        rate: xi, the learning rate of the unrolled step.
        radius: of the central difference.
        direction: maps the training gradient to the step's direction (momentum, weight decay); None for the gradient
            itself. It must be the gradient plus terms that do not depend on `alpha`.
        exact: take the Hessian-vector product by a second backward pass, which keeps the graph of a gradient in memory;
            `radius` then has no effect.
    """
    kept = [w.detach().clone() for w in weights]

    def move(steps: Sequence[Tensor], scale: float) -> None:
        with torch.no_grad():
            for w, origin, step in zip(weights, kept, steps, strict=True):
                w.copy_(origin + scale * step)

    try:
        inner = _gradients(train_loss(), weights)
        move(direction(inner) if direction else inner, -rate)
        outer, *along = _gradients(search_loss(), [alpha, *weights])
        norm = float(torch.sqrt(sum((v.square().sum() for v in along), torch.zeros(()).to(alpha))))
        if norm == 0.0:
            return outer
        if exact:
            move(along, 0.0)
            return outer - rate * _mixed_product(train_loss(), weights, alpha, along)
        epsilon = radius / norm
        move(along, epsilon)
        (above,) = _gradients(train_loss(), [alpha])
        move(along, -epsilon)
        (below,) = _gradients(train_loss(), [alpha])
        return outer - rate * (above - below) / (2 * epsilon)
    finally:
        with torch.no_grad():
            for w, origin in zip(weights, kept, strict=True):
                w.copy_(origin)


def _mixed_product(loss: Tensor, weights: Sequence[Tensor], alpha: Tensor, vector: Sequence[Tensor]) -> Tensor:
    """Return the mixed second derivative of a loss in `alpha` and the weights, times a vector of their shapes."""
    slope = _gradients(loss, weights, create_graph=True)
    along = torch.stack([(g * v).sum() for g, v in zip(slope, vector, strict=True)]).sum()
    return _gradients(along, [alpha])[0] if along.requires_grad else torch.zeros_like(alpha)


def _gradients(loss: Tensor, inputs: Sequence[Tensor], create_graph: bool = False) -> list[Tensor]:
    found = torch.autograd.grad(loss, list(inputs), allow_unused=True, create_graph=create_graph)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def dominant_eigenvalue(loss: Tensor, alpha: Tensor, generator: torch.Generator, steps: int = 20) -> float:
    """Return the eigenvalue of largest modulus of the Hessian of `loss` with respect to `alpha`, by power iteration.

    Its growth precedes the collapse of DARTS (Zela et al., ICLR 2020).

    Args:
        loss: a scalar whose graph is kept.
        alpha: the parameters.
        generator: of the start vector.
        steps: Hessian-vector products.
    """
    (gradient,) = torch.autograd.grad(loss, alpha, create_graph=True)
    v = torch.randn(alpha.shape, generator=generator, dtype=alpha.dtype).to(alpha.device)
    value = 0.0
    for _ in range(steps):
        v = v / v.norm().clamp_min(1e-30)
        (product,) = torch.autograd.grad((gradient * v).sum(), alpha, retain_graph=True)
        value = float((v * product).sum())
        v = product
    return value
