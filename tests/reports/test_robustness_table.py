"""The table of ranking robustness against the traces themselves."""

from __future__ import annotations

import numpy as np
import pytest

from nasbench.reports.analysis.evaluation import evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.time_to_target import times_to_target
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.robustness import robustness_table


def test_first_places_are_those_of_the_traces(results: Results) -> None:
    evaluations = list(evaluate_study(results))
    rng = np.random.default_rng(0)
    reached = [a for e in evaluations for a in times_to_target(e, "queries", "random_search", rng)]
    halves: dict[str, float | Undefined] = {e.short: 0.5 for e in evaluations}
    table = robustness_table(evaluations, reached, halves)
    assert table is not None
    rows = {(str(row[0].value), str(row[2].value)): row for row in table.rows}
    for evaluation in evaluations:
        name, oracle = evaluation.short, results.oracle(evaluation.benchmark)
        traces = {label: results.traces(evaluation.benchmark, label) for label in results.labels}
        final = {label: oracle.score(t.incumbents[:, -1]).mean() for label, t in traces.items()}
        winner = min(final, key=lambda label: final[label])
        half = {label: oracle.score(t.incumbents[:, 39]).mean() for label, t in traces.items()}
        led = min(half, key=lambda label: half[label])
        row = rows[name, "half the budget"]
        assert (row[1].value, row[3].value) == (winner, led)
        assert row[4].value == ("yes" if led == winner else "no")
        other = next(e.short for e in evaluations if e.short != name)
        assert rows[name, other][4].value in ("yes", "no")
        assert -1.0 <= float(rows[name, other][5].value) <= 1.0  # type: ignore[arg-type]
        assert rows[name, "random halves of the runs"][4].value == "in 50%"
        # A regret that some run reached: mean queries, a run that did not counting its 80.
        target = next(t for t in evaluation.targets if t.key == "regret-1")
        queries = {}
        for label, t in traces.items():
            there = target.holds(t.incumbents)
            queries[label] = np.where(there.any(axis=1), there.argmax(axis=1) + 1, 80).mean()
        assert rows[name, f"queries to {target.name}"][3].value == min(queries, key=lambda label: queries[label])
        assert rows[name, "half the budget"][3].runs.count("+") == 2


def test_one_optimizer_has_no_ranking(results: Results) -> None:
    from dataclasses import replace

    (evaluation, *_) = evaluate_study(results)
    alone = replace(evaluation, outcomes={"random_search": evaluation.outcomes["random_search"]})
    assert robustness_table([alone], [], {}) is None


@pytest.mark.parametrize("share", [Undefined("a and b share the first place"), 0.25])
def test_halves_say_why_where_they_cannot(results: Results, share: float | Undefined) -> None:
    (evaluation, *_) = evaluate_study(results)
    table = robustness_table([evaluation], [], {evaluation.short: share})
    assert table is not None
    assert table.rows[-1][4].value == (share if isinstance(share, Undefined) else "in 25%")


def test_many_other_data_sets_share_a_row(results: Results) -> None:
    from dataclasses import replace

    (evaluation, *_) = evaluate_study(results)
    many = [replace(evaluation, short=f"set {i}") for i in range(6)]
    table = robustness_table(many, [], {e.short: 0.5 for e in many})
    assert table is not None
    row = next(row for row in table.rows if row[2].value == "the other 5 data sets")
    assert row[4].value == "on 5 of 5" and row[5].value == pytest.approx(1.0)
    assert not any(str(row[2].value).startswith("set ") for row in table.rows)
