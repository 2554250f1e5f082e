"""Search spaces by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from nasbench.errors import unknown_name
from nasbench.spaces.space import Space

_SPACES: Mapping[str, tuple[str, str]] = {
    "nas-bench-101": ("nasbench.spaces.nas_bench_101", "NasBench101Space"),
    "nas-bench-201": ("nasbench.spaces.nas_bench_201", "NasBench201Space"),
    "darts": ("nasbench.spaces.darts", "DartsSpace"),
    "convnet": ("nasbench.spaces.convnet", "convnet"),
    "mlp": ("nasbench.spaces.mlp", "MlpSpace"),
    "sequence": ("nasbench.spaces.sequence", "SequenceSpace"),
    "hierarchical": ("nasbench.spaces.hierarchical", "HierarchicalSpace"),
    "transnas-bench-101-micro": ("nasbench.spaces.transnas_bench_101", "TransNasBench101MicroSpace"),
    "nats-bench-size": ("nasbench.spaces.nats_size", "NatsSizeSpace"),
    "nas-bench-graph": ("nasbench.spaces.nas_bench_graph", "NasBenchGraphSpace"),
    "nas-bench-graph-proteins": ("nasbench.spaces.nas_bench_graph", "nas_bench_graph_proteins"),
    "hw-gpt-bench-s": ("nasbench.spaces.hw_gpt_bench", "small"),
    "hw-gpt-bench-m": ("nasbench.spaces.hw_gpt_bench", "medium"),
    "hw-gpt-bench-l": ("nasbench.spaces.hw_gpt_bench", "large"),
    "accel-nasbench": ("nasbench.spaces.accel_nasbench", "AccelNasBenchSpace"),
}

_WITH_SETTINGS = ("convnet",)
"""Spaces whose name may be followed by a colon and settings for the factory."""


def space_names() -> tuple[str, ...]:
    """Return the names accepted by `get_space`, sorted."""
    return tuple(sorted(_SPACES))


@cache
def get_space(name: str) -> Space:
    """Return the space of that name, after a `+` with a user's operations; one object per process, since spaces cache their
    enumeration.

    Raises:
        NasbenchError: if there is none, with the nearest match.
    """
    if "+" in name:
        from nasbench.spaces.own_operations import extended_space

        return extended_space(name)
    family, colon, settings = name.partition(":")
    if family not in _SPACES or (colon and family not in _WITH_SETTINGS):
        raise unknown_name("space", name, _SPACES)
    module, attribute = _SPACES[family]
    factory: Callable[..., Space] = getattr(import_module(module), attribute)
    return factory(settings) if colon else factory()
