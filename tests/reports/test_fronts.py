"""Fronts of runs and of tables against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.comparison import compare
from nasbench.reports.analysis.evaluation import evaluate_benchmark
from nasbench.reports.analysis.pareto_fronts import REFERENCE, front_traces, true_front
from nasbench.reports.analysis.results import Results
from nasbench.reports.figures.emphasis import styles_of
from nasbench.reports.figures.pareto import pareto
from nasbench.reports.statistics.multiobjective import hypervolume
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.hypervolume_over_time import hypervolume_over_time_table
from nasbench.reports.tables.multi_objective import multi_objective_table
from nasbench.reports.wording import format_range

BENCHMARK = "nas-bench-201/cifar10"


def dominated(point: np.ndarray, points: np.ndarray) -> bool:
    return bool(((points <= point).all(axis=1) & (points < point).any(axis=1)).any())


def test_true_front_by_definition() -> None:
    points = np.random.default_rng(3).random((300, 2))
    points[::50] = np.nan  # not measured
    front = true_front(points)
    known = points[np.isfinite(points).all(axis=1)]
    expected = np.array(sorted(p.tolist() for p in known if not dominated(p, known)))
    assert np.array_equal(front.points, expected)
    scaled = front.scaled(front.points)
    assert scaled.min(axis=0).tolist() == [0.0, 0.0]
    assert scaled.max(axis=0) == pytest.approx([1.0, 1.0])
    assert front.volume == pytest.approx(hypervolume(scaled, [REFERENCE, REFERENCE]))
    assert front.scaled(front.reference[None])[0] == pytest.approx([REFERENCE, REFERENCE])


def test_a_front_of_one_point_has_a_volume() -> None:
    front = true_front(np.array([[1.0, 1.0], [2.0, 3.0]]))
    assert len(front.points) == 1
    assert front.volume == pytest.approx(REFERENCE**2)


def test_front_traces_against_the_whole_history(several: Results) -> None:
    traces = several.traces(BENCHMARK, "random_search")
    objectives = several.oracle(BENCHMARK).objectives
    truth = true_front(objectives)
    found = front_traces(traces, objectives, truth)
    for run in range(len(traces.runs)):
        for b, look in enumerate(found.budgets.astype(int)):
            end = min(look, traces.lengths[run])
            seen = traces.observed[run, :end]
            kept = [q for q in range(end) if not dominated(seen[q], seen)]
            returned = truth.scaled(objectives[traces.rows[run, kept]])
            volume = hypervolume(returned, [REFERENCE] * 2)
            assert not isinstance(volume, Undefined)
            assert found.volume[run, b] == pytest.approx(volume / truth.volume)
        assert not any(dominated(p, found.final[run]) for p in found.final[run])
    assert (found.volume <= 1.0 + 1e-9).all()


def test_table_and_figure_of_several_objectives(several: Results) -> None:
    evaluations = [evaluate_benchmark(several, name) for name in several.study.problems]
    compared = {
        e.benchmark: compare(
            {label: 100.0 * (1.0 - o.fronts.volume[:, -1]) for label, o in e.outcomes.items() if o.fronts is not None},
            dict.fromkeys(e.outcomes, "0"),
            np.random.default_rng(0),
        )
        for e in evaluations
    }
    over_time = hypervolume_over_time_table(evaluations, np.random.default_rng(0))
    final = [row[-1] for row in over_time.rows if row[0].value == evaluations[0].short]
    for cell, (label, outcome) in zip(final, evaluations[0].outcomes.items(), strict=True):
        assert outcome.fronts is not None and cell.value == pytest.approx(outcome.fronts.volume[:, -1].mean()), label
        assert cell.best == compared[evaluations[0].benchmark].standings[label].best
    table = multi_objective_table(evaluations, compared, several.study.objectives, np.random.default_rng(0))
    keys = [column.key for column in table.columns]
    cells = dict(zip(keys, table.rows[0], strict=True))
    fronts = evaluations[0].outcomes["random_search"].fronts
    assert fronts is not None
    assert cells["hypervolume"].value == pytest.approx(fronts.volume[:, -1].mean())
    assert cells["size"].value == pytest.approx(np.mean([len(points) for points in fronts.final]))
    assert "latency" in table.notes[0]
    assert "ms" in table.notes[0]
    assert [
        panel.name
        for panel in pareto(evaluations, several.study.objectives, styles_of(evaluations, "random_search")).panels
    ] == [
        "pareto-latency-cifar10",
        "pareto-latency-cifar100",
    ]


def test_a_front_of_one_point_has_no_extent_in_words() -> None:
    front = true_front(np.array([[9.82, 5.0], [9.82 + 1e-15, 5.0], [12.0, 7.0]]))
    assert len(front.points) == 1 and front.nadir.tolist() == front.ideal.tolist()
    assert format_range(*map(float, (front.ideal[0], front.nadir[0]))) == "9.82"
    assert format_range(7.0, 5.0) == "5 to 7"
    with pytest.raises(NasbenchError, match="no front"):
        true_front(np.array([[1.0, np.nan]]))
