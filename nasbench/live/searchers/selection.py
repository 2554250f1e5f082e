"""Perturbation-based selection (Wang et al., ICLR 2021, "Rethinking architecture selection", algorithm 1)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from nasbench.errors import NasbenchError
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.networks.space_networks import Architecture
from nasbench.live.searchers.searcher import Searcher, need_edges
from nasbench.live.training.batches import DeviceSplit
from nasbench.live.training.metrics import mean_loss


@torch.no_grad()
def perturbed_selection(searcher: Searcher, search: DeviceSplit, generator: torch.Generator) -> Architecture:
    """Return the architecture that keeps, edge by edge, the operation whose removal degrades the supernet most.

    Edges are visited in random order; a decided edge keeps only its operation. Degradation is measured by the loss on
    the search split, which is finer than the accuracy used in the paper. The supernet is not tuned in between.

    In the DARTS space an edge is decided among its operations and the node's edges are then ranked by the strength
    of the relaxation, as in the plain discretisation.

    Args:
        searcher: a searcher at the end of its search.
        search: the search split.
        generator: random stream for the order.
    """
    networks = searcher.networks
    need_edges(networks, "Perturbation-based selection")
    if not searcher.mixes_probabilities:
        raise NasbenchError("Perturbation-based selection needs a softmax of the logits; leave out arch_activation.")
    present = searcher.architecture_probabilities().clone()
    strength = present.clone()
    for edge in torch.randperm(networks.edges, generator=generator).tolist():
        hurts = [_loss_without(searcher, present, edge, choice, search) for choice in range(present.shape[1])]
        kept = int(np.argmax(hurts))
        present[edge] = 0.0
        present[edge, kept] = 1.0
        strength[edge] = present[edge] * searcher.architecture_probabilities()[edge, 1:].max()
    return networks.discretize((present if networks.space != "darts" else strength).double().cpu().numpy())


def _loss_without(searcher: Searcher, present: Tensor, edge: int, choice: int, search: DeviceSplit) -> float:
    weights = present.clone()
    weights[edge, choice] = 0.0
    total = weights[edge].sum()
    if total > 0:
        weights[edge] /= total
    mixture = OperationWeights(weights=weights, scale=searcher.mixture().scale)
    return mean_loss(searcher.supernet.shape, lambda x: searcher.supernet(x, mixture), search)
