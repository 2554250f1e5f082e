"""Size and cost of the networks that were found on live tasks."""

from __future__ import annotations

from nasbench.reports.analysis.live_tasks import LiveRuns, LiveTasks
from nasbench.reports.statistics.result import Undefined
from nasbench.reports.tables.table import TASK, ReportTable, TableCell, TableColumn

NO_NETWORK = Undefined("the method is not a network")
NO_SEARCH = Undefined("reference models are not searched for")


def training_cost_table(live: LiveTasks) -> ReportTable:
    """Return the table of network sizes, latencies and seconds."""
    keys = (
        ("parameters", "parameters", "number", 0, NO_NETWORK),
        ("latency_ms_batch_1", "latency, batch 1 (ms)", "general", 3, NO_NETWORK),
        ("latency_ms_batch_64", "latency, batch 64 (ms)", "general", 3, NO_NETWORK),
        ("search_seconds", "search (s)", "general", 3, NO_SEARCH),
        ("train_seconds", "training (s)", "general", 3, NO_NETWORK),
        ("processor_seconds", "processor (s)", "general", 3, NO_NETWORK),
    )
    columns = (
        TASK,
        TableColumn(key="method", heading="method", kind="text"),
        *(TableColumn(key=key, heading=heading, kind=kind, digits=digits) for key, heading, kind, digits, _ in keys),  # type: ignore[arg-type]
    )
    return ReportTable(
        name="costs",
        title="Size and cost",
        caption=(
            f"Means over seeds for the final trained network, on {_device(live)}. Search time includes "
            "finalists trained from scratch; training time is that of the final network."
        ),
        columns=columns,
        rows=tuple(
            (
                TableCell(task),
                TableCell(runs.label),
                *(_cost_cell(runs, key, reason) for key, _, _, _, reason in keys),
            )
            for task in live.tasks
            for runs in live.of_task(task)
        ),
        notes=(
            "Seconds and latencies are wall-clock measurements, which other load on the machine inflates. Processor seconds (search, "
            "training and scoring together) are less affected; those of a resumed run cover its last session only.",
        ),
    )


def _cost_cell(runs: LiveRuns, key: str, reason: Undefined) -> TableCell:
    values = runs.values(key)
    return TableCell(reason) if values is None else TableCell(float(values.mean()), runs=runs.digest)


def _device(live: LiveTasks) -> str:
    device = live.store.environment.get("device", {})
    if device.get("device_type") != "cpu":
        return str(device.get("device"))
    name = device.get("device")
    return f"a CPU{'' if name == 'cpu' else f' ({name})'}, one thread per process"
