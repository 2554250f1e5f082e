"""Predicted difference on an unseen data set: Bayesian hierarchical comparison over the data sets of the study."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nasbench.reports.analysis.evaluation import BenchmarkEvaluation
from nasbench.reports.statistics.bayesian import RopePosterior
from nasbench.reports.statistics.hierarchical import hierarchical
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.practical_equivalence import MARGIN, ROPE_COLUMNS, rope_cells
from nasbench.reports.tables.table import OPTIMIZER, ReportTable, TableCell, TableColumn
from nasbench.ties import differences

DECIDED = 0.95
"""Posterior probability from which an answer counts as decided."""
CHAINS = 80
"""Chains of the sampler: 24,000 draws, which know a probability to 0.003."""


def further_data_set_table(
    evaluations: Sequence[BenchmarkEvaluation], reference: str, rng: np.random.Generator
) -> ReportTable | None:
    """Build the table, or None where scores are no percentages, nothing is to be compared, or there is one data set."""
    labels = [label for label in evaluations[0].outcomes if label != reference]
    if not labels or len(evaluations) < 2 or any(e.unit != "%" for e in evaluations):
        return None
    count = len(evaluations)
    return ReportTable(
        name="further-data-set",
        title=f"Predicted difference from {reference} on an unseen data set",
        caption=(
            f"Posterior probability that, on a new data set drawn like the {count} of this study, the mean of the optimizer is better than that of "
            f"{reference} by more than {MARGIN:g} points, within that margin, or worse by more."
        ),
        columns=(
            OPTIMIZER,
            *ROPE_COLUMNS,
            TableColumn(key="verdict", heading=f"decided at {DECIDED:g}", kind="text"),
            TableColumn(key="n", heading="data sets", kind="count"),
        ),
        rows=tuple(_row(evaluations, label, reference, rng) for label in labels),
        notes=(
            "Bayesian hierarchical model (Corani, Benavoli et al. 2017): runs within data sets, data sets from a t distribution; differences are "
            f"paired by run; region of practical equivalence: {MARGIN:g} points, fixed in advance."
            + (" With so few data sets the result depends on the prior of the variance between data sets." if count < 5 else ""),
        ),
    )  # fmt: skip


def _row(
    evaluations: Sequence[BenchmarkEvaluation], label: str, reference: str, rng: np.random.Generator
) -> tuple[TableCell, ...]:
    paired = [differences(e.outcomes[label].score, e.outcomes[reference].score) for e in evaluations]
    runs = "+".join(e.outcomes[name].digest for e in evaluations for name in (label, reference))
    result = hierarchical(paired, MARGIN, rng, chains=CHAINS)
    if isinstance(result, Undefined):
        # The model numbers data sets; readers know their names.
        reason = re.sub(r"data set (\d+)", lambda found: evaluations[int(found[1])].short, result.reason)
        result = Undefined(reason)
    cells = (*rope_cells(result, runs), TableCell(_verdict(result)))
    return (TableCell(label), *cells, TableCell(len(evaluations), runs=runs))


def _verdict(result: RopePosterior | Undefined) -> str:
    if isinstance(result, Undefined):
        return "not decidable"
    values = {"better": result.x_better, "equivalent": result.equivalent, "worse": result.y_better}
    return next((name for name, value in values.items() if value >= DECIDED), "not decided")
