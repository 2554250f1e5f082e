"""Proxies that tell the examples of a batch apart: jacov, NASWOT and the condition number of the neural tangent kernel."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nasbench.errors import NasbenchError
from nasbench.live.zero_cost.saliency import weights_of

SMALLEST = 1e-5
"""Added to eigenvalues in jacov (the authors' code)."""


def jacov(network: nn.Module, x: Tensor) -> float:
    """Return minus the divergence of the correlations between the input gradients of the examples from the identity.

    Mellor, Turner, Storkey and Crowley, "Neural Architecture Search without Training", first version (2020), equation 2: the
    sum over eigenvalues v of the correlation matrix of -(log(v + k) + 1 / (v + k)), where the gradient is that of the sum of the outputs.
    NaN where an example has a constant gradient.
    """
    inputs = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(inputs).sum(), inputs, allow_unused=True)
    if gradient is None:
        return math.nan
    correlations = torch.corrcoef(gradient.flatten(1).double())
    if not torch.isfinite(correlations).all():
        return math.nan
    values = torch.linalg.eigvalsh(correlations).clamp_min(0.0) + SMALLEST
    return -float((torch.log(values) + 1.0 / values).sum())


@torch.no_grad()
def naswot(network: nn.Module, x: Tensor) -> float:
    """Return the logarithm of the determinant of the agreement of the examples' binary codes (Mellor et al., ICML 2021, equation 2).

    The code of an example says which rectified units are active, and two examples agree in as many units as have the same state. NaN where
    two examples have the same code, so that there is no logarithm.

    Raises:
        NasbenchError: if the network has no rectified units.
    """
    agreement = torch.zeros(len(x), len(x), dtype=torch.float64, device=x.device)
    found = [0]

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        active = (inputs[0].flatten(1) > 0).double()
        agreement.add_(active @ active.T + (1.0 - active) @ (1.0 - active).T)
        found[0] += 1

    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, nn.ReLU)]
    try:
        network(x)
    finally:
        for hook in hooks:
            hook.remove()
    if not found[0]:
        raise NasbenchError(
            "NASWOT reads which rectified units are active, and this network has none; take another proxy."
        )
    value = float(torch.linalg.slogdet(agreement).logabsdet)
    return value if math.isfinite(value) else math.nan


def ntk_condition(network: nn.Module, x: Tensor) -> float:
    """Return the condition number of the neural tangent kernel on a batch; small is good (Chen, Gong and Wang, ICLR 2021, section 3.1.1).

    As in their code, an example's row is the gradient of the sum of its outputs in the weights. NaN for a singular kernel.
    """
    weights = weights_of(network)
    outputs = network(x).flatten(1).sum(dim=1)
    rows = []
    for output in outputs:
        found = torch.autograd.grad(output, weights, retain_graph=True, allow_unused=True)
        rows.append(torch.cat([g.flatten() for g in found if g is not None]).double())
    jacobian = torch.stack(rows)
    values = torch.linalg.eigvalsh(jacobian @ jacobian.T)
    smallest, largest = float(values[0]), float(values[-1])
    return largest / smallest if smallest > 1e-14 * largest else math.nan
