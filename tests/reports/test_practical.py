"""Practical difference, equivalence and power on made-up scores whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.power import TTestPower

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, evaluate_study
from nasbench.reports.analysis.results import Results
from nasbench.reports.statistics.result import Interval, Undefined
from nasbench.reports.tables.further_data_set import further_data_set_table
from nasbench.reports.tables.power import power_table
from nasbench.reports.tables.practical_equivalence import practical_table
from nasbench.reports.tables.table import ReportTable, TableCell

BASE, OTHER = "random_search", "local_search"
RUNS = 40


@pytest.fixture(scope="module")
def evaluation(results: Results) -> BenchmarkEvaluation:
    return next(iter(evaluate_study(results)))


def made_up(
    evaluation: BenchmarkEvaluation, shifts: ArrayLike, spread: float = 0.1, runs: int = RUNS
) -> list[BenchmarkEvaluation]:
    """One data set a shift, on which the other optimizer is worse by the shift and a normal error."""
    found = []
    for i, shift in enumerate(np.asarray(shifts, dtype=float)):
        rng = np.random.default_rng([i, 4])
        base = rng.normal(8.0, 1.0, runs)
        scores = {BASE: base, OTHER: base + shift + rng.normal(0.0, spread, runs)}
        outcomes = {k: replace(evaluation.outcomes[k], score=v, digest=f"{k}{i}") for k, v in scores.items()}
        found.append(replace(evaluation, short=f"set {i}", outcomes=outcomes))
    return found


def cells(table: ReportTable | None, row: int = 0) -> dict[str, TableCell]:
    assert table is not None
    return {column.key: cell for column, cell in zip(table.columns, table.rows[row], strict=True)}


def test_equivalence_is_shown_where_it_is_and_only_there(evaluation: BenchmarkEvaluation) -> None:
    made = made_up(evaluation, [0.0, 0.5])
    table = practical_table(made, BASE, np.random.default_rng(0))
    near, far = cells(table, 0), cells(table, 1)
    assert near["verdict"].value == "shown" and far["verdict"].value == "not shown"
    difference = made[0].outcomes[OTHER].score - made[0].outcomes[BASE].score
    lower = stats.ttest_1samp(difference, -0.1, alternative="greater").pvalue
    upper = stats.ttest_1samp(difference, 0.1, alternative="less").pvalue
    assert near["p_value"].value == pytest.approx(max(lower, upper))
    bounds = near["difference"].interval
    assert isinstance(bounds, Interval) and -0.1 < bounds.lower < bounds.upper < 0.1
    assert float(near["equivalent"].value) > 0.95 and float(far["worse"].value) > 0.95  # type: ignore[arg-type]
    assert near["difference"].runs == "local_search0+random_search0"


def test_on_a_further_data_set_many_alike_decide_and_few_do_not(evaluation: BenchmarkEvaluation) -> None:
    rng = np.random.default_rng(1)
    many = cells(further_data_set_table(made_up(evaluation, np.linspace(0.48, 0.52, 8)), BASE, rng))
    assert many["verdict"].value == "worse" and many["n"].value == 8
    alike = cells(further_data_set_table(made_up(evaluation, np.linspace(-0.01, 0.01, 8)), BASE, rng))
    assert alike["verdict"].value == "equivalent"
    apart = cells(further_data_set_table(made_up(evaluation, [0.5, -0.5, 0.4, -0.4]), BASE, rng))
    assert apart["verdict"].value == "not decided"
    assert many["better"].runs.count("+") == 15
    assert further_data_set_table(made_up(evaluation, [0.5]), BASE, rng) is None


def test_runs_that_differ_alike_are_not_decidable_and_named(evaluation: BenchmarkEvaluation) -> None:
    made = made_up(evaluation, [0.3, 0.0], spread=0.0)
    for e in made:
        e.outcomes[OTHER].score[:] = e.outcomes[BASE].score
    cell = cells(further_data_set_table(made, BASE, np.random.default_rng(1)))
    assert cell["verdict"].value == "not decidable"
    assert isinstance(cell["better"].value, Undefined) and "differences on set 0" in cell["better"].value.reason
    practical = cells(practical_table(made, BASE, np.random.default_rng(0)))
    assert practical["verdict"].value == "not decidable" and isinstance(practical["p_value"].value, Undefined)
    power = cells(power_table(made, BASE))
    assert power["sd"].value == 0.0 and isinstance(power["needed"].value, Undefined)


def test_power_is_that_of_the_paired_t_test(evaluation: BenchmarkEvaluation) -> None:
    made = made_up(evaluation, [0.2], spread=0.5)
    cell = cells(power_table(made, BASE))
    spread = float((made[0].outcomes[OTHER].score - made[0].outcomes[BASE].score).std(ddof=1))
    assert cell["sd"].value == pytest.approx(spread)
    effect = TTestPower().solve_power(nobs=RUNS, alpha=0.05, power=0.8)
    assert cell["smallest"].value == pytest.approx(effect * spread, rel=1e-4)
    needed = TTestPower().solve_power(effect_size=0.1 / spread, alpha=0.05, power=0.8)
    assert cell["needed"].value == int(np.ceil(needed))
    alone = cells(power_table(made_up(evaluation, [0.2], runs=1), BASE))
    assert all(isinstance(alone[key].value, Undefined) for key in ("sd", "smallest", "needed"))
