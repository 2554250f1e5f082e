"""Values of the wrong type are refused in one sentence, whichever argument of a search they are given to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.search.constraints import Constraint
from nasbench.search.parallelism import Parallelism
from nasbench.study.live_config import LiveConfig
from nasbench.study.methods import MethodConfig


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"workers": 2, "lie": 3}, "no lie named 3"),
        ({"constraints": 3}, "3 is no constraint"),
        ({"constraints": None}, "None is no constraint"),
        ({"runs": "2"}, "The number of runs is '2'"),
        ({"runs": 1.5}, "The number of runs is 1.5"),
        ({"seed": "2"}, "The seed is '2'"),
        ({"seed": 1.5}, "The seed is 1.5"),
        ({"jobs": "2"}, "The number of jobs is '2'"),
        ({"no_repeats": "no"}, "The no_repeats of random_search is 'no'; it should be true or false"),
        ({"settings": [1]}, r"The settings of random_search are \[1\]; they should be a mapping"),
        ({"warm_start": pd.DataFrame({"index": [1e30], "error": [1.0]})}, "gives no whole number from 0 to 2"),
    ],
)
def test_arguments_of_a_search(given: dict[str, Any], words: str) -> None:
    with pytest.raises(nasbench.NasbenchError, match=words):
        nasbench.search("random_search", "onemax/6x2", 5, **given)


@pytest.mark.parametrize("choices", [3, "ab"])
def test_choices_of_a_function(choices: Any) -> None:
    with pytest.raises(
        nasbench.NasbenchError, match=r"Decision 'x' has the choices .*; it should be a list of choices"
    ):
        nasbench.search("random_search", lambda x: 1.0, 5, space={"x": choices})


def numpy(kind: str, value: float) -> Any:
    """A number of numpy; of any type to a checker of types, as it is to a user without one."""
    return np.dtype(kind).type(value)


def test_numbers_of_numpy_are_numbers() -> None:
    """Wherever a number is taken, one of numpy is that number: the study is the same, to its file and its hash."""
    plain: dict[str, Any] = {
        "problems": ["nas-bench-101-sample/cifar10"], "methods": [MethodConfig(name="hybrid", settings={"n_initial_samples": 5})],
        "budget": {"epochs": 500, "queries": 7.5}, "runs": 3, "seed": 4, "runs_per_file": 2, "epochs": [4, 108], "training_seed": 1,
        "workers": 4, "constraints": [Constraint("parameters", "<=", 5e6)],
    }  # fmt: skip
    exotic: dict[str, Any] = plain | {
        "methods": [MethodConfig(name="hybrid", settings={"n_initial_samples": numpy("int16", 5)}, no_repeats=numpy("bool", 0))],
        "budget": {"epochs": numpy("int64", 500), "queries": numpy("float64", 7.5)}, "runs": numpy("int64", 3), "seed": numpy("uint32", 4),
        "runs_per_file": numpy("int8", 2), "epochs": np.array([4, 108]), "training_seed": numpy("int64", 1), "workers": numpy("int64", 4),
        "constraints": [Constraint("parameters", "<=", numpy("float64", 5e6))],
    }  # fmt: skip
    assert nasbench.Study(**exotic) == nasbench.Study(**plain)
    assert nasbench.Study(**exotic).to_toml() == nasbench.Study(**plain).to_toml()
    assert "np." not in repr(nasbench.Study(**exotic))
    assert Parallelism(batch_size=numpy("int32", 3)) == Parallelism(batch_size=3)
    with pytest.raises(
        nasbench.NasbenchError, match=r"The number of workers is 2\.0; it should be a whole number from 1"
    ):
        nasbench.Study(**plain | {"workers": numpy("float64", 2.0)})

    bench, method = nasbench.load_benchmark("onemax/6x2"), nasbench.get_optimizer("regularized_evolution")
    options = {"runs": numpy("int64", 2), "seed": numpy("int64", 1), "jobs": numpy("int64", 1)}
    settings = {"population_size": numpy("int64", 4)}
    found = nasbench.search(method, bench, numpy("int64", 5), settings=settings, **options)
    same = nasbench.search("regularized_evolution", bench, 5, runs=2, seed=1, settings={"population_size": 4})
    assert found.to_pandas()["architecture"].tolist() == same.to_pandas()["architecture"].tolist()
    assert bench.sample(numpy("int64", 3), seed=numpy("int64", 2)).equals(bench.sample(3, seed=2))
    assert (
        bench.problem(
            numpy("float32", 3), runs=numpy("int64", 2), seed=numpy("int64", 2), epochs=numpy("int64", 1)
        ).runs
        == 2
    )


def test_one_name_may_stand_for_a_list() -> None:
    bench = nasbench.load_benchmark("onemax/6x2")
    assert bench.sample(2, objectives="error").equals(bench.sample(2, objectives=["error"]))
    assert bench.protocol(5, objectives="value", epochs=1).objectives == ("value",)
    alone = nasbench.Study(problems="onemax/6x2", methods="hybrid", budget={"queries": 5}, objectives="error", epochs=1)
    assert alone == nasbench.Study(
        problems=["onemax/6x2"], methods=["hybrid"], budget={"queries": 5}, objectives=["error"], epochs=[1]
    )
    assert alone.with_problems("onemax/6x2") == alone
    one: Any = "small_cnn"
    live = LiveConfig(references=one, seeds=(numpy("int64", 3),), recipe={"epochs": numpy("int8", 2)})
    assert live == LiveConfig(references=("small_cnn",), seeds=(3,), recipe={"epochs": 2}) and "np." not in repr(live)
    assert LiveConfig(task={"digits": {"references": "small_cnn"}}).references_of("live/digits") == ("small_cnn",)
    for argument in ("problems", "objectives"):
        with pytest.raises(nasbench.NasbenchError, match=f"The {argument} are 3; they should be a list of names"):
            alone.replace(**{argument: 3})
