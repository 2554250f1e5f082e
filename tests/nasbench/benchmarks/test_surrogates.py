"""The surrogate benchmarks: predictions against independent computation, exactness, optima, held-out errors, and searches."""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import nasbench
from nasbench.benchmarks.accel_nasbench import (
    DEVICES,
    GROUPS,
    QUANTITIES,
    find_optima,
    held_out_errors,
    read_models,
    read_trainings,
)
from nasbench.benchmarks.catalogue import expand_benchmarks, get_benchmark
from nasbench.benchmarks.function_report import describe_surrogate
from nasbench.benchmarks.oracle import Oracle
from nasbench.benchmarks.pack_surrogates import search_best
from nasbench.benchmarks.pairwise_model import STEP, PairwiseModel, feature_names, fit
from nasbench.benchmarks.perplexity_network import ACTIVATION_STEP, WEIGHT_STEP, PerplexityNetwork
from nasbench.benchmarks.surrogates import NAMES, surrogate_benchmark
from nasbench.errors import NasbenchError
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.hw_gpt_bench import HwGptBenchSpace
from nasbench.spaces.space import Space
from nasbench.study.listing import rows_of
from nasbench.tables.shipped import read_checked, shipped_models

from registered_optimizers import SLOW, installed_optimizers

PUBLISHED = {"s": (21.41, 42.88, 31.77, 6.67), "m": (20.92, 35.98, 27.84, 5.44), "l": (18.30, 30.18, 23.50, 4.16)}
"""What the authors' repository says of predictions: of the largest and of the smallest network, mean and sd of random ones."""


def weights_of(scale: str) -> dict[str, np.ndarray]:
    shipped = shipped_models()[f"hw-gpt-bench/{scale}"]
    return dict(np.load(io.BytesIO(read_checked(shipped.file, shipped.sha256)), allow_pickle=False))


def network_of(scale: str) -> PerplexityNetwork:
    space = get_space(f"hw-gpt-bench-{scale}")
    assert isinstance(space, HwGptBenchSpace)
    return PerplexityNetwork(space, weights_of(scale))


def exact(scale: str, architecture: np.ndarray) -> Fraction:
    """The network layer by layer, in rational arithmetic, from the architecture's own words."""
    network, weights = network_of(scale), weights_of(scale)
    chosen = network.space.to_string(architecture).split(",")
    count = int(chosen[1].removesuffix("-layers"))
    inputs: list[int] = []
    for decision, (word, choices) in enumerate(zip(chosen, network.space.choices, strict=True)):
        layer = (decision - 2) % network.space.most_layers
        absent = 2 <= decision < network.space.d - 1 and layer >= count
        inputs += [int(word == choice and not absent) for choice in choices]
    values = [Fraction(one) for one in inputs]
    for number in range(1, 6):
        matrix = np.rint(weights[f"fc{number}.weight"].astype(float) / WEIGHT_STEP).astype(int).tolist()
        offset = np.rint(weights[f"fc{number}.bias"].astype(float) / WEIGHT_STEP).astype(int).tolist()
        sums = [
            Fraction(b + sum(w * v for w, v in zip(row, values, strict=True) if v))
            for row, b in zip(matrix, offset, strict=True)
        ]
        sums = [one * Fraction(WEIGHT_STEP) for one in sums]
        if number < 5:
            step = Fraction(ACTIVATION_STEP)
            sums = [round(max(one, Fraction(0)) / step) * step for one in sums]
        values = sums
    return values[0]


@pytest.mark.parametrize("scale", ["s", "l"])
def test_perplexities_are_those_of_the_network_in_rational_arithmetic(scale: str) -> None:
    network = network_of(scale)
    for one in network.space.sample(np.random.default_rng(3).random((2, network.space.d))):
        assert Fraction(float(network(one))) == exact(scale, one)


