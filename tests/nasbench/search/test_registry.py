from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import moocore
import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.plugins import unique_by_name
from nasbench.search import registry
from nasbench.search.dominance import nondominated
from nasbench.search.history import History
from nasbench.spaces.space import Space


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, registry.GROUP)


def test_two_packages_may_not_claim_one_name() -> None:
    with pytest.raises(NasbenchError, match="Two packages register 'same'"):
        unique_by_name([point("same", "a:X"), point("same", "b:X")])
    assert len(unique_by_name([point("same", "a:X"), point("same", "a:X")])) == 1, "found twice on the path is not two"


def test_unknown_optimizer_names_the_nearest() -> None:
    with pytest.raises(NasbenchError, match="did you mean 'random_search'"):
        registry.get_optimizer("random_serch")


@pytest.mark.parametrize("value", ["abc", True])
def test_a_number_is_asked_for_where_the_default_is_one(value: object) -> None:
    optimizer = registry.get_optimizer("regularized_evolution")
    with pytest.raises(
        NasbenchError, match=rf"population_size of RegularizedEvolution is {value!r}; it should be a whole number"
    ):
        optimizer.check(SimpleNamespace(objectives=("error",), epochs=(200,)), {"population_size": value})  # type: ignore[arg-type]
    with pytest.raises(NasbenchError, match="did you mean 'population_size'"):
        optimizer.check(SimpleNamespace(objectives=("error",), epochs=(200,)), {"populaton": 3})  # type: ignore[arg-type]


def test_an_entry_point_that_is_no_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        registry, "_entry_points", lambda: {"odd": point("odd", "math:pi"), "lost": point("lost", "no_such_package:X")}
    )
    with pytest.raises(NasbenchError, match="Lockstep or a PerRun"):
        registry.get_optimizer("odd")
    with pytest.raises(NasbenchError, match="no_such_package"):
        registry.get_optimizer("lost")


def test_listing_names_imports_no_optimizer() -> None:
    import subprocess

    code = "import sys; from nasbench.search.registry import optimizer_names; assert optimizer_names();"
    code += "print([m for m in sys.modules if m.startswith('nasbench.baselines')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", registry.optimizer_names())
def test_a_summary_is_one_whole_sentence(name: str) -> None:
    summary = registry.get_optimizer(name).summary
    assert summary.endswith(".") and "\n" not in summary and summary.count(". ") == 0


def test_one_objective_has_the_smallest_on_its_front() -> None:
    """As `moocore` says of it, which is not imported there."""
    rng = np.random.default_rng(1)
    for n in range(1, 40):
        points = rng.integers(0, 4, (n, 1)) / 7
        expected = moocore.is_nondominated(points, keep_weakly=True)
        np.testing.assert_array_equal(nondominated(points), expected)


def test_archive_keeps_exactly_the_non_dominated() -> None:
    """Against the definition, pair by pair."""
    rng = np.random.default_rng(2)
    points = rng.integers(0, 6, (120, 3)).astype(float)
    dominated = [any((q <= p).all() and (q < p).any() for q in points) for p in points]
    assert np.array_equal(nondominated(points), ~np.array(dominated))
    history = History(Space("s", ("a",), (tuple(map(str, range(120))),)), 3)
    for i, p in enumerate(points):
        before = history.objectives[history.front()]
        history.add(np.array([[i]], dtype=np.int8), p[None])
        front = history.objectives[history.front()]
        assert (len(history) - 1 in history.front()) == (p == front).all(axis=1).any()
        assert all((front <= q).all(axis=1).any() for q in before), "what was dominated stays dominated"
    np.testing.assert_array_equal(history.front(), np.flatnonzero(nondominated(points)))
    assert len(nondominated(np.empty((0, 2)))) == 0
