"""Performance profile (Dolan and Moré 2002) over all targets on all data sets, by expected running time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.accounts import UNITS
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.figures.curves import Curve, curve_panel
from nasbench.reports.figures.figure import Figure
from nasbench.reports.figures.style import Styles
from nasbench.reports.statistics.profile import performance_profile as profile_of
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.statistics.runtime import expected_running_time
from nasbench.reports.wording import pluralize

NAME, TITLE = "performance-profile", "Performance profile"
POINTS = 200


def performance_profile(evaluations: Sequence[BenchmarkEvaluation], styles: Styles) -> Figure:
    """Draw one panel over all (data set, target) problems."""
    labels = list(evaluations[0].outcomes)
    times = [
        [expected_running_time(e.outcomes[label].times[t.key, e.main]) for e in evaluations for t in e.targets]
        for label in labels
    ]
    solved = np.array([[not isinstance(t, Undefined) for t in row] for row in times])
    costs = np.array([[np.nan if isinstance(t, Undefined) else t for t in row] for row in times])
    problems = costs.shape[1]
    if len(labels) < 2:
        return Figure(NAME, TITLE, "", (), "there is one optimizer, and a profile compares")
    if not solved.any():
        return Figure(
            NAME,
            TITLE,
            "",
            (),
            f"none of {pluralize(problems, 'target')} was reached by any run"
            if problems > 1
            else "the one target was reached by no run",
        )
    if (costs[solved] <= 0.0).any():
        return Figure(NAME, TITLE, "", (), "a target was reached at no cost, so there is no ratio of costs")
    cheapest = np.where(solved, costs, np.inf).min(axis=0)
    largest = float(np.max(np.where(solved, costs / cheapest, 1.0), where=solved, initial=1.0))
    factors = np.geomspace(1.0, max(largest * 1.1, 2.0), POINTS)
    profile = profile_of(costs, solved, factors)
    if isinstance(profile, Undefined):
        return Figure(NAME, TITLE, "", (), profile.reason)
    curves = [
        Curve(label, factors, row, f"{label} is fastest on {100 * row[0]:.0f}%")
        for label, row in zip(labels, profile, strict=True)
    ]
    panel = curve_panel(
        (NAME,),
        f"{pluralize(problems, 'target')} on {pluralize(len(evaluations), 'data set')}",
        curves,
        styles,
        axes=("multiple of the least expected running time", "fraction of targets"),
        alt=f"Performance profile over {pluralize(problems, 'target')}",
        steps=True,
        log=True,
        fractions=True,
    )
    return Figure(
        name=NAME,
        title=TITLE,
        caption=(
            "Fraction of (data set, target) pairs that an optimizer reaches within a multiple of the expected running time of the fastest optimizer, "
            f"in {UNITS[evaluations[0].main]}; higher is better. "
            f"Targets that no run reached count against all. Of more than two optimizers a profile ranks only the first (Gould and Scott 2016).{styles.note}"
        ),
        panels=(panel,),
        legend=styles.legend(),
    )
