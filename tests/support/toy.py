"""Fidelities and problems on the toy space of `nasbench.testing`."""

from __future__ import annotations

from collections.abc import Callable

from nasbench.search.problem import Problem

FIDELITIES = (1, 3, 9)
Problems = Callable[..., Problem]
