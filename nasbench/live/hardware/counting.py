"""Parameters, multiply-accumulates and memory of a network, counted layer by layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nasbench.live.tasks.shape import TaskShape


def example(shape: TaskShape, batch: int = 1, device: torch.device | str = "cpu") -> Tensor:
    """Return an input of zeros, `(batch, ...)`, with the input shape and type of a network."""
    if shape.vocabulary:
        return torch.zeros(batch, shape.size, dtype=torch.long, device=device)
    return torch.zeros(batch, shape.channels, *(shape.size,) * shape.dims, device=device)


def parameters(network: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def macs(network: nn.Module, shape: TaskShape) -> int:
    """Return the multiply-accumulates of convolutions and linear layers for one input, without biases.

    A multiply-accumulate counts as one operation, as in published tables (which call it a FLOP).
    """
    total = 0

    def count(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, Tensor)
        positions = output[0, 0].numel() if output.dim() > 2 else 1
        total += weight.numel() * positions

    counted = (nn.Conv1d, nn.Conv2d, nn.Linear)
    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, counted)]
    training = network.training
    network.eval()
    try:
        device = next(network.parameters()).device
        with torch.no_grad():
            network(example(shape, device=device))
    finally:
        for hook in hooks:
            hook.remove()
        network.train(training)
    return total


def memory(network: nn.Module, shape: TaskShape, batch: int = 1, training: bool = False) -> dict[str, int]:
    """Return bytes: `parameters`, `activations` at their peak, and `total`.

    While a layer runs, inference keeps its input and output in memory; the peak is the largest such pair. Training
    keeps the outputs of all layers for the backward pass, and a gradient and a momentum for each parameter. Layers are
    the leaves of the module tree; sums between them and the allocator's rounding are not counted.
    """
    peak = kept = 0

    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal peak, kept
        size = output.numel() * output.element_size()
        entering = inputs[0].numel() * inputs[0].element_size()
        peak = max(peak, size + entering)
        kept += size

    leaves = [m for m in network.modules() if not list(m.children()) and not isinstance(m, nn.Identity)]
    hooks = [m.register_forward_hook(record) for m in leaves]
    mode = network.training
    network.eval()
    try:
        device = next(network.parameters()).device
        with torch.no_grad():
            network(example(shape, batch, device))
    finally:
        for hook in hooks:
            hook.remove()
        network.train(mode)
    stored = sum(p.numel() * p.element_size() for p in network.parameters())
    stored += sum(b.numel() * b.element_size() for b in network.buffers())
    activations = kept if training else peak
    return {"parameters": stored, "activations": activations, "total": activations + stored * (3 if training else 1)}
