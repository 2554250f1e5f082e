"""qNEHVI through botorch: expected hypervolume improvement in closed form, free objectives exact, the largest value proposed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("botorch", reason="qnehvi needs the extra rivals", exc_type=ImportError)

from nasbench.baselines import qnehvi
from nasbench.baselines.gp_bo import expected_improvement
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.hybrid.acquisition import nondominated_boxes
from nasbench.search.dominance import nondominated
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams
from nasbench.testing.optimizer_contract import ask_tell, trace
from nasbench.testing.toy import toy_space

from table_protocol import table_protocol
from toy import Problems

TWO, THREE = ("error", "latency"), ("error", "latency", "parameters")


def expected_hypervolume_improvement(mean: Any, deviation: Any, front: Any, reference: Any) -> np.ndarray:
    """Return the volume that independent normal objectives are expected to add: over each box the product of `E[(u - max(l, f))+]`."""
    lower, upper = nondominated_boxes(front, reference)
    volume = np.ones((len(mean), len(lower)))
    for j in range(mean.shape[1]):
        below = [
            expected_improvement(mean[:, [j]], deviation[:, [j]], np.maximum(at[:, j], -1e6)) for at in (upper, lower)
        ]
        volume *= below[0] - np.where(np.isfinite(lower[:, j]), below[1], 0.0)
    return volume.sum(axis=1)


def test_closed_form_in_numpy_is_botorchs() -> None:
    """Two objectives, one proposal, no noise: 40 random posteriors over a front of five."""
    import torch
    from botorch.acquisition.multi_objective.analytic import ExpectedHypervolumeImprovement
    from botorch.models.model import Model
    from botorch.posteriors.gpytorch import GPyTorchPosterior
    from botorch.utils.multi_objective.box_decompositions import NondominatedPartitioning
    from gpytorch.distributions import MultitaskMultivariateNormal

    rng = np.random.default_rng(0)
    mean, deviation = rng.random((40, 2)), rng.uniform(0.02, 0.5, (40, 2))
    front = np.array([[0.1, 0.9], [0.2, 0.5], [0.4, 0.4], [0.6, 0.15], [0.9, 0.1]])
    reference = np.array([1.1, 1.0])

    class Fixed(Model):  # type: ignore[misc]
        num_outputs = 2

        def posterior(self, X: Any, *args: Any, **kwargs: Any) -> Any:
            rows = X[:, 0, 0].long()
            covariance = torch.diag_embed(torch.from_numpy(deviation**2)[rows])
            return GPyTorchPosterior(MultitaskMultivariateNormal(-torch.from_numpy(mean)[rows][:, None], covariance))

    boxes = NondominatedPartitioning(ref_point=-torch.from_numpy(reference), Y=-torch.from_numpy(front))
    theirs = ExpectedHypervolumeImprovement(Fixed(), (-reference).tolist(), boxes)
    values = theirs(torch.arange(40, dtype=torch.float64)[:, None, None]).numpy()
    np.testing.assert_allclose(expected_hypervolume_improvement(mean, deviation, front, reference), values, rtol=1e-6)


def conditioned(problems: Problems, objectives: tuple[str, ...], **settings: Any) -> tuple[Any, Any]:
    problem = problems(queries=16, objectives=objectives)
    optimizer = qnehvi.OPTIMIZER.create(problem, Streams(3, range(1)), {"n_initial_samples": 12} | settings)
    optimizer.tell(problem.query(optimizer.ask()))
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        member.update()
    return problem, member


def test_acquisition_is_the_closed_form_where_nothing_is_noisy(problems: Problems) -> None:
    """The toy's error is measured and its latency free: the process is certain of what it has seen, up to its noise."""
    import torch

    problem, member = conditioned(problems, TWO, n_samples=1024)
    assert problem.cheap == (False, True)
    process, exact = member._acquisition.model.models
    left = member._history.unseen(toy_space().all)
    with torch.no_grad():
        posterior = process.posterior(member._inputs(left))
        seen = process.posterior(member._inputs(member._history.architectures)).mean[:, 0].numpy()
        latency = exact.posterior(member._inputs(left)).mean[:, 0].numpy()
        known = exact.posterior(member._inputs(member._history.architectures)).mean[:, 0].numpy()
    scaled = (problem.facts(left)[:, 0] + member._mean[1]) / member._deviation[1]
    np.testing.assert_allclose(-latency, scaled, rtol=1e-12)
    mean = np.column_stack([-posterior.mean[:, 0].numpy(), -latency])
    deviation = np.column_stack([posterior.variance[:, 0].sqrt().numpy(), np.full(len(left), 1e-12)])
    points = np.column_stack([-seen, -known])
    reference = -member._acquisition.ref_point.numpy()
    closed = expected_hypervolume_improvement(mean, deviation, points[nondominated(points)], reference)
    np.testing.assert_allclose(np.exp(member.acquisition(left)), closed, atol=0.05 * closed.max())
    assert np.argmax(closed) == np.argmax(member.acquisition(left))


@pytest.mark.parametrize("objectives", [("error",), TWO, THREE])
def test_proposes_the_largest_value_of_the_space_and_keeps_no_model(
    problems: Problems, objectives: tuple[str, ...]
) -> None:
    problem = problems(queries=13, objectives=objectives)
    optimizer = qnehvi.OPTIMIZER.create(problem, Streams(3, range(1)), {"n_initial_samples": 10})
    member: Any = optimizer.members[0]  # type: ignore[attr-defined]
    optimizer.tell(problem.query(optimizer.ask()))
    values: list[Any] = []
    acquisition = member.acquisition

    def recorded(architectures: Any) -> Any:
        values.append(acquisition(architectures))
        return values[-1]

    member.acquisition = recorded
    while not problem.ledger.exhausted.all():
        values.clear()
        left = member._history.unseen(toy_space().all)
        proposed: Any = optimizer.ask()
        assert (left[values[0].argmax()] == proposed[0, 0]).all()
        assert member._acquisition is None
        optimizer.tell(problem.query(proposed))


def test_numbers_and_conditions_are_taken() -> None:
    """The recipe in closed form has numbers, which are ordered, beside categories, and conditions on both."""
    problem = synthetic_benchmark("recipe/small").problem(table_protocol(Budget({"queries": 13}), epochs=(1,)), 7, (3,))
    assert problem.space.ordered.any() and not problem.space.ordered.all()
    found = trace(ask_tell(problem, qnehvi.OPTIMIZER.create(problem, Streams(7, (3,)))), 0)[0]
    assert problem.space.is_feasible(found).all()
    assert len(np.unique(found[10:], axis=0)) == 3
