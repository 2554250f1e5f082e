"""What the main tables and the summary say, against other ways to compute it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from nasbench.reports.analysis.comparison import compare
from nasbench.reports.analysis.evaluation import evaluate_benchmark, evaluate_study, relative_regret
from nasbench.reports.analysis.results import Results
from nasbench.reports.analysis.time_to_target import times_to_target
from nasbench.reports.page.report import build_report
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.ablation import variants
from nasbench.reports.tables.aggregate import aggregate_table
from nasbench.reports.tables.anytime import anytime_table
from nasbench.reports.tables.comparison import comparison_table
from nasbench.reports.tables.practical_equivalence import practical_table
from nasbench.reports.wording import join_names, pluralize


def test_standings_against_scipy(results: Results) -> None:
    evaluation = evaluate_benchmark(results, "nas-bench-201/cifar100")
    scores = {label: outcome.score for label, outcome in evaluation.outcomes.items()}
    comparison = compare(scores, dict.fromkeys(scores, "aa"), np.random.default_rng(0))
    means = {label: score.mean() for label, score in scores.items()}
    best = min(means, key=lambda label: means[label])
    assert comparison.best == best
    labels = list(scores)
    raw = {}
    for i, a in enumerate(labels):
        for b in labels[i + 1 :]:
            difference = scores[a] - scores[b]
            raw[a, b] = stats.wilcoxon(difference[difference != 0], method="auto").pvalue
    ordered = sorted(raw, key=lambda pair: raw[pair])
    adjusted, running = {}, 0.0
    for rank, pair in enumerate(ordered):
        running = max(running, min(1.0, raw[pair] * (3 - rank)))
        adjusted[pair] = running
    for label in labels:
        standing = comparison.standings[label]
        assert standing.median == np.median(scores[label])
        if label == best:
            assert isinstance(standing.p_value, Undefined)
            continue
        pair = (label, best) if (label, best) in raw else (best, label)
        assert standing.p_value == pytest.approx(
            adjusted[pair], abs=0.03
        )  # scipy's rule for exactness differs under ties
        wins = (scores[label][:, None] > scores[best]) + 0.5 * (scores[label][:, None] == scores[best])
        assert not isinstance(standing.effect, Undefined)
        assert standing.effect.value == pytest.approx(wins.mean())


def test_a_lower_mean_that_loses_most_pairs_is_called_contrary() -> None:
    steady = np.linspace(1.0, 1.1, 40)
    mostly_better = steady - 0.5
    mostly_better[:4] = 30.0
    comparison = compare(
        {"steady": steady, "risky": mostly_better}, {"steady": "a", "risky": "b"}, np.random.default_rng(0)
    )
    assert comparison.best == "steady"
    assert comparison.standings["risky"].verdict == "contrary"
    worse = compare({"steady": steady, "bad": steady + 1.0}, {"steady": "a", "bad": "b"}, np.random.default_rng(0))
    assert worse.standings["bad"].verdict == "worse"
    same = compare({"a": steady, "b": steady.copy()}, {"a": "a", "b": "b"}, np.random.default_rng(0))
    assert [s.best for s in same.standings.values()] == [True, True]


def test_the_main_table_repeats_the_computed_numbers(results: Results) -> None:
    evaluations = list(evaluate_study(results))
    rng = np.random.default_rng(0)
    comparisons = {
        e.benchmark: compare(
            {k: o.score for k, o in e.outcomes.items()}, {k: o.digest for k, o in e.outcomes.items()}, rng
        )
        for e in evaluations
    }
    table = comparison_table(evaluations, comparisons, "error")
    assert len(table.rows) == 6
    keys = [column.key for column in table.columns]
    places = [(evaluation, label) for evaluation in evaluations for label in evaluation.outcomes]
    for row, (e, label) in zip(table.rows, places, strict=True):
        cells = dict(zip(keys, row, strict=True))
        assert cells["mean"].value == pytest.approx(e.outcomes[label].score.mean())
        assert cells["mean"].runs == results.digest((e.benchmark, label))
        assert cells["sd"].value == pytest.approx(e.outcomes[label].score.std(ddof=1))
        assert cells["n"].value == 12
        assert cells["optimum"].value == results.oracle(e.benchmark).best_score


def test_the_anytime_table_reads_exact_budgets(results: Results) -> None:
    evaluations = list(evaluate_study(results))
    table = anytime_table(evaluations)
    traces = results.traces("nas-bench-201/cifar10", "random_search")
    oracle = results.oracle("nas-bench-201/cifar10")
    regret = oracle.score(traces.incumbents) - oracle.best_score
    cells = dict(zip([column.key for column in table.columns], table.rows[0], strict=True))
    for fraction in (0.05, 0.25, 1.0):
        assert cells[f"at {fraction:g}"].value == pytest.approx(np.median(regret[:, round(fraction * 80) - 1]))


def test_arrivals_against_hand(results: Results) -> None:
    evaluation = evaluate_benchmark(results, "nas-bench-201/cifar10")
    found = times_to_target(evaluation, "queries", "random_search", np.random.default_rng(1))
    assert len(found) == 15
    for arrival in found:
        times = evaluation.outcomes[arrival.label].times[arrival.target.key, "queries"]
        assert not isinstance(arrival.mean, Undefined)
        assert arrival.mean.value == pytest.approx(
            np.minimum(times.time, 80.0).mean()
        )  # followed to 80 queries, all of them
        base = evaluation.outcomes["random_search"].times[arrival.target.key, "queries"]
        if isinstance(arrival.saving, Undefined):
            assert arrival.label == "random_search" or not (times.events or base.events)
        else:
            assert arrival.saving.value == pytest.approx(times.time.mean() / base.time.mean())


def test_the_report_is_deterministic_and_its_summary_says_what_its_tables_say(several: Results) -> None:
    report = build_report(several, reference="without replacement")
    again = build_report(several, reference="without replacement")
    assert report.summary == again.summary
    assert report.tables == again.tables
    table = next(t for t in report.tables if t.name == "time-to-target-unique-queries")
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in table.rows]
    sentence = next(s for s in report.summary if "to reach one of the ten best" in s and ": random search " in s)
    for row in rows:
        if row["optimizer"].value == "Random search" and row["target"].value == "one of the ten best":
            value = row["reduction"].value
            if not isinstance(value, Undefined):
                assert f"{100 * (1 - float(value)):.0f}% on {row['benchmark'].value}" in sentence


def test_variants_are_the_entries_of_one_algorithm() -> None:
    entries = [("a", "x", {}), ("b", "y", {}), ("c", "x", {"k": 1}), ("d", "x", {"k": 2})]
    assert variants(entries) == {"a": ["c", "d"]}


def test_words() -> None:
    assert (pluralize(1, "run"), pluralize(2000, "run")) == ("1 run", "2,000 runs")
    assert (join_names(["a"]), join_names(["a", "b", "c"])) == ("a", "a, b and c")


def test_relative_regret_is_zero_at_the_optimum_and_one_for_a_random_architecture(results: Results) -> None:
    evaluations = list(evaluate_study(results))
    oracle = results.oracle("nas-bench-201/cifar10")
    values = relative_regret(evaluations, "random_search")
    first = evaluations[0].outcomes["random_search"].score
    assert values.shape == (12, 2)
    blind = oracle.score(np.arange(oracle.size)).mean() - oracle.best_score
    assert values[:, 0] == pytest.approx((first - oracle.best_score) / blind)
    table = aggregate_table(evaluations, "random_search", np.random.default_rng(0))
    assert table is not None
    cells = dict(zip([column.key for column in table.columns], table.rows[0], strict=True))
    middle = np.sort(values.ravel())[6:18]  # 24 values, a quarter cut at each end
    assert cells["iqm"].value == pytest.approx(middle.mean())
    assert cells["mean"].value == pytest.approx(values.mean())


def test_practical_difference_sums_to_one_and_follows_the_margin(results: Results) -> None:
    evaluations = list(evaluate_study(results))
    table = practical_table(evaluations, "random_search", np.random.default_rng(0))
    assert table is not None
    for row in table.rows:
        assert sum(
            float(cell.value) for cell in row[2:5] if not isinstance(cell.value, Undefined | str)
        ) == pytest.approx(1.0)
    outcomes = evaluations[0].outcomes
    same = replace(evaluations[0], outcomes={"a": outcomes["random_search"], "b": outcomes["random_search"]})
    assert practical_table([same], "a", np.random.default_rng(0)).rows[0][3].value == 1.0  # type: ignore[union-attr]
