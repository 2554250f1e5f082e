"""Values of the wrong type are refused in one sentence, whichever argument of a search they are given to."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import nasbench


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
