"""What the server averages, and that one step a client is the central step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from nasbench.errors import NasbenchError
from nasbench.live.federated.aggregation import geometric_mean_on_simplex, weighted_mean
from nasbench.live.federated.federated_config import Array
from nasbench.live.searchers.gaea import Gaea

from small_federation import CPU, DIGITS, JOB


def test_means_are_what_they_say() -> None:
    rng = np.random.default_rng(0)
    thetas = [rng.dirichlet(np.ones(4), size=3) for _ in range(3)]
    weights = [1.0, 2.0, 5.0]
    direct = np.prod([t ** (w / 8) for t, w in zip(thetas, weights, strict=True)], axis=0)
    np.testing.assert_allclose(
        geometric_mean_on_simplex(thetas, weights), direct / direct.sum(1, keepdims=True), rtol=1e-13
    )
    np.testing.assert_allclose(weighted_mean(thetas, weights), np.average(thetas, axis=0, weights=weights), rtol=1e-13)
    padded = [np.pad(t, ((0, 0), (0, 2))) for t in thetas]
    assert np.array_equal(geometric_mean_on_simplex(padded, weights)[:, 4:], np.zeros((3, 2)))
    with pytest.raises(NasbenchError, match="in common"):
        geometric_mean_on_simplex([np.eye(2), np.eye(2)[::-1]], [1, 1])
    for bad in ([1.0, 0.0, 1.0], [1.0, np.nan, 1.0], []):
        with pytest.raises(NasbenchError, match="positive numbers"):
            weighted_mean(thetas, bad)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.2, 0.8)])
def test_one_step_a_round_is_the_central_step_on_the_live_supernet(weights: tuple[float, float]) -> None:
    """In double precision: GAEA's own step on each client, the server's means, against GAEA's step on both batches.

    The supernet normalises by the statistics of a batch, so the central step sees the two batches as two.
    """
    config = replace(JOB, supernet=replace(JOB.supernet, gradient_clip=1e9, weight_decay=3e-4))
    data = DIGITS.load().train
    batches = [(torch.as_tensor(data.x[s]).double(), torch.as_tensor(data.y[s])) for s in (slice(0, 24), slice(24, 48))]

    def fresh() -> Gaea:
        searcher = config.searcher(3, CPU)
        searcher.supernet.double()
        rows = np.random.default_rng(1).dirichlet(np.ones(5), size=6)
        searcher.theta = torch.as_tensor(rows)
        return searcher

    def state(searcher: Gaea) -> list[Array]:
        return [searcher.theta.numpy(), *(p.detach().numpy() for p in searcher.supernet.parameters())]

    ends = []
    for batch in batches:
        client = fresh()
        client.step(batch, batch)
        ends.append(state(client))
    central = fresh()
    plain = central.loss
    both = lambda _, mixture: sum(w * plain(b, mixture) for w, b in zip(weights, batches, strict=True))  # noqa: E731
    central.loss = both  # type: ignore[method-assign, assignment]
    central.step(batches[0], batches[0])
    expected = state(central)
    federated = [geometric_mean_on_simplex([e[0] for e in ends], weights)]
    federated += [weighted_mean(column, weights) for column in zip(*(e[1:] for e in ends), strict=True)]
    moved = state(fresh())
    for mine, theirs, start in zip(federated, expected, moved, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-13)
        assert not np.allclose(theirs, start, atol=1e-9), "each array must have moved for the test to say anything"
    assert np.abs(weighted_mean([e[0] for e in ends], weights) - expected[0]).max() > 1e-6
