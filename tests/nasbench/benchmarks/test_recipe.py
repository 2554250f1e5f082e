"""Training recipes: the optimum and the mean against exhaustive search, conditions, seconds, description."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.benchmarks.function_report import describe_function
from nasbench.benchmarks.recipe import LARGE, SHARED, Choices, RecipeLandscape, make_recipe
from nasbench.benchmarks.synthetic import synthetic_benchmark
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Space
from nasbench.testing import SpaceContract

from table_protocol import table_protocol


@pytest.mark.parametrize("size", ["small", "large"])
class TestRecipe(SpaceContract):
    @pytest.fixture
    def space(self, size: str) -> Space:
        return make_recipe(size).space


def test_optimum_and_mean_of_the_small_one_are_those_of_exhaustive_search() -> None:
    recipe = make_recipe("small")
    values = recipe(recipe.space.all)
    assert recipe.optimum == pytest.approx(values.min(), abs=1e-12)
    assert recipe.mean == pytest.approx(values.mean(), abs=1e-12)


def test_optimum_of_all_terms_is_that_of_exhaustive_search() -> None:
    """On grids small enough to list, with every term of the large one."""
    large = make_recipe("large").space
    few = {
        "depth": 4,
        "width": 3,
        "learning_rate": 5,
        "momentum": 2,
        "weight_decay": 3,
        "cutout_size": 2,
        "expansion": 2,
    }
    entries = []
    for decision in large.definitions:
        entry = decision.to_mapping()
        if decision.values is not None:
            at = np.linspace(0, len(decision.values) - 1, few.get(decision.name, 2)).round().astype(int)
            entry["values"] = [decision.values[i] for i in at]
        if decision.name == "nesterov":
            entry["when"] = {"momentum": [0.99]}
        entries.append(entry)
    recipe = RecipeLandscape(MixedSpace("few", entries), LARGE)
    values = recipe(recipe.space.all)
    assert recipe.optimum == pytest.approx(values.min(), abs=1e-12)
    assert recipe.mean == pytest.approx(values.mean(), abs=1e-12)


@pytest.mark.parametrize("size", ["small", "large"])
def test_each_term_depends_on_its_decisions_alone_and_errors_are_per_cents(size: str) -> None:
    recipe = make_recipe(size)
    space = recipe.space
    sampled = space.sample(np.random.default_rng(0).random((2_000, space.d)))
    assert 0 < recipe.optimum < recipe(sampled).min()
    assert recipe(sampled).max() < 100
    assert np.array_equal(recipe(sampled), recipe(space.canonical(sampled)))
    assert np.array_equal(recipe.seconds(sampled), recipe.seconds(space.canonical(sampled)))
    others = space.sample(np.random.default_rng(1).random((2_000, space.d)))
    for term, own in recipe.terms.items():
        mixed = np.where([name in own for name in space.decisions], sampled, others)
        assert np.array_equal(term(Choices(space, sampled)), term(Choices(space, mixed)))
    shared = [set(one) & set(other) for one in recipe.terms.values() for other in recipe.terms.values() if one != other]
    assert all(both <= set(SHARED) for both in shared)


def test_the_optimum_of_the_large_one_is_attained_by_coordinate_descent() -> None:
    recipe = make_recipe("large")
    space = recipe.space
    here = space.sample(np.random.default_rng(0).random((200, space.d)))
    offsets = np.concatenate([np.arange(int(k)) for k in space.cardinalities])
    decision = np.repeat(np.arange(space.d), space.cardinalities)
    for _ in range(12):
        # Any two decisions at once would be 20,000 neighbours; one at a time from many starts is enough here.
        around = np.repeat(here[:, None], len(decision), axis=1)
        around[:, np.arange(len(decision)), decision] = offsets
        here = around[np.arange(len(here)), recipe(around).argmin(axis=1)]
    best = float(recipe(here).min())
    assert recipe.optimum <= best + 1e-12
    assert best == pytest.approx(recipe.optimum, abs=0.05)


def test_a_search_is_charged_the_seconds_of_its_trainings() -> None:
    benchmark = synthetic_benchmark("recipe/large")
    problem = benchmark.problem(
        table_protocol(Budget({"unique_queries": 30}), split="none", epochs=(1,), repeat_policy="cache_isomorphic"),
        0,
        (0, 1),
    )
    batch = benchmark.space.sample(np.random.default_rng(0).random((2, 5, benchmark.space.d)))
    seconds = problem.query(batch).charged_seconds
    assert np.array_equal(seconds, make_recipe("large").seconds(batch))
    assert len(np.unique(seconds)) > 5
    twin = batch.copy()
    inactive = ~benchmark.space.active(batch)
    twin[inactive] = ((batch + 1) % benchmark.space.cardinalities)[inactive]
    again = problem.query(twin)
    changed = (twin != batch).any(axis=-1).sum(axis=1)
    assert (changed >= 4).all()
    assert (again.charged_seconds == 0).all()
    assert (problem.ledger.spent["unique_isomorphic_queries"] == 5).all()
    assert (problem.ledger.spent["unique_queries"] == 5 + changed).all()


def test_descriptions_of_functions() -> None:
    small = {(fact.topic, fact.name): fact for fact in describe_function(synthetic_benchmark("recipe/small"))}
    recipe = make_recipe("small")
    classes = (1 + 3) * 4 * 3 * 5 * (1 + 1 + 3 * 2)
    assert small["size", "isomorphism classes"].value == classes
    assert small["optimum", "least error"].value == pytest.approx(recipe.optimum)
    around = recipe.space.neighbours(recipe.space.all)
    others = (around != recipe.space.all[:, None]).any(axis=-1).sum(axis=1)
    assert small["landscape", "neighbours of an architecture"].value == pytest.approx(others.mean())
    values = recipe(recipe.space.all)
    stuck = (recipe(around).min(axis=1) >= values).sum()
    assert small["landscape", "local optima"].value == stuck
    large = {(fact.topic, fact.name): fact.value for fact in describe_function(synthetic_benchmark("recipe/large"))}
    assert large["error (%)", "optimum"] == make_recipe("large").optimum


def test_other_sizes_are_refused() -> None:
    with pytest.raises(NasbenchError, match="recipe/small"):
        synthetic_benchmark("recipe/huge")
