"""Ablation: variants of one algorithm within a study, each against the variant that the study names first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.reports.analysis.comparison import resamples_for
from nasbench.reports.analysis.evaluation import BenchmarkEvaluation, common_unit
from nasbench.reports.statistics.bootstrap import studentised_mean
from nasbench.reports.statistics.multiple import holm
from nasbench.reports.statistics.pairwise import a12, wilcoxon_signed_rank
from nasbench.reports.tables.table import DATA_SET, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import interval_name
from nasbench.ties import differences


def variants(entries: Sequence[tuple[str, str, Mapping[str, Any]]]) -> dict[str, list[str]]:
    """Return the labels of the variants of each algorithm that a study names more than once, by base label.

    Args:
        entries: (label, name, settings) in the study's order.
    """
    groups: dict[str, list[str]] = {}
    for label, name, _ in entries:
        groups.setdefault(name, []).append(label)
    return {labels[0]: labels[1:] for labels in groups.values() if len(labels) > 1}


def ablation_table(
    evaluations: Sequence[BenchmarkEvaluation],
    entries: Sequence[tuple[str, str, Mapping[str, Any]]],
    rng: np.random.Generator,
) -> ReportTable | None:
    """Build the table, or None where no algorithm appears in two variants."""
    groups = variants(entries)
    if not groups:
        return None
    settings = {label: values for label, _, values in entries}
    digits = 2 if common_unit(evaluations) == "%" else 3
    ci = interval_name(evaluations[0].alpha)
    columns = (
        DATA_SET,
        TableColumn(key="base", heading="base", kind="text", group=True),
        TableColumn(key="variant", heading="variant", kind="text"),
        TableColumn(key="change", heading="what differs", kind="text"),
        TableColumn(key="difference", heading=f"variant minus base [{ci}]", digits=digits + 1),
        TableColumn(key="p_value", heading="p", kind="p_value"),
        TableColumn(key="a12", heading=f"A12 [{ci}]"),
        TableColumn(key="n", heading="n", kind="count"),
    )
    rows = []
    for evaluation in evaluations:
        for base, others in groups.items():
            first = evaluation.outcomes[base]
            tests = [wilcoxon_signed_rank(evaluation.outcomes[o].score, first.score) for o in others]
            for label, p_value in zip(others, holm([test.p_value for test in tests]), strict=True):
                outcome = evaluation.outcomes[label]
                runs = f"{outcome.digest}+{first.digest}"
                difference = studentised_mean(
                    differences(outcome.score, first.score),
                    rng,
                    resamples=resamples_for(len(outcome.score)),
                    level=evaluation.level,
                )
                rows.append(
                    (
                        TableCell(evaluation.short),
                        TableCell(base),
                        TableCell(label),
                        TableCell(_change(settings[base], settings[label])),
                        estimated(difference.map(evaluation.view.difference), runs),
                        TableCell(p_value, runs=runs),
                        estimated(a12(outcome.score, first.score, level=evaluation.level), runs),
                        TableCell(len(outcome.score), runs=runs),
                    )
                )
    return ReportTable(
        name="ablation",
        title="Variants of one algorithm",
        caption="Final score of a variant minus that of its base, the variant that the study names first; "
        f"{'above' if evaluations[0].view.direction == 'max' else 'below'} zero the variant is better.",
        columns=columns,
        rows=tuple(rows),
        notes=(
            "Differences are paired by run, with bootstrap-t intervals; p: Wilcoxon signed-rank test, Holm-adjusted over the variants of a base on a data set. "
            "A12: probability that a run of the variant scores worse than one of the base, ties counting half.",
        ),
    )


def _change(base: Mapping[str, Any], variant: Mapping[str, Any]) -> str:
    keys = [key for key in {**base, **variant} if base.get(key) != variant.get(key)]
    texts = [f"{key}: {base.get(key, 'default')!s} → {variant.get(key, 'default')!s}" for key in keys]
    return ", ".join(texts) or "nothing but the label"
