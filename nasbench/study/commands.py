"""`nasbench list` and `nasbench run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.errors import NasbenchError, unknown_name

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def list_(
    what: Annotated[str, typer.Argument(help="spaces, benchmarks, optimizers, presets, tasks, claims or papers")] = "",
    json: Json = False,
) -> None:
    """List what the suite knows."""
    from nasbench.console import print_json, print_table

    if what and what not in _LISTS:
        raise unknown_name("list", what, _LISTS)
    listed = {what: _LISTS[what]()} if what else _all_lists()
    if json:
        print_json("list", **listed)
        return
    for kind, rows in listed.items():
        print_table(kind, rows)


def run(
    study: Annotated[str, typer.Argument(help="a preset, or a TOML file")],
    runs: Annotated[
        int | None, typer.Option(help="runs of each optimizer on each benchmark, in place of the study's")
    ] = None,
    jobs: Annotated[int, typer.Option(help="processes")] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="tcp://HOST:PORT of a Dask scheduler, or local: one with --jobs workers")
    ] = None,
    wait: Annotated[float, typer.Option(help="seconds that a cluster may be without any worker")] = 60.0,
    out: Annotated[Path | None, typer.Option(help="results folder; default results/STUDY")] = None,
    task: Annotated[list[str] | None, typer.Option(help="of a live study: these of its tasks alone")] = None,
    device: Annotated[str | None, typer.Option(help="of a live study: auto, cpu or cuda")] = None,
    json: Json = False,
) -> None:
    """Run a study; what the results folder holds already is not run again."""
    from nasbench.live.studies.study import find_live_study

    live = find_live_study(study)
    if live is not None:
        from nasbench.live.studies.study_command import run_live

        if cluster is not None:
            raise NasbenchError(f"{live.name} is a live study, which runs on this machine; leave --cluster out.")
        return run_live(live, runs, tuple(task or ()), jobs, device or "auto", out, json)
    if task or device:
        raise NasbenchError(
            f"{study} is a study of tables, which has no tasks and no device; leave --task and --device out."
        )
    from nasbench.console import print_json, progress_bar, say
    from nasbench.study.cluster import connect
    from nasbench.study.plan import load_study
    from nasbench.study.runner import run_study

    plan = load_study(study)
    if runs is not None:
        plan = plan.with_runs(runs)
    folder = out or Path("results") / plan.name
    with (
        progress_bar(f"running {plan.name}") as progress,
        connect(cluster, jobs=jobs, patience=wait, say=say) as workers,
    ):
        summary = run_study(plan, folder, jobs=jobs, cluster=workers, progress=progress)
    if json:
        row = {
            "folder": str(folder),
            "units": summary.units,
            "done": summary.done,
            "queries": summary.queries,
            "seconds": summary.seconds,
        }
        print_json("run", runs=[{"study": plan.name, **row}])
        return None
    print(
        f"{plan.name}: {summary.done} of {summary.units} units run, {summary.queries:,} queries in {summary.seconds:.1f} s, in {folder}"
    )
    return None


def _all_lists() -> dict[str, list[dict[str, Any]]]:
    """Return every list that can be made; what is missing for one, such as an extra, is told and leaves the others."""
    from nasbench.plugins import warn

    made = {}
    for kind, rows in _LISTS.items():
        try:
            made[kind] = rows()
        except NasbenchError as fault:
            warn(f"{kind} are not listed: {fault}")
    return made


def _spaces() -> list[dict[str, Any]]:
    from nasbench.spaces.catalogue import get_space, space_names

    return [
        {"name": name, "decisions": get_space(name).d, "size": float(get_space(name).size)} for name in space_names()
    ]


def _benchmarks() -> list[dict[str, Any]]:
    from nasbench.benchmarks.catalogue import benchmark_names, get_benchmark
    from nasbench.benchmarks.objectives import objective_names
    from nasbench.benchmarks.synthetic import EXAMPLES, synthetic_benchmark
    from nasbench.tables.catalogue import is_built, needed

    rows: list[dict[str, Any]] = []
    for name in benchmark_names():
        table = name.partition("/")[0]
        if needed(table) and not is_built(table):
            # To list is not worth the minutes of building; the first use builds it.
            rows.append({"name": name, "space": None, "architectures": None, "objectives": None, "splits": None})
            continue
        benchmark = get_benchmark(name)
        splits = sorted({c.split for c in benchmark.table.columns if c.dataset == benchmark.dataset and c.split})
        rows.append(
            {
                "name": name,
                "space": benchmark.space.name,
                "architectures": len(benchmark.table),
                "objectives": ", ".join(objective_names(benchmark.table, benchmark.dataset)),
                "splits": ", ".join(splits),
            }
        )
    for name in EXAMPLES:
        space = synthetic_benchmark(name).space
        rows.append(
            {"name": name, "space": space.name, "architectures": space.size, "objectives": "error", "splits": ""}
        )
    return rows


def _optimizers() -> list[dict[str, Any]]:
    from nasbench.plugins import BrokenPluginError, warn
    from nasbench.search.registry import get_optimizer, optimizer_names

    rows: list[dict[str, Any]] = []
    for name in optimizer_names():
        try:
            optimizer = get_optimizer(name)
        except BrokenPluginError as fault:
            warn(fault)
            continue
        except NasbenchError as fault:
            rows.append({"name": name, "lockstep": None, "objectives": None, "settings": None, "summary": str(fault)})
            continue
        settings = ", ".join(f"{setting}={default!r}" for setting, default in optimizer.settings.items())
        rows.append(
            {
                "name": name,
                "lockstep": optimizer.lockstep,
                "objectives": optimizer.objectives,
                "settings": settings,
                "summary": optimizer.summary,
            }
        )
    return rows


def _presets() -> list[dict[str, Any]]:
    from nasbench.study.plan import load_study, preset_names

    rows: list[dict[str, Any]] = []
    for name in preset_names():
        try:
            study = load_study(name)
        except NasbenchError as fault:
            rows.append({"name": name, "benchmarks": None, "optimizers": None, "runs": None, "description": str(fault)})
            continue
        sizes = {"benchmarks": len(study.benchmarks), "optimizers": len(study.optimizers), "runs": study.runs}
        rows.append({"name": name, **sizes, "description": study.description})
    return rows + _live_presets()


def _live_presets() -> list[dict[str, Any]]:
    from nasbench.live.studies.study import live_preset_names, load_live_study

    studies = [load_live_study(name) for name in live_preset_names()]
    return [
        {
            "name": study.name,
            "benchmarks": len(study.tasks),
            "optimizers": len(study.optimizers),
            "runs": len(study.seeds),
            "description": f"Live: {study.description}",
        }
        for study in studies
    ]


def _provided(kind: str) -> Callable[[], list[dict[str, Any]]]:
    """Rows that packages provide through the entry-point group `nasbench.lists`: a function without arguments."""

    def rows() -> list[dict[str, Any]]:
        from nasbench.plugins import registered, usable

        wanted = (point for point in registered("nasbench.lists") if point.name == kind)
        return [row for some in usable(wanted, _rows_of) for row in some]

    return rows


def _rows_of(point: EntryPoint) -> list[dict[str, Any]]:
    from nasbench.plugins import use

    return use(point, "list", lambda provide: [dict(row) for row in provide()])


_LISTS: Mapping[str, Callable[[], list[dict[str, Any]]]] = {
    "spaces": _spaces,
    "benchmarks": _benchmarks,
    "optimizers": _optimizers,
    "presets": _presets,
    "tasks": _provided("tasks"),
    "claims": _provided("claims"),
    "papers": _provided("papers"),
}
