"""Architectures chosen by their size alone, which any search should beat: on NAS-Bench-201 large cells are good cells."""

from __future__ import annotations

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.live.hardware.cost_counters import CostCounters
from nasbench.live.networks.builders import get_networks
from nasbench.live.networks.space_networks import Architecture, SpaceNetworks
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.recipe import Recipe

LARGEST, RANDOM_LARGE = "largest", "random_large"
SIZE_BASELINES = (LARGEST, RANDOM_LARGE)
LARGE = 0.05
"""Share of the architectures of different function that count as large."""


def check_size_baseline(name: str, space: str) -> None:
    """Raise NasbenchError unless the architectures of a space can be listed by size."""
    networks = get_networks(space)
    if not isinstance(networks, SpaceNetworks) or not networks.make_space().is_enumerable:
        raise NasbenchError(f"Reference {name!r} compares all architectures, and {space} has too many; leave it out.")


def choose_by_size(name: str, space: str, shape: TaskShape, recipe: Recipe) -> Architecture:
    """Return the architecture with most multiply-accumulates and, among these, most parameters ("largest"), or a random one of the
    twentieth with most multiply-accumulates ("random_large"), drawn with the recipe's seed.
    """
    check_size_baseline(name, space)
    networks = get_networks(space)
    members = networks.make_space()
    cells = np.unique(members.canonical(members.all), axis=0)
    sizes = CostCounters(networks, shape, recipe.channels, recipe.cells)(["flops", "parameters"], cells)
    order = np.lexsort((-sizes[:, 1], -sizes[:, 0]))
    if name == LARGEST:
        return cells[order[0]]
    large = order[: max(round(LARGE * len(order)), 1)]
    return cells[np.random.default_rng(recipe.seed).choice(large)]
