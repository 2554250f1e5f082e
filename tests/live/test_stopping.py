"""Early stopping: rules, their text, and what they do to a search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers.loop import SupernetSearch
from nasbench.live.searchers.stopping import EarlyStopping, count_skip_connections

from tiny_search import make, search


def test_stopping_on_skips_returns_the_architecture_before() -> None:
    plan, rule = get_cell_networks("nas-bench-201"), EarlyStopping("max-skip-connections", max_skip_connections=2)
    good, bad = np.array([3, 1, 1, 3, 3, 3], np.int8), np.array([1, 1, 1, 3, 3, 3], np.int8)
    assert count_skip_connections(plan, bad) == 3
    assert rule.tell(plan, good, None) is None
    np.testing.assert_array_equal(rule.tell(plan, bad, None), good)


def test_stopping_on_eigenvalues_goes_back_by_its_window() -> None:
    plan, rule = get_cell_networks("nas-bench-201"), EarlyStopping("eigenvalue", window=2)
    cells = [np.full(6, i % 5, np.int8) for i in range(6)]
    answers = [rule.tell(plan, cell, value) for cell, value in zip(cells, [1.0, 1.0, 1.0, 1.1, 3.0, 9.0], strict=True)]
    assert answers[:4] == [None] * 4
    # Means of the last two and of the two before: (1.1 + 3) / 2 against 1, so the fifth epoch stops the search.
    np.testing.assert_array_equal(answers[4], cells[2])
    flat = EarlyStopping("eigenvalue", window=2)
    assert all(flat.tell(plan, cell, 1.0) is None for cell in cells)


def test_stopping_rules_are_read_from_text_and_written_back() -> None:
    assert EarlyStopping.parse("max-skip-connections:3").max_skip_connections == 3
    rule = EarlyStopping.parse("eigenvalue:4,0.5")
    assert (rule.rule, rule.window, rule.ratio) == ("eigenvalue", 4, 0.5)
    for text in ("none", "max-skip-connections:2", "max-skip-connections:0", "eigenvalue:5,0.75"):
        assert str(EarlyStopping.parse(text)) == text
    assert EarlyStopping.parse("max-skip-connections") == EarlyStopping.parse("max-skip-connections:2")
    assert EarlyStopping.parse("eigenvalue") == EarlyStopping.parse("eigenvalue:5,0.75")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bogus", "no early stopping rule named 'bogus'"),
        ("none:1", "it should be none, max-skip"),
        ("bogus:1", "it should be none, max-skip"),
        ("max-skip-connections:", "it should be none, max-skip"),
        ("max-skip-connections:two", "it should be none, max-skip"),
        ("max-skip-connections:-1", "max_skip_connections should be a whole number of 0 or more"),
        ("eigenvalue:5", "it should be none, max-skip"),
        ("eigenvalue:0,0.75", "the window a whole number of 1 or more"),
        ("eigenvalue:5,0", "the ratio positive and at most 1"),
        ("eigenvalue:5,1.5", "the ratio positive and at most 1"),
        ("eigenvalue:5,nan", "the ratio positive and at most 1"),
    ],
)
def test_stopping_rules_that_cannot_be_are_told(text: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=message) as caught:
        EarlyStopping.parse(text)
    assert "\n" not in str(caught.value)


def test_a_search_is_resumed_under_its_own_rule_alone(tmp_path: Path) -> None:
    def under(text: str) -> SupernetSearch:
        return search(make("darts"), tmp_path / text.partition(":")[0], EarlyStopping.parse(text))

    under("none").run(1)
    assert len(search(make("darts"), tmp_path / "none").curve) == 1  # as it was written before rules had a place there
    under("max-skip-connections:6").run(1)
    assert len(under("max-skip-connections:6").curve) == 1
    for other in ("none", "max-skip-connections:5", "eigenvalue"):
        with pytest.raises(NasbenchError, match="written for another stopping"):
            search(make("darts"), tmp_path / "max-skip-connections", EarlyStopping.parse(other))


def test_eigenvalues_need_a_point_on_the_relaxation() -> None:
    with pytest.raises(NasbenchError, match="use none or max-skip-connections"):
        search(make("hybrid_supernet", "darts"), stopping=EarlyStopping("eigenvalue"))


def test_eigenvalues_are_measured_where_the_rule_needs_them() -> None:
    found = search(make("darts"), stopping=EarlyStopping("eigenvalue")).run()
    assert all(np.isfinite(row["eigenvalue"]) for row in found.curve)
