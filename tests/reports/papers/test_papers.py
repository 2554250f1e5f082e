from __future__ import annotations

from itertools import combinations

import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.papers.catalogue import get_paper, list_papers, paper_names
from nasbench.reports.papers.paper import Computed, NotRun, Replay, Search, parse_row
from nasbench.reports.papers.simulate import _optimizer
from nasbench.reports.papers.tables import confirmation


@pytest.mark.parametrize("name", paper_names())
def test_a_paper_is_complete(name: str) -> None:
    paper = get_paper(name)
    assert paper.name == name and paper.citation and paper.runs > 0
    assert {figure.method for figure in paper.figures} == set(paper.methods)
    for figure in paper.figures:
        how = paper.methods[figure.method]
        assert paper.margin(figure) > 0
        if isinstance(how, Search):
            assert set(how.settings) <= set(_optimizer(how.optimizer).settings)
            assert (paper.protocol.searched or figure.dataset) in paper.protocol.budgets
        elif isinstance(how, Replay):
            assert (figure.dataset in how.cells) != (figure.dataset in how.lacking)
        else:
            assert isinstance(how, Computed) or (isinstance(how, NotRun) and how.reason)
    assert set(paper.explanations) <= {(figure.method, figure.dataset) for figure in paper.figures}
    assert len({(f.method, f.dataset, f.split) for f in paper.figures}) == len(paper.figures)


def test_margins_are_those_stated_in_advance() -> None:
    for name in ("nats-bench", "nas-bench-201"):
        assert get_paper(name).margins == {"cifar10": 0.15, "cifar100": 0.35, "imagenet16-120": 0.35}


@pytest.mark.parametrize("name", paper_names())
def test_a_margin_is_at_most_half_of_the_smallest_gap_in_its_column(name: str) -> None:
    paper = get_paper(name)
    for a, b in combinations(paper.figures, 2):
        if a.column == b.column and a.mean != b.mean and 0.0 not in (a.deviation, b.deviation):
            half = abs(a.mean - b.mean) / 2.0
            assert paper.margin(a) <= max(half, a.rounding) + 1e-9 and paper.margin(b) <= max(half, b.rounding) + 1e-9


def test_published_budgets() -> None:
    limits = {d: b["train_seconds"] for d, b in get_paper("nats-bench").protocol.budgets.items()}
    assert limits == {"cifar10": 20_000.0, "cifar100": 40_000.0, "imagenet16-120": 120_000.0}
    older = get_paper("nas-bench-201").protocol
    assert older.budgets == {"cifar10": {"train_seconds": 12_000.0}} and older.searched == "cifar10"


def test_a_line_of_a_table_is_read() -> None:
    read = parse_row("m", "1.5±0.25 2 - 4 - 6±1", "a source")
    assert [(f.dataset, f.split, f.mean, f.deviation) for f in read] == [
        ("cifar10", "validation", 1.5, 0.25),
        ("cifar10", "test", 2.0, None),
        ("cifar100", "test", 4.0, None),
        ("imagenet16-120", "test", 6.0, 1.0),
    ]
    assert {f.confirmed for f in read} == {"a source"}


def test_the_list_says_what_is_not_run_and_not_confirmed() -> None:
    rows = {row["name"]: row for row in list_papers()}
    assert rows["nats-bench"]["not_run"] == "BOHB"
    assert rows["nats-bench"]["cross_checked"] == 0 and rows["nats-bench"]["published_values"] == 24


def test_an_unknown_paper_has_a_nearest_match() -> None:
    with pytest.raises(NasbenchError, match="did you mean 'nats-bench'"):
        get_paper("nats-bensh")


def test_second_sources_are_named_with_what_they_confirm() -> None:
    assert confirmation(get_paper("nats-bench")) == "0 of 24 published values match a second source."
    text = confirmation(get_paper("naswot"))
    assert text.startswith("18 of 39 published values match a second source: 18 in Table 2 of From One to Zero")
