"""A user's operations, named after a `+` in the name of a space: of a package (entry points `nasbench.operations`), or `MODULE:ATTR`.

An operation is a function of (style, channels, stride) that returns a module which keeps the shape of its input; `stride` is 1
in the spaces that take one. `style` makes convolutions and normalisations that suit images or sequences, a network trained alone or a
supernet:

    def gated_conv(style, channels, stride):
        return nn.Sequential(style.convolution(channels, 2 * channels, 3), nn.GLU(dim=1), style.norm(channels))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from nasbench.errors import NasbenchError, nearest_name
from nasbench.live.networks.operations import Style
from nasbench.plugins import points, use

GROUP = "nasbench.operations"
SIZE = 8
"""Length of the sides of the input on which an operation is tried."""


@dataclass(frozen=True)
class OwnOperation:
    """A user's operation.

    Attributes:
        name: as it is named in the space.
        function: maps (style, channels, stride) to a module.
    """

    name: str
    function: Callable[..., Any]

    def __call__(self, style: Style, channels: int, stride: int) -> nn.Module:
        """Return the module, which has been tried once.

        Raises:
            NasbenchError: if it cannot be built, is no module, or does not keep the shape of its input.
        """
        _try(self, style, channels, stride)
        return self._made(style, channels, stride)

    def _made(self, style: Style, channels: int, stride: int) -> nn.Module:
        try:
            module = self.function(style, channels, stride)
        except Exception as fault:
            raise self._error(f"cannot be built for {channels} channels ({_told(fault)})") from fault
        if not isinstance(module, nn.Module):
            raise self._error(f"returns {type(module).__name__}")
        return module

    def _error(self, what: str) -> NasbenchError:
        return NasbenchError(
            f"Operation {self.name!r} {what}; it should be a function of (style, channels, stride) that returns a torch module "
            "which keeps the shape of its input."
        )

    def check(self, style: Style, channels: int, stride: int) -> None:
        """Raise NasbenchError unless the operation keeps the shape of an input."""
        with torch.random.fork_rng(devices=[]):
            module = self._made(style, channels, stride).eval()
        x = torch.zeros(2, channels, *(SIZE,) * style.dims)
        try:
            with torch.no_grad():
                y = module(x)
        except Exception as fault:
            raise self._error(f"fails on an input of shape {tuple(x.shape)} ({_told(fault)})") from fault
        if not isinstance(y, torch.Tensor) or y.shape != x.shape:
            found = tuple(y.shape) if isinstance(y, torch.Tensor) else type(y).__name__
            raise self._error(f"maps an input of shape {tuple(x.shape)} to {found}")


@lru_cache(maxsize=256)
def _try(operation: OwnOperation, style: Style, channels: int, stride: int) -> None:
    operation.check(style, channels, stride)


def _told(fault: Exception) -> str:
    return f"{type(fault).__name__}: {(str(fault).splitlines() or [''])[0][:160]}"


def find_operation(name: str) -> OwnOperation:
    """Return the operation of a name or address.

    Raises:
        NasbenchError: if there is none, or it is no function.
    """
    from nasbench.search.methods import load_attribute

    installed = points(GROUP)
    found: Any
    if name in installed:
        found = use(installed[name], "operation")
    elif ":" in name:
        found = load_attribute(name)
    else:
        near = nearest_name(name, installed)
        hint = f"did you mean {near!r}?" if near else "write MODULE:ATTR, or install a package that has it."
        raise NasbenchError(f"There is no operation named {name!r} beside those of the space; {hint}")
    if not callable(found):
        raise NasbenchError(f"Operation {name!r} is {type(found).__name__}; it should be a function.")
    return OwnOperation(name, found)
