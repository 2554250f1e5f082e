"""Times to targets and horizons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.accounts import AXES
from nasbench.reports.analysis.evaluation import evaluate_benchmark
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.targets import common_horizon, standard_targets, time_to_target
from nasbench.reports.statistics.inputs import CensoredTimes

CELL = ("nas-bench-201/cifar10", "local_search")


def test_targets_of_the_real_table(results: Results) -> None:
    oracle = results.oracle(CELL[0])
    targets = {target.key: target for target in standard_targets(oracle, "%")}
    space = results.benchmark(CELL[0]).space
    rows = np.arange(oracle.size)
    members = {key: np.flatnonzero(target.holds(rows)) for key, target in targets.items()}
    best = members["best"]
    assert "".join(str(choice) for choice in space.from_index(best)[0]) == "333132"  # highest mean validation accuracy
    assert len(members["ten-best"]) == 10
    assert (oracle.score(members["regret-0.3"]) <= oracle.best_score + 0.3).all()
    assert len(members["regret-0.1"]) < len(members["regret-0.3"]) < len(members["regret-1"])


def test_other_units_have_no_regret_targets(results: Results) -> None:
    keys = [target.key for target in standard_targets(results.oracle(CELL[0]), "loss")]
    assert keys == ["best", "ten-best", "top-1-percent"]


@pytest.mark.parametrize("account", AXES)
def test_times_against_a_loop(results: Results, account: str) -> None:
    traces = results.traces(*CELL)
    spent = traces.spent(account)
    for target in standard_targets(results.oracle(CELL[0]), "%"):
        times = time_to_target(traces, target, account)
        rows = traces.rows if target.criterion == "queried" else traces.incumbents
        for run in range(traces.shape[0]):
            hits = [q for q in range(traces.lengths[run]) if target.holds(rows[run, q])]
            assert bool(times.observed[run]) == bool(hits)
            assert times.time[run] == spent[run, hits[0] if hits else traces.lengths[run] - 1]


def test_what_was_only_seen_after_a_short_training_is_not_reached(results: Results) -> None:
    traces = results.traces(*CELL)
    assert traces.longest == 200
    target = standard_targets(results.oracle(CELL[0]), "%")[-1]
    target = replace(target, criterion="queried")
    plain = time_to_target(traces, target, "queries")
    run = int(plain.observed.argmax())
    at = int(plain.time[run]) - 1
    epochs = traces.epochs.copy()
    epochs[run, at] = 12
    later = time_to_target(replace(traces, epochs=epochs), target, "queries")
    hits = np.flatnonzero(target.holds(traces.rows[run, : traces.lengths[run]]))
    assert hits[0] == at
    assert bool(later.observed[run]) == (len(hits) > 1)
    assert later.time[run] == (hits[1] + 1 if len(hits) > 1 else traces.lengths[run])


def test_the_horizon_is_what_every_unsuccessful_run_was_followed_to() -> None:
    reached = CensoredTimes(np.array([5.0, 7.0]), np.array([True, True]))
    failed = CensoredTimes(np.array([4.0, 90.0]), np.array([True, False]))
    assert common_horizon([reached, failed], 80.0) == 80.0
    assert common_horizon([reached, failed], 100.0) == 90.0
    assert common_horizon([reached, failed], None) == 90.0
    assert common_horizon([reached], None) == 7.0
    assert common_horizon([reached], 80.0) == 80.0


def test_a_run_that_ended_for_good_limits_nobody_and_never_reaches_the_target() -> None:
    reached = CensoredTimes(np.array([5.0, 70.0]), np.array([True, True]))
    idle = CensoredTimes(np.array([3.0, 4.0]), np.array([False, True]))
    ended = np.array([True, False])
    nothing = np.zeros(2, dtype=bool)
    assert common_horizon([reached, idle], 80.0) == 3.0
    assert common_horizon([reached, idle], 80.0, [nothing, ended]) == 80.0
    assert common_horizon([reached, idle], None, [nothing, ended]) == 70.0
    followed = idle.until(80.0, ended)
    np.testing.assert_array_equal(followed.time, [80.0, 4.0])
    np.testing.assert_array_equal(followed.observed, idle.observed)


def test_restricted_means_are_identified_at_the_horizon(results: Results) -> None:
    from nasbench.reports.statistics.result import Undefined
    from nasbench.reports.statistics.survival import restricted_mean

    evaluation = evaluate_benchmark(results, CELL[0])
    for (key, account), horizon in evaluation.horizons.items():
        for outcome in evaluation.outcomes.values():
            assert not isinstance(restricted_mean(outcome.times[key, account], horizon), Undefined)


def test_an_unknown_reference_is_refused(results: Results) -> None:
    from nasbench.reports.page.report import build_report

    with pytest.raises(NasbenchError, match="did you mean 'local_search'"):
        build_report(results, reference="local_serch")


def test_unique_queries_are_an_axis_of_their_own_where_a_run_repeated_itself(results: Results) -> None:
    evaluation = evaluate_benchmark(results, CELL[0])
    assert evaluation.accounts == AXES
    for label in evaluation.outcomes:
        traces = results.traces(CELL[0], label)
        for target in evaluation.targets:
            unique, queries = (time_to_target(traces, target, account) for account in ("unique_queries", "queries"))
            assert (unique.time <= queries.time).all()
            np.testing.assert_array_equal(unique.observed, queries.observed)
    evolution = evaluation.outcomes["regularized_evolution"]
    assert (evolution.spent["unique_queries"] < evolution.spent["queries"]).any()
