"""Parts that anyone brings along, and a prior mean of what is known without training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.function_benchmark import FunctionEvaluator
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.hybrid.hyperparameters import ONE_OBJECTIVE
from nasbench.hybrid.kernel import KNOWN, FeatureKernel, enumerated_features
from nasbench.hybrid.model import regression_model
from nasbench.hybrid.optimizer import Hybrid
from nasbench.hybrid.parts import DEFAULT_PARTS, Parts
from nasbench.hybrid.prior_mean import PriorMeanKernel
from nasbench.hybrid.surrogate import Surrogate
from nasbench.search.ledger import Budget
from nasbench.search.normal_scores import normal_scores
from nasbench.search.observations import Observations
from nasbench.search.problem import Problem
from nasbench.spaces.space import Architectures, Floats, Space
from nasbench.tables.importers import import_table
from nasbench.tables.table import Table

from small_table import CSV, TOML, write_small
from table_protocol import table_protocol

SPACE = Space("five by three", tuple("abcde"), (("0", "1", "2"),) * 5)
WEIGHTS = np.array([1.0, 2.0, 4.0, 8.0, 16.0])


def error(architectures: Architectures) -> Floats:
    return np.asarray(architectures @ WEIGHTS, dtype=np.float64)


def problem(queries: int = 20) -> Problem:
    protocol = table_protocol(Budget({"unique_queries": queries}), epochs=(1,), split="none")
    return Problem(FunctionEvaluator(SPACE, error), protocol, 0, (0,))


def run(given: Problem, parts: Parts = DEFAULT_PARTS, **settings: object) -> tuple[Hybrid, list[Observations]]:
    optimizer = Hybrid(given, np.random.default_rng(5), parts, **settings)  # type: ignore[arg-type]
    answers = []
    while not given.ledger.exhausted.all():
        answers.append(given.query(np.array(optimizer.ask(), dtype=np.int8)[None]))
        optimizer.tell(answers[-1].select_run(0))
    return optimizer, answers


class NearestNeighbours:
    """A regression in twelve lines: the mean of the three nearest, and the distance to the nearest."""

    def fit(self, features: Floats, targets: Floats) -> None:
        self.features, self.targets = features, targets

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        squared = ((features[:, None] - self.features[None]) ** 2).sum(axis=-1)
        nearest = np.argsort(squared, axis=1, kind="stable")[:, :3]
        return self.targets[nearest].mean(axis=1), 0.1 * np.sqrt(squared.min(axis=1))


def sum_of_objectives(optimistic: Floats, front: Floats) -> Floats:
    """An acquisition value."""
    return -optimistic.sum(axis=1)


def test_own_model_and_acquisition_search_in_place_of_the_gaussian_process() -> None:
    """They are asked, with features of the kernel and on the one history, and what they choose is what the search evaluates."""
    parts = Parts(model=regression_model(NearestNeighbours), acquisition=sum_of_objectives)
    optimizer, _ = run(problem(), parts, use_evolution=False, use_gradient=False, epsilon=0.0)
    regression = optimizer.surrogate.models[0].regression  # type: ignore[union-attr]
    assert isinstance(regression, NearestNeighbours) and len(regression.targets) == 19
    assert optimizer.history is optimizer.evolution.history is optimizer.surrogate.history  # type: ignore[union-attr]
    # The next proposal is what the acquisition value prefers of what the regression predicts.
    optimizer.surrogate.update()  # type: ignore[union-attr]
    seen = {a.tobytes() for a in optimizer.history.architectures}
    unseen = np.array([a for a in SPACE.all if a.tobytes() not in seen])
    mean, deviation = regression.predict(FeatureKernel(SPACE).features(unseen))
    coefficient = optimizer.surrogate.exploration_coefficient  # type: ignore[union-attr]
    assert coefficient is not None
    bound = mean - coefficient * deviation
    at = (unseen == optimizer.ask()[0]).all(axis=1).argmax()
    assert bound[at] == bound.min()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_prior_mean_is_ridge_regression_inside_the_process(dtype: type) -> None:
    """The posterior against universal kriging with a proper prior, written out in its own form (Rasmussen and Williams 2.41, 2.42)."""
    prior = PriorMeanKernel(SPACE, known=lambda a: error(a)[:, None])
    weights, noise = np.array([0.3, 0.7]), 0.05
    assert prior.groups == ("decisions", KNOWN)
    seen, asked = SPACE.all[::17], SPACE.all[5::31]
    targets = np.sin(error(seen))
    features, new = prior.features(seen), prior.features(asked)
    plain = FeatureKernel(SPACE)
    base = lambda a, b: plain(plain.features(a), plain.features(b), weights[:1])  # noqa: E731
    h, h_new = (normal_scores(error(a), among=error(SPACE.all)) for a in (seen, asked))
    inverse = np.linalg.inv(base(seen, seen) + noise * np.eye(len(seen)))
    precision = h @ inverse @ h + 1 / weights[1]
    coefficient = h @ inverse @ targets / precision
    cross = base(asked, seen)
    rest = h_new - cross @ inverse @ h
    mean = h_new * coefficient + cross @ inverse @ (targets - h * coefficient)
    variance = 1.0 - np.einsum("ij,jk,ik->i", cross, inverse, cross) + rest**2 / precision
    gram = prior(features, features.astype(dtype), weights) + noise * np.eye(len(seen))
    np.testing.assert_allclose(
        gram, prior.from_distances(prior.distances(features, features), weights) + noise * np.eye(len(seen)), rtol=1e-5
    )
    ours = prior(new, features.astype(dtype), weights)
    np.testing.assert_allclose(ours @ np.linalg.solve(gram, targets), mean, rtol=1e-4, atol=1e-5)
    got = prior.variance(new, weights) - np.einsum("ij,ij->i", ours, np.linalg.solve(gram, ours.T).T)
    np.testing.assert_allclose(got, variance, rtol=1e-3, atol=1e-4)


def test_on_a_listing_and_on_fresh_inputs_the_prior_mean_is_the_same() -> None:
    kernel = ONE_OBJECTIVE.feature_kernel(
        SPACE, kernel=lambda *a, **k: PriorMeanKernel(*a, known=lambda x: error(x)[:, None], **k)
    )
    listing = enumerated_features(kernel, False)
    model = Surrogate(kernel, listing, ONE_OBJECTIVE)
    rows = np.random.default_rng(0).permutation(SPACE.size)[:30]
    for count in (4, 5, 12, 30):
        model.add(kernel.features(SPACE.all[rows[len(model) : count]]))
        model.update(normal_scores(-error(SPACE.all[rows[:count]])), listing)
        for one, other in zip(model.predict_enumerated(), model.predict(kernel.features(SPACE.all)), strict=True):
            np.testing.assert_allclose(one, other, atol=2e-3)
    # It has learned that what is known ranks the architectures the other way round.
    assert np.corrcoef(model.predict_enumerated()[0], -error(SPACE.all))[0, 1] > 0.98


@pytest.mark.parametrize("sign", [1, -1])
def test_what_ranks_the_architectures_shortens_the_search_whatever_its_sign(sign: int) -> None:
    def queries(parts: Parts) -> int:
        optimizer, _ = run(problem(60), parts)
        return int(optimizer.history.objectives[:, 0].argmin())

    assert queries(Parts(known=lambda a: sign * error(a)[:, None] ** 3)) < queries(DEFAULT_PARTS)


def test_prior_mean_of_a_table_by_name_is_charged_what_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the seconds of the first query, once; a closed form or latency costs nothing, and what is trained for is refused."""
    table = imported_with_scores(tmp_path, monkeypatch)
    benchmark = TabularBenchmark(table, "d")
    protocol = table_protocol(Budget({"unique_queries": 5}), epochs=(1,))
    plain, scored = (benchmark.problem(protocol, 0, (0,)) for _ in range(2))
    _, without = run(plain, prior_mean="latency@chip")
    _, answers = run(scored, prior_mean="latency@chip, naswot")
    seconds = [float(a.charged_seconds.sum()) for a in answers]
    assert seconds[0] == float(without[0].charged_seconds.sum()) + 6 * 2.5
    assert seconds[1:] == [float(a.charged_seconds.sum()) for a in without][1:]
    assert scored.ledger.spent["train_seconds"][0] == sum(seconds)
    with pytest.raises(NasbenchError, match="error of small/d is not known without training"):
        Hybrid(scored, np.random.default_rng(0), prior_mean="error")
    with pytest.raises(NasbenchError, match="derive the kernel from PriorMeanKernel"):
        Hybrid(scored, np.random.default_rng(0), Parts(kernel=PriorMeanKernel), prior_mean="naswot")


def imported_with_scores(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """The small table with a zero-cost score that takes 2.5 seconds an architecture."""
    monkeypatch.setenv("NASBENCH_CACHE", str(folder / "cache"))
    header, *rows = CSV.strip().split("\n")
    csv = "\n".join([f"{header},naswot,score_ms", *(f"{row},{i},2500" for i, row in enumerate(rows))]) + "\n"
    scores = """  { dataset = "d", quantity = "naswot", unit = "score", direction = "max", column = "naswot" },
  { dataset = "d", quantity = "train_time@naswot", unit = "ms", column = "score_ms" },
]
[space]"""
    return import_table("table", write_small(folder, TOML.replace("]\n[space]", scores), csv))[0]
