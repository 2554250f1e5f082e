"""The kernel, and the surrogate on a listing against the surrogate on fresh inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF, Matern

from nasbench.hybrid.enumeration import EnumeratedSpace, enumerate_space
from nasbench.hybrid.hyperparameters import (
    ONE_OBJECTIVE,
    SEVERAL_OBJECTIVES,
    Hyperparameters,
    fit_hyperparameters,
)
from nasbench.hybrid.kernel import FeatureKernel, Kernel, enumerated_features
from nasbench.hybrid.surrogate import Surrogate
from nasbench.search.gaussian_process import factorise, profile_likelihood
from nasbench.search.normal_scores import inverse_normal_scores, normal_scores
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Space

NB201 = get_space("nas-bench-201")


def cells(n: int, seed: int = 0) -> np.ndarray:
    return NB201.all[np.random.default_rng(seed).choice(NB201.size, n, replace=False)]


def test_decision_kernel_is_the_product_over_decisions() -> None:
    space = Space("s", ("a", "b", "c"), (("0", "1"), ("0", "1", "2"), ("0", "1")))
    kernel = FeatureKernel(space)
    features = kernel.features(space.all)
    got = kernel(features, features, np.array([0.7]))
    differing = (space.all[:, None] != space.all[None]).sum(axis=-1)
    np.testing.assert_allclose(got, np.exp(-0.7 * differing), rtol=1e-12)


@pytest.mark.parametrize("rungs", [1, 3])
@pytest.mark.parametrize("kernel", ["rbf", "matern52"])
def test_kernel_is_scikit_learns_and_positive_definite(kernel: Kernel, rungs: int) -> None:
    """In both ways to it: of features, and of their distances by group; on features scaled by the roots of the weights."""
    embedding = FeatureKernel(NB201, kernel=kernel, rungs=rungs)
    features = np.concatenate([embedding.features(cells(20)), embedding.features(cells(20, 1), 0)])
    weights = np.linspace(0.2, 0.6, len(embedding.groups))
    gram = embedding(features, features, weights)
    distances = embedding.distances(features, features)
    np.testing.assert_allclose(gram, embedding.from_distances(distances, weights), rtol=1e-7)
    theirs = Matern(nu=2.5) if kernel == "matern52" else RBF()
    np.testing.assert_allclose(gram, theirs(features * np.sqrt(weights[embedding.column_groups])), rtol=1e-7)
    assert np.linalg.eigvalsh(gram)[0] > -1e-10


def test_counts_are_by_name_whatever_the_decision() -> None:
    counts = NB201.choice_counts(np.array([[0, 0, 3, 3, 3, 4]], dtype=np.int8))
    np.testing.assert_array_equal(counts, [[2, 0, 0, 3, 1]])


def test_kernel_is_matern_with_path_features_alone() -> None:
    """Without paths it stays a product over decisions, whose multilinear extension has a closed form."""
    alone = FeatureKernel(NB201, path_features=False, kernel="matern52")
    features = alone.features(cells(20))
    differing = (NB201.canonical(cells(20))[:, None] != NB201.canonical(cells(20))[None]).sum(axis=-1)
    np.testing.assert_allclose(alone(features, features, np.array([0.7])), np.exp(-0.7 * differing), rtol=1e-12)
    for prior, kernel in ((ONE_OBJECTIVE, "matern52"), (SEVERAL_OBJECTIVES, "rbf")):
        assert prior.feature_kernel(NB201).kernel == kernel


def test_listing_has_one_of_each_function() -> None:
    listing = EnumeratedSpace(NB201, merge_isomorphic=True)
    assert len(listing) == len(np.unique(NB201.index(NB201.canonical(NB201.all))))
    np.testing.assert_array_equal(
        NB201.canonical(listing.architectures[listing.representative_of]), NB201.canonical(NB201.all)
    )
    assert len(EnumeratedSpace(NB201, merge_isomorphic=False)) == NB201.size


def test_posterior_on_the_listing_is_the_posterior_anywhere() -> None:
    """Grown one by one in single precision across refits, against one dense solve in double precision."""
    listing = enumerate_space(NB201, True)
    embedding = FeatureKernel(NB201)
    features = enumerated_features(embedding, True)
    assert listing is not None and features is not None
    surrogate = Surrogate(embedding, features, replace(ONE_OBJECTIVE, sigma=1.0))
    rng = np.random.default_rng(0)
    observed = listing.architectures[rng.choice(len(listing), 60, replace=False)]
    values = (observed == 3).sum(axis=1) + rng.normal(size=60)
    for t in range(60):
        surrogate.add(embedding.features(observed[t : t + 1]))
        surrogate.update(normal_scores(values[: t + 1]), features)
    mean, deviation = surrogate.predict_enumerated()
    other_mean, other_deviation = surrogate.predict(embedding.features(listing.architectures))
    np.testing.assert_allclose(mean, other_mean, atol=2e-4)
    np.testing.assert_allclose(deviation, other_deviation, atol=2e-4)
    gram = embedding(embedding.features(observed), embedding.features(observed), surrogate.hyperparameters.weights)
    cross = embedding(
        embedding.features(listing.architectures), embedding.features(observed), surrogate.hyperparameters.weights
    )
    inverse = np.linalg.inv(gram + surrogate.hyperparameters.noise * np.eye(60))
    np.testing.assert_allclose(other_mean, cross @ inverse @ normal_scores(values), atol=1e-8)
    np.testing.assert_allclose(other_mean, cross @ surrogate.expansion, atol=1e-8)


def test_fit_finds_a_mode_that_no_single_step_improves() -> None:
    embedding = FeatureKernel(NB201)
    architectures = cells(50)
    targets = normal_scores((architectures == 3).sum(axis=1) + np.random.default_rng(1).normal(size=50))
    features = embedding.features(architectures)
    distances = embedding.distances(features, features)
    prior = Hyperparameters.median(ONE_OBJECTIVE, embedding.groups)

    def penalised(vector: np.ndarray) -> float:
        tried = Hyperparameters.from_vector(vector)
        factor = factorise(embedding.from_distances(distances, tried.weights), tried.noise)
        return profile_likelihood(factor, targets)[0] - 0.5 * float(((vector - prior.to_vector()) ** 2).sum())

    found = fit_hyperparameters(embedding, distances, targets, prior, prior, 1.0).to_vector()
    assert penalised(found) > penalised(prior.to_vector())
    last = len(found) - 1
    for move in (0.5, -0.5):
        moved = found.copy()
        moved[last] += move
        assert penalised(moved) <= penalised(found)


def test_repeated_inputs_without_noise_are_fitted() -> None:
    """The likelihood then rises with less noise for as long as the matrix can be factorised."""
    kernel = SEVERAL_OBJECTIVES.feature_kernel(NB201)
    features = kernel.features(np.repeat(cells(40), 3, axis=0))
    targets = normal_scores(features @ np.random.default_rng(0).normal(size=features.shape[1]))
    start = Hyperparameters.median(SEVERAL_OBJECTIVES, kernel.groups)
    distances = kernel.distances(features, features)
    found = fit_hyperparameters(kernel, distances, targets, start, start, 1e3)
    assert found.noise < 1e-9 < start.noise
    factorise(kernel.from_distances(distances, found.weights), found.noise)


def test_normal_scores_are_monotone_centred_and_share_ties() -> None:
    scores = normal_scores(np.array([3.0, 1.0, 2.0, 2.0]))
    assert scores[1] < scores[2] == scores[3] < scores[0]
    assert scores.sum() == pytest.approx(0.0)
    values = np.random.default_rng(2).random(11)
    np.testing.assert_array_equal(normal_scores(values), normal_scores(np.exp(5 * values)))


def test_scores_go_back_to_units_and_stay_monotone() -> None:
    values = np.array([10.0, 12.0, 30.0, 12.0, 11.0])
    scores = normal_scores(values)
    np.testing.assert_allclose(inverse_normal_scores(scores, scores, values), values)
    line = inverse_normal_scores(np.linspace(-4, 4, 200), scores, values)
    assert (np.diff(line) >= 0).all()
    assert line[0] < 10.0
    assert line[-1] == 30.0
    np.testing.assert_allclose(inverse_normal_scores(np.array([-1.0, 0.5]), np.zeros(2), np.full(2, 7.0)), [6.0, 7.5])


def test_decisions_weigh_more_where_no_paths_stand_beside_them() -> None:
    plain = FeatureKernel(Space("s", ("a", "b"), (("0", "1"), ("0", "1", "2"))))
    for embedding in (plain, FeatureKernel(NB201, path_features=False)):
        assert Hyperparameters.median(ONE_OBJECTIVE, embedding.groups).weights.tolist() == [
            ONE_OBJECTIVE.decisions_only
        ]
    beside = Hyperparameters.median(ONE_OBJECTIVE, FeatureKernel(NB201).groups).weights
    assert beside.tolist() == [ONE_OBJECTIVE.weights[group] for group in ("decisions", "paths", "bigrams", "counts")]
