"""Several networks of one NAS-Bench-201 architecture in one dimension, computed at once: the seeds of a reference table.

Tensors of such networks are so small that calling an operation takes longer than computing it, so all networks share each call. States
are `(G, C, L, N)`: network, channel, position, example. The examples come last so that a convolution is one product of matrices per
network, and normalisation reads contiguous memory. Training and evaluation agree with separate networks up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.live.networks.operations import NAS_BENCH_201
from nasbench.live.networks.stacked import EDGES

MOMENTUM, EPSILON = 0.1, 1e-5
"""Defaults of torch's batch normalisation."""


class ConvNorm(torch.autograd.Function):
    """Convolution and batch normalisation over each network's own examples; with `relu`, of the positive part of the input."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        kernel: Tensor,
        scale: Tensor,
        shift: Tensor,
        running: tuple[Tensor, Tensor],
        stride: int,
        relu: bool,
    ) -> Tensor:
        """Map `(G, C, L, N)` with kernels `(G, O, C, k)` to `(G, O, L / stride, N)` and update running statistics."""
        x = torch.relu(x) if relu else x
        columns = unfolded(x, kernel.shape[-1], stride)
        y = torch.bmm(kernel.transpose(2, 3).flatten(2), columns)
        groups, channels = kernel.shape[:2]
        z, mean, inverse = torch.native_batch_norm(
            y.view(1, groups * channels, -1),
            scale.reshape(-1),
            shift.reshape(-1),
            running[0].view(-1),
            running[1].view(-1),
            True,
            MOMENTUM,
            EPSILON,
        )
        ctx.save_for_backward(x, columns, kernel, y, scale, mean, inverse)
        ctx.stride, ctx.relu = stride, relu
        return z.view(groups, channels, -1, x.shape[3])

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
        """Return the gradients in the input, the kernel, scale and shift."""
        x, columns, kernel, y, scale, mean, inverse = ctx.saved_tensors
        groups, channels, inputs, taps = kernel.shape
        flat = y.view(1, groups * channels, -1)
        in_y, in_scale, in_shift = torch.ops.aten.native_batch_norm_backward(
            gradients[0].reshape(flat.shape),
            flat,
            scale.reshape(-1),
            None,
            None,
            mean,
            inverse,
            True,
            EPSILON,
            [True] * 3,
        )
        in_y = in_y.view(y.shape)
        in_kernel = torch.bmm(in_y, columns.transpose(1, 2)).view(groups, channels, taps, inputs).transpose(2, 3)
        in_x = None
        if ctx.needs_input_grad[0]:
            in_columns = torch.bmm(kernel.transpose(2, 3).flatten(2).transpose(1, 2), in_y)
            in_x = _folded(in_columns, x, taps, ctx.stride)
            in_x = torch.ops.aten.threshold_backward(in_x, x, 0) if ctx.relu else in_x
        return in_x, in_kernel, in_scale.view(scale.shape), in_shift.view(scale.shape), None, None, None


def unfolded(x: Tensor, taps: int, stride: int = 1) -> Tensor:
    """Return the windows of `taps` positions, padded with zeros: `(G, C, L, N)` to `(G, taps C, L / stride N)`."""
    if taps == 1:
        return x.flatten(2)
    length = x.shape[2]
    padded = functional.pad(x, (0, 0, 1, 1))
    return torch.cat([padded[:, :, tap : tap + length : stride] for tap in range(taps)], dim=1).flatten(2)


def _folded(columns: Tensor, like: Tensor, taps: int, stride: int) -> Tensor:
    """Return the sum of windows at their positions, the transpose of `unfolded`."""
    if taps == 1:
        return columns.view(like.shape)
    groups, channels, length, examples = like.shape
    parts = columns.view(groups, taps, channels, length // stride, examples)
    padded = columns.new_zeros(groups, channels, length + 2, examples)
    for tap in range(taps):
        padded[:, :, tap : tap + length : stride] += parts[:, tap]
    return padded[:, :, 1:-1].contiguous()


class GroupedNetwork:
    """Networks of one architecture with different weights.

    Args:
        networks: `StackedNetwork`s of one NAS-Bench-201 architecture in one dimension, with affine normalisation and running statistics;
            their weights are copied.
        choices: the operation of each edge.
    """

    def __init__(self, networks: Sequence[nn.Module], choices: Sequence[int]) -> None:
        self.operations = [list(NAS_BENCH_201)[choice] for choice in choices]
        self.training = True
        named = [dict(network.named_parameters()) for network in networks]
        shapes = {name: p.shape for name, p in named[0].items()}
        self.weights = torch.stack([torch.cat([p.detach().flatten() for p in each.values()]) for each in named])
        """All parameters, `(G, P)`; those by name are views of it."""
        self.decays = torch.cat([self.weights.new_full((s.numel(),), float(len(s) > 1)) for s in shapes.values()])
        """1 for a parameter that decays, 0 for normalisation and biases, `(P,)`."""
        self.parameters: dict[str, Tensor] = {}
        start = 0
        for name, shape in shapes.items():
            part = slice(start, start := start + shape.numel())
            view = self.weights[:, part].view(len(networks), *shape)
            self.parameters[name] = view.detach().requires_grad_()
        buffers = [dict(network.named_buffers()) for network in networks]
        self.running = {name: torch.stack([each[name] for each in buffers]) for name in buffers[0] if "running" in name}
        self.layers = 1 + max(int(name.split(".")[1]) for name in shapes if name.startswith("layers."))
        self.reductions = {int(name.split(".")[1]) for name in shapes if "shortcut" in name}

    def gradient(self, loss: Tensor) -> Tensor:
        """Return the gradient of a sum of the networks' losses in all parameters, `(G, P)`."""
        found = torch.autograd.grad(loss, list(self.parameters.values()), materialize_grads=True)
        return torch.cat([each.flatten(1) for each in found], dim=1)

    def __call__(self, x: Tensor) -> Tensor:
        """Map inputs `(G, C, L, N)` to outputs `(G, N, outputs)`."""
        x = self._conv_norm(x, "stem.layers.0", "stem.layers.1", relu=False)
        for layer in range(self.layers):
            name = f"layers.{layer}"
            x = self._reduction(x, name) if layer in self.reductions else self._cell(x, name)
        x = torch.relu(self._norm(x, "last.0")).mean(dim=2)
        weight, bias = self.parameters["head.linear.weight"], self.parameters["head.linear.bias"]
        return torch.baddbmm(bias[:, None], x.transpose(1, 2), weight.transpose(1, 2))

    def _cell(self, x: Tensor, name: str) -> Tensor:
        states = [x]
        for node in range(1, 1 + max(target for _, target in EDGES)):
            total: Tensor | None = None
            for edge, (source, target) in enumerate(EDGES):
                if target == node and self.operations[edge] != "none":
                    y = self._operation(states[source], f"{name}.edges.{edge}.operations", self.operations[edge])
                    total = y if total is None else total + y
            states.append(torch.zeros_like(x) if total is None else total)
        return states[-1]

    def _operation(self, x: Tensor, name: str, operation: str) -> Tensor:
        if operation == "skip_connect":
            return x
        if operation == "avg_pool_3x3":
            return _average(x)
        return self._conv_norm(x, f"{name}.{operation}.1", f"{name}.{operation}.2")

    def _reduction(self, x: Tensor, name: str) -> Tensor:
        y = self._conv_norm(x, f"{name}.first.1", f"{name}.first.2", stride=2)
        y = self._conv_norm(y, f"{name}.second.1", f"{name}.second.2")
        halves = x.unflatten(2, (-1, 2)).mean(dim=3)
        shortcut = torch.bmm(self.parameters[f"{name}.shortcut.1.weight"].flatten(2), halves.flatten(2))
        return shortcut.view(y.shape) + y

    def _conv_norm(self, x: Tensor, conv: str, norm: str, stride: int = 1, relu: bool = True) -> Tensor:
        kernel, scale, shift = (self.parameters[each] for each in (f"{conv}.weight", f"{norm}.weight", f"{norm}.bias"))
        running = (self.running[f"{norm}.running_mean"], self.running[f"{norm}.running_var"])
        if self.training:
            return ConvNorm.apply(x, kernel, scale, shift, running, stride, relu)  # type: ignore[no-any-return,no-untyped-call]
        factor = scale * torch.rsqrt(running[1] + EPSILON)
        kernel = (kernel * factor[:, :, None, None]).transpose(2, 3).flatten(2)
        columns = unfolded(torch.relu(x) if relu else x, kernel.shape[2] // x.shape[1], stride)
        y = torch.baddbmm((shift - running[0] * factor)[:, :, None], kernel, columns)
        return y.view(*y.shape[:2], -1, x.shape[3])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        given = (self.running[f"{name}.running_mean"], self.running[f"{name}.running_var"])
        mean, variance, scale, shift = (
            each.reshape(-1) for each in (*given, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])
        )
        flat = x.reshape(1, x.shape[0] * x.shape[1], -1)
        return functional.batch_norm(flat, mean, variance, scale, shift, self.training, MOMENTUM, EPSILON).view(x.shape)


def _average(x: Tensor) -> Tensor:
    """Return the means over three positions, fewer at the ends."""
    padded = functional.pad(x, (0, 0, 1, 1))
    total = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    counts = x.new_full((x.shape[2], 1), 3.0)
    counts[0] = counts[-1] = 2.0
    return total / counts
