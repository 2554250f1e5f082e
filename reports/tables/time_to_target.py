"""Time to target: success rate, restricted mean time, expected running time, and the reduction against the reference."""

from __future__ import annotations

from collections.abc import Sequence

from nasbench.reports.analysis.accounts import NAMES, SCALES
from nasbench.reports.analysis.time_to_target import TimeToTargetResult
from nasbench.reports.statistics.result import if_defined
from nasbench.reports.tables.table import DATA_SET, OPTIMIZER, ReportTable, TableCell, TableColumn, estimated
from nasbench.reports.wording import interval_name


def time_to_target_table(arrivals: Sequence[TimeToTargetResult], account: str, reference: str) -> ReportTable:
    """Build the table of one account.

    Args:
        arrivals: of all benchmarks, on this account.
        account: which.
        reference: label that reductions are against.
    """
    compared = len({arrival.label for arrival in arrivals}) > 1
    ci = interval_name(arrivals[0].alpha)
    comparing = (
        TableColumn(key="reduction", heading=f"reduction (%) [{ci}]", kind="percent", digits=0),
        TableColumn(key="least", heading="lower bound (%)", kind="percent", digits=0),
        TableColumn(key="p_value", heading="log-rank p", kind="p_value"),
    )
    columns = (
        DATA_SET,
        TableColumn(key="target", heading="target", kind="text", group=True),
        OPTIMIZER,
        TableColumn(key="reached", heading=f"reached (%) [{ci}]", kind="percent", digits=0),
        TableColumn(key="mean", heading=f"restricted mean [{ci}]", digits=1),
        TableColumn(key="expected", heading="expected running time (ERT)", digits=1),
        *(comparing if compared else ()),
    )
    notes = [
        "All quantities follow the runs up to the cap: a target reached beyond it counts as missed. Expected running time charges each "
        "failed run the cap and divides by the number of successes: the cost of restarting until the target is reached.",
        *_read_off(arrivals, account),
    ]
    if compared:
        notes.append(
            f"Reduction: relative reduction of the restricted mean against {reference}, negative where more is spent; "
            f"lower bound: one-sided, {100 * (1 - arrivals[0].alpha):.10g}%. "
            f"The reference {reference} was chosen by the order of the study or on the command line, not by the results. "
            "Reductions are paired by run, with bootstrap-t bounds of the log ratio, each by itself. "
            "Log-rank tests are Holm-adjusted over the optimizers of a target; they lose power where curves cross."
        )
    return ReportTable(
        name=f"time-to-target-{account.replace('_', '-')}",
        title=f"Time to target in {NAMES[account]}",
        caption=(
            f"Restricted mean: mean {NAMES[account]} until the target is reached, where runs that miss the target are counted at the cap "
            f"({_horizons(arrivals, SCALES[account])})."
        ),
        columns=columns,
        rows=tuple(_row(arrival, SCALES[account], compared) for arrival in arrivals),
        notes=tuple(notes),
    )


def _read_off(arrivals: Sequence[TimeToTargetResult], account: str) -> tuple[str, ...]:
    """Return a note if a horizon is not a limit of the study."""
    if all(arrival.planned for arrival in arrivals):
        return ()
    which = "The cap" if not any(arrival.planned for arrival in arrivals) else "A cap below the budget"
    return (
        f"{which} was not set in advance: it is the least number of {NAMES[account]} at which a run stopped without the target (the greatest time "
        "to target where all runs reached it), so it and the restricted means depend on these runs.",
    )


def _horizons(arrivals: Sequence[TimeToTargetResult], scale: float) -> str:
    """Return the horizon of each data set in words, or its range over targets."""
    found: dict[str, list[float]] = {}
    for arrival in arrivals:
        found.setdefault(arrival.benchmark, []).append(arrival.horizon / scale)
    texts = {
        name: _short(low) if _short(low) == _short(high) else f"{_short(low)} to {_short(high)}, by target"
        for name, (low, high) in ((name, (min(values), max(values))) for name, values in found.items())
    }
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "; ".join(f"{name}: {text}" for name, text in texts.items())


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10.0 else f"{value:.2g}"


def _row(arrival: TimeToTargetResult, scale: float, compared: bool) -> tuple[TableCell, ...]:
    return (
        TableCell(arrival.benchmark),
        TableCell(arrival.target.name),
        TableCell(arrival.label),
        estimated(arrival.reached, arrival.runs),
        estimated(arrival.mean.map(lambda time: time / scale), arrival.runs),
        TableCell(if_defined(arrival.expected, lambda time: time / scale), runs=arrival.runs),
        *(_reduction(arrival) if compared else ()),
    )


def _reduction(arrival: TimeToTargetResult) -> tuple[TableCell, ...]:
    runs = arrival.compared
    return (
        estimated(arrival.saving.map(lambda ratio: 1.0 - ratio), runs),
        TableCell(if_defined(arrival.saving, lambda saving: saving.least_reduction), runs=runs),
        TableCell(arrival.p_value, runs=runs),
    )
