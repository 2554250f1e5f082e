"""Proxies that sum how much each weight of a network matters: gradient norm, SNIP, GraSP, SynFlow.

All sum over the weights of convolutions and linear layers of an untrained network, as Abdelfattah et al. (ICLR 2021, section 3.2) apply the
saliencies of pruning to whole networks. The network is as it trains: batch normalisation takes the statistics of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor], Tensor]
"""A scalar from the outputs of a network."""
WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Linear)
NORMALISED = (nn.BatchNorm1d, nn.BatchNorm2d)


def weights_of(network: nn.Module) -> list[Tensor]:
    """Return the weights of the convolutions and linear layers."""
    return [module.weight for module in network.modules() if isinstance(module, WEIGHTED)]


def gradient_norm(network: nn.Module, x: Tensor, loss: Loss) -> float:
    """Return the sum over layers of the Euclidean norm of the gradient (Abdelfattah et al. 2021, section 3.2)."""
    gradient = _gradients(loss(network(x)), weights_of(network))
    return float(sum(g.norm() for g in gradient))


def snip(network: nn.Module, x: Tensor, loss: Loss) -> float:
    """Return the sum of |gradient * weight| (Lee, Ajanthan and Torr, ICLR 2019, equation 4, summed instead of normalised)."""
    weights = weights_of(network)
    gradient = _gradients(loss(network(x)), weights)
    return float(sum((g * w.detach()).abs().sum() for g, w in zip(gradient, weights, strict=True)))


def grasp(network: nn.Module, x: Tensor, loss: Loss) -> float:
    """Return minus the sum of (Hessian gradient) * weight (Wang, Zhang and Grosse, ICLR 2020, equation 8)."""
    weights = weights_of(network)
    gradient = _gradients(loss(network(x)), weights, create_graph=True)
    along = torch.stack([(g * g.detach()).sum() for g in gradient]).sum()
    if not along.requires_grad:
        return 0.0
    product = _gradients(along, weights)
    return -float(sum((h * w.detach()).sum() for h, w in zip(product, weights, strict=True)))


def synflow(network: nn.Module, x: Tensor) -> float:
    """Return the sum of |weight * dR/dweight|, where R is the sum of the outputs for an input of ones, with absolute weights.

    Tanaka, Kunin, Yamins and Ganguli (NeurIPS 2020, equation 2). There is no normalisation: what Abdelfattah et al. call `synflow`. It is
    computed in float64, since it grows with a power of the depth, on a copy of the weights that is undone at the end.

    Args:
        network: the network.
        x: a batch, which only gives the shape of an input.
    """
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    dtype, mode = next(network.parameters()).dtype, network.training
    hooks = [m.register_forward_hook(_skip) for m in network.modules() if isinstance(m, NORMALISED)]
    try:
        network.double().eval()  # what normalises is skipped, and would refuse one example in training
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.abs_()
        weights = weights_of(network)
        flow = network(torch.ones_like(x[:1], dtype=torch.float64)).sum()
        return float(sum((g * w.detach()).abs().sum() for g, w in zip(_gradients(flow, weights), weights, strict=True)))
    finally:
        for hook in hooks:
            hook.remove()
        network.to(dtype).train(mode).load_state_dict(kept)


def _skip(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return inputs[0]


def _gradients(value: Tensor, weights: Sequence[Tensor], create_graph: bool = False) -> list[Tensor]:
    found = torch.autograd.grad(value, list(weights), create_graph=create_graph, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for g, w in zip(found, weights, strict=True)]