@pytest.mark.parametrize("scale", ["s", "m", "l"])
def test_perplexities_are_those_of_the_authors_weights_in_double_precision(scale: str) -> None:
    network, weights = network_of(scale), weights_of(scale)
    some = network.space.sample(np.random.default_rng(4).random((500, network.space.d)))
    values = network.space.one_hot(some) * np.repeat(
        network.space.has_effect(some), network.space.cardinalities, axis=1
    )
    for number in range(1, 6):
        values = values @ weights[f"fc{number}.weight"].astype(float).T + weights[f"fc{number}.bias"]
        values = np.maximum(values, 0.0) if number < 5 else values
    np.testing.assert_allclose(network(some), values[:, 0], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(network(network.space.canonical(some)), network(some))


@pytest.mark.parametrize("scale", ["s", "m", "l"])
def test_perplexities_are_near_what_the_authors_publish_of_them(scale: str) -> None:
    """Their statistics are of another state of the predictors; half a perplexity apart is 2% of the range."""
    network = network_of(scale)
    largest, smallest, mean, sd = PUBLISHED[scale]
    ends = np.zeros((2, network.space.d), dtype=np.int8)
    ends[0, :-1] = 2
    np.testing.assert_allclose(network(ends), [largest, smallest], rtol=0, atol=0.5)
    random = network(network.space.sample(np.random.default_rng(5).random((5000, network.space.d))))
    assert abs(random.mean() - mean) < 1.0 and abs(random.std() / sd - 1.0) < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_a_prediction_has_the_same_bits_in_any_batch(name: str) -> None:
    benchmark = surrogate_benchmark(name)
    some = benchmark.space.sample(np.random.default_rng(6).random((300, benchmark.space.d)))
    for objective in benchmark.predictions.values():
        whole = objective.predict(some)
        assert np.array_equal(whole, np.array([objective.predict(one) for one in some]))
        assert np.array_equal(whole[7:].reshape(-1, 1), objective.predict(some[7:, None]))


def test_weights_too_large_for_exact_sums_are_refused() -> None:
    weights = weights_of("s")
    space = get_space("hw-gpt-bench-s")
    assert isinstance(space, HwGptBenchSpace)
    with pytest.raises(NasbenchError, match="too large for exact sums"):
        PerplexityNetwork(space, weights | {"fc2.weight": weights["fc2.weight"] * 4.0})
    with pytest.raises(NasbenchError, match="no network"):
        PerplexityNetwork(space, weights_of("m"))


def small_space() -> Space:
    return Space("small", ("a", "b", "c", "d"), (("0", "1"), ("0", "1", "2"), ("0", "1", "2", "3"), ("0", "1", "2")))


def random_model(space: Space, seed: int, step: float = STEP) -> PairwiseModel:
    size = len(feature_names(space))
    steps = np.random.default_rng(seed).integers(-1000, 1000, size).astype(np.float64)
    return PairwiseModel(space, np.asarray(steps * step, dtype=np.float64))


def test_a_model_of_pairs_is_the_sum_of_its_coefficients_by_name() -> None:
    space = small_space()
    names = feature_names(space)
    model = random_model(space, 7)
    by_name = dict(zip(names, model.coefficients.tolist(), strict=True))
    for one in space.all:
        chosen = {
            f"{decision}={choice}"
            for decision, choice in zip(space.decisions, space.to_string(one).split(","), strict=True)
        }
        total = sum(value for name, value in by_name.items() if name == "intercept" or set(name.split(" & ")) <= chosen)
        assert float(model(one)) == total


@pytest.mark.parametrize("seed", range(5))
def test_branch_and_bound_finds_the_optimum_of_exhaustive_search(seed: int) -> None:
    space = small_space()
    model = random_model(space, seed)
    for groups in ([(0,), (1,), (2,), (3,)], [(0, 3), (1, 2)], [(2, 1, 0, 3)]):
        best, value = model.minimum(groups)
        assert value == float(model(best)) == model(space.all).min()


def test_a_fit_finds_the_coefficients_that_made_the_values() -> None:
    space = small_space()
    true = random_model(space, 8, step=1.0)
    found = fit(space, space.all, true(space.all), np.linspace(1.0, 2.0, space.size), (1e-9, 1e-9))
    np.testing.assert_allclose(found, true.coefficients, rtol=0, atol=1e-5)


def test_held_out_errors_are_those_that_the_manifest_states() -> None:
    """Computed anew from the trainings that ship, and small beside the spread of what is predicted."""
    shipped, space = shipped_models()["accel-nasbench/imagenet"], get_space("accel-nasbench")
    assert shipped.trainings is not None
    trainings = read_trainings(read_checked(*shipped.trainings), space)
    assert len(trainings.architectures) == 5138 and len(np.unique(trainings.architectures, axis=0)) == 5125
    errors = held_out_errors(space, trainings)
    for name, stated in shipped.held_out.items():
        assert errors[name].architectures == stated["architectures"]
        assert errors[name].rmse == pytest.approx(stated["rmse"], rel=1e-3)
        assert errors[name].kendall_tau == pytest.approx(stated["kendall_tau"], abs=1e-3)
    spread = trainings.measured["val_top1"].std()
    assert errors["error"].rmse < spread / 8 and errors["error"].kendall_tau > 0.9
    assert all(errors[f"throughput@{device}"].kendall_tau > 0.95 for device in DEVICES)
    # The models that ship are fitted to all: close to a fit without the held-out fifth, and no worse on it.
    models = read_models(read_checked(shipped.file, shipped.sha256), space)
    apart, quantity = trainings.held_out(), QUANTITIES["error"]
    missed = quantity.invert(models["error"](trainings.architectures[apart])) - (
        100 - trainings.measured["val_top1"][apart]
    )
    assert np.sqrt((missed**2).mean()) < errors["error"].rmse


def test_the_optimum_of_accel_nasbench_is_below_everything_that_is_met() -> None:
    benchmark = surrogate_benchmark("accel-nasbench/imagenet")
    some = benchmark.space.sample(np.random.default_rng(9).random((2000, 28)))
    for name in ("error", "throughput@a100", "throughput@3090", "throughput@tpuv2"):
        objective = benchmark.predictions[name]
        best = objective.find_best()
        two_apart = benchmark.space.neighbours(benchmark.space.neighbours(best))
        assert objective.predict(best) <= objective.predict(two_apart).min()
        assert objective.predict(best) <= objective.predict(some).min()
        assert (objective.predict(some) < 0).all() == (objective.view.direction == "max")
    shipped = shipped_models()["accel-nasbench/imagenet"]
    models = read_models(read_checked(shipped.file, shipped.sha256), benchmark.space)
    assert find_optima(models) == shipped.best_known
    assert sorted(i for group in GROUPS for i in group) == list(range(28))


def test_the_best_known_perplexity_is_no_worse_than_another_search() -> None:
    benchmark = surrogate_benchmark("hw-gpt-bench/s")
    network = network_of("s")
    known = float(network(benchmark.predictions["perplexity"].find_best()))
    best, found = search_best(network, starts=3)
    assert found == float(network(best))
    assert known <= found


@pytest.mark.parametrize("name", NAMES)
def test_an_oracle_counts_what_it_met_among_the_best_known(name: str) -> None:
    benchmark = nasbench.load_benchmark(name)
    oracle: Oracle = benchmark.source.oracle(benchmark.protocol(5))
    some = benchmark.space.sample(np.random.default_rng(10).random((4, 3, benchmark.space.d)))
    rows = oracle.row(some)
    assert (oracle.score(rows) >= oracle.best_score).all()
    np.testing.assert_array_equal(oracle.score(rows), surrogate_benchmark(name).predictions["error"].predict(some))
    first, tenth = oracle.search_rank(1), oracle.search_rank(10)
    assert first is not None and tenth is not None and first < tenth < oracle.mean_score
    assert oracle.is_optimum_known == name.startswith("accel")


def test_names_are_listed_and_say_that_they_are_functions() -> None:
    assert set(NAMES) < set(nasbench.list_benchmarks())
    assert expand_benchmarks(["hw-gpt-bench/*"]) == NAMES[:3]
    for name in NAMES:
        with pytest.raises(NasbenchError, match="function, and has no table"):
            get_benchmark(name)
    with pytest.raises(NasbenchError, match="hw-gpt-bench/s"):
        nasbench.load_benchmark("hw-gpt-bench/x")
    with pytest.raises(NasbenchError, match="objective of hw-gpt-bench/s"):
        nasbench.load_benchmark("hw-gpt-bench/s").problem(5, objectives=("latency",))


def test_cheap_objectives_and_seconds_are_predictions_too() -> None:
    benchmark = nasbench.load_benchmark("accel-nasbench/imagenet")
    problem = benchmark.problem({"queries": 4}, objectives=("error", "throughput@a100"))
    some = benchmark.space.sample(np.random.default_rng(11).random((1, 4, 28)))
    seen = problem.query(some)
    assert problem.cheap == (False, True)
    np.testing.assert_array_equal(problem.facts(some)[..., 0], seen.objectives[..., 1])
    shown = benchmark.query(some[0, 0]).set_index("quantity")["value"]
    assert shown["accuracy"] == 100.0 - shown["error"] == 100.0 - seen.objectives[0, 0, 0]
    assert shown["throughput@a100"] == -seen.objectives[0, 0, 1] > 0


@pytest.mark.parametrize("bits", list(product((0, 1), repeat=2)))
def test_layers_without_effect_do_not_cost_a_query_where_isomorphic_ones_are_cached(bits: tuple[int, int]) -> None:
    benchmark = nasbench.load_benchmark("hw-gpt-bench/s")
    problem = benchmark.problem({"queries": 4}, repeat_policy="cache_isomorphic")
    pair = np.zeros((1, 2, 27), dtype=np.int8)
    pair[0, 1, 2 + 11], pair[0, 1, 2 + 9] = bits
    seen = problem.query(pair)
    assert seen.is_new_isomorphism_class.tolist() == [[True, bool(bits[1])]]


ELSEWHERE = {
    "darts_replay": "nas-bench-201",
    "asha": "fidelities",
    "bohb": "fidelities",
    "dehb": "fidelities",
    "hyperband": "fidelities",
    "pasha": "fidelities",
    "successive_halving": "fidelities",
    "nas_bowl": "graphs",
}
"""Optimizers that need what no surrogate has, and the word by which they say so."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("optimizer", installed_optimizers(without=SLOW))
def test_every_optimizer_runs_or_says_in_a_sentence_what_it_lacks(name: str, optimizer: str) -> None:
    """Beyond the first generation of each on either space; a second and third model of one space is asked less."""
    benchmark = nasbench.load_benchmark(name)
    queries = 30 if name in ("hw-gpt-bench/m", "hw-gpt-bench/l") else 60
    if optimizer in ELSEWHERE:
        with pytest.raises(NasbenchError, match=ELSEWHERE[optimizer]):
            nasbench.search(optimizer, benchmark, budget={"queries": queries})
        return
    frame = nasbench.search(optimizer, benchmark, budget={"queries": queries}, runs=2, seed=1).to_pandas()
    assert (frame.groupby("run")["query"].count() == queries).all()
    assert (frame["regret"] >= 0).all()
    assert (frame.groupby("run")["regret"].diff().dropna() <= 0).all()
    objective = surrogate_benchmark(name).predictions[benchmark.objectives[0]]
    asked = np.stack([benchmark.space.from_string(text) for text in frame["architecture"]])
    np.testing.assert_array_equal(objective.predict(asked), frame[benchmark.objectives[0]])


@pytest.mark.parametrize("optimizer", ["hybrid", "nsga2", "sms_emoa", "random_search"])
def test_several_objectives_are_searched_together(optimizer: str) -> None:
    benchmark = nasbench.load_benchmark("accel-nasbench/imagenet")
    result = nasbench.search(optimizer, benchmark, budget=40, objectives=("accuracy", "throughput@a100"))
    frame = result.to_pandas()
    assert (frame["accuracy"] > 30).all() and (frame["throughput@a100"] > 3000).all()


def distance(**chosen: int) -> float:
    return float(sum(value * value for value in chosen.values()))


@pytest.mark.parametrize(("optimum", "best"), [(None, None), (0.0, 0.0)])
def test_regret_of_a_function_is_relative_to_the_best_known_value_unless_its_optimum_is_stated(
    optimum: float | None, best: float | None
) -> None:
    space = {f"x{i}": list(range(-4, 4)) for i in range(25)}
    nasbench.register_benchmark("distance", space, objective="distance", unit="1", optimum=optimum)(distance)
    assert nasbench.load_benchmark("distance").space.size >= 2**63
    result = nasbench.search("local_search", "distance", budget=200, runs=2, seed=3)
    frame = result.to_pandas()
    oracle = result.oracle("distance")
    assert oracle.is_optimum_known == (optimum is not None)
    assert oracle.best_score == (min(frame["distance"].min(), oracle.search_rank(1) or 0.0) if best is None else best)
    assert (frame["regret"] >= 0).all()
    assert frame["regret"].min() == frame["distance"].min() - oracle.best_score
    ends = frame.groupby("run")[["incumbent", "regret"]].last()
    np.testing.assert_allclose(ends["incumbent"] - ends["regret"], oracle.best_score, rtol=0, atol=1e-9)


def test_a_landscape_too_wide_for_its_optimum_says_so() -> None:
    oracle = nasbench.load_benchmark("nk/40x2-k13").source.oracle(nasbench.load_benchmark("nk/40x2-k2").protocol(5))
    assert not oracle.is_optimum_known
    first, hundredth = oracle.search_rank(1), oracle.search_rank(100)
    assert first is not None and hundredth is not None
    assert oracle.best_score == first < hundredth < oracle.mean_score
    assert "random architectures" in oracle.ranked_among


@pytest.mark.parametrize("name", NAMES)
def test_a_description_states_kind_best_known_values_and_errors(name: str) -> None:
    benchmark = surrogate_benchmark(name)
    facts = {(fact.topic, fact.name): fact for fact in describe_surrogate(benchmark)}
    assert "not looked up" in facts["kind", "surrogate"].detail
    assert facts["size", "combinations"].value == float(benchmark.space.size)
    for objective, errors in benchmark.held_out.items():
        if objective in benchmark.predictions:
            unit = benchmark.predictions[objective].unit
            stated = facts[f"{objective} ({unit})", "rank correlation of prediction (Kendall)"]
            assert stated.value == errors.kendall_tau
            assert facts[f"{objective} ({unit})", "optimum"].value == pytest.approx(
                benchmark.values(benchmark.predictions[objective].find_best())[objective][0]
            )
    if not benchmark.held_out:
        assert any("may have missed better" in fact_name for _, fact_name in facts)
        assert not any(fact_name == "optimum" for _, fact_name in facts)


def test_the_list_of_benchmarks_says_which_are_functions() -> None:
    kinds = {row["name"]: row["kind"] for row in rows_of("benchmarks")}
    assert {name for name, kind in kinds.items() if kind == "surrogate"} == set(NAMES)
    assert kinds["nk/10x6-k2"] == "closed form" and kinds["nas-bench-201/cifar10"] == "table"
