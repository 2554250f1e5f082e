"""`nasbench list` and `nasbench run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasbench.errors import NasbenchError
from nasbench.files.path_names import default_folder

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def list_(
    what: Annotated[
        str, typer.Argument(help="spaces, benchmarks, optimizers, presets, tasks, claims or papers; none: an overview")
    ] = "",
    json: Json = False,
) -> None:
    """List what the suite knows: names and counts, or one of its lists in full."""
    from nasbench.cli.console import print_json, print_table, width
    from nasbench.study.listing import everything, overview, rows_of

    if what:
        rows = rows_of(what)
        print_json("list", **{what: rows}) if json else print_table(what, rows)
        return
    listed, unavailable = everything()
    if json:
        print_json("list", **listed, unavailable=unavailable)
        return
    print(overview(listed, unavailable, width()))


def run(
    context: typer.Context,
    study: Annotated[str, typer.Argument(help="a preset, or a TOML file")],
    runs: Annotated[
        int | None,
        typer.Option(
            help="runs of each optimizer on each benchmark, in place of the study's; what the folder lacks of them is added"
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(max=2**63 - 1, help="in place of the study's; of a live study: of its first run, others count on"),
    ] = None,
    jobs: Annotated[int, typer.Option(help="processes")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler, which this machine then trusts with everything; "
            "or local: one with --jobs workers"
        ),
    ] = None,
    cluster_tls: Annotated[
        Path | None, typer.Option(help="for tls://: folder with ca.pem, client.pem and client.key")
    ] = None,
    wait: Annotated[float, typer.Option(help="seconds that a cluster may be without any worker")] = 60.0,
    out: Annotated[Path | None, typer.Option(help="results folder; default results/STUDY")] = None,
    task: Annotated[list[str] | None, typer.Option(help="of a live study: these of its tasks alone")] = None,
    device: Annotated[str | None, typer.Option(help="of a live study: auto, cpu or cuda")] = None,
    json: Json = False,
) -> None:
    """Run a study; what the results folder holds already is not run again."""
    from nasbench.cli.unused_options import refuse_unused
    from nasbench.live.studies.study import find_live_study
    from nasbench.study.scheduler import LOCAL

    if cluster is None:
        refuse_unused(context, ("wait",), "is of a cluster; add --cluster, or leave it out")
    elif cluster != LOCAL:
        refuse_unused(context, ("jobs",), "is not used on a cluster, which has as many workers as it has; leave it out")
    live = find_live_study(study)
    if live is not None:
        from nasbench.live.studies.study_command import run_live

        if cluster is not None or cluster_tls is not None:
            raise NasbenchError(f"{live.name} is a live study, which runs on this machine; leave --cluster out.")
        live = live if seed is None else live.with_seed(seed)
        return run_live(live, runs, tuple(task or ()), jobs, device or "auto", out, json)
    if task or device:
        raise NasbenchError(
            f"{study} is a study of tables, which has no tasks and no device; leave --task and --device out."
        )
    from nasbench.cli.console import print_json, say
    from nasbench.cli.progress import progress_bar
    from nasbench.study.cluster import connect
    from nasbench.study.plan import load_study
    from nasbench.study.runner import run_study

    plan = load_study(study)
    plan = plan if runs is None else plan.with_runs(runs)
    plan = plan if seed is None else plan.with_seed(seed)
    folder = out or default_folder(plan.name)
    jobs = min(jobs, len(plan.units()))
    with (
        progress_bar(f"running {plan.name}") as progress,
        connect(cluster, jobs=jobs, patience=wait, certificates=cluster_tls, say=say) as workers,
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
