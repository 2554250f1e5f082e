"""`nasbench list` and `nasbench run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli.tracking_option import Track
from nasbench.errors import NasbenchError
from nasbench.files.path_names import default_folder, is_plain_name, path_components

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def list_(
    what: Annotated[
        str,
        typer.Argument(
            help="spaces, benchmarks, optimizers, presets, tasks, claims, hypotheses or papers; none: an overview"
        ),
    ] = "",
    json: Json = False,
) -> None:
    """List spaces, benchmarks, optimizers and so on: an overview, or one list in full."""
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
    study: Annotated[
        str, typer.Argument(help="a preset, a TOML file, or a live task (live/TASK, folder:PATH, csv:PATH#COLUMN)")
    ],
    runs: Annotated[
        int | None,
        typer.Option(
            help="number of runs of each method on each problem (default: the study's); missing runs are added"
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(max=2**63 - 1, help="base seed (default: the study's)"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="simulated workers of each run, which come back when the recorded time of their training is over"
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="instead of --workers: simulated trainings of each run that start together and are awaited together"
        ),
    ] = None,
    lie: Annotated[
        str | None,
        typer.Option(
            help="value that the constant liar assumes for pending results: mean, worst or best of those so far"
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(help="processes")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler, which can run arbitrary code on this machine; "
            "or local, for --jobs local workers"
        ),
    ] = None,
    cluster_tls: Annotated[
        Path | None, typer.Option(help="folder with ca.pem, client.pem and client.key, for tls://")
    ] = None,
    worker_timeout: Annotated[float, typer.Option(help="seconds to wait while a cluster has no worker")] = 60.0,
    out: Annotated[Path | None, typer.Option(help="results folder (default: results/STUDY)")] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="run only this problem of the study, such as live/digits or digits (repeatable)"),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            help="table for all problems of its space and data sets, such as nats-bench-topology once it is imported"
        ),
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option(help='further constraint, such as "parameters <= 0.8" or "accuracy >= 70" (repeatable)'),
    ] = None,
    warm_start: Annotated[
        str | None,
        typer.Option(
            help="evaluations that every run is told before its first query: a CSV or Parquet file with a column architecture and one an "
            "objective, or a results folder"
        ),
    ] = None,
    again: Annotated[
        list[str] | None,
        typer.Option(
            help="remove what the results folder holds of this method (its label) and run it anew, as after a change of its sources (repeatable)"
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="device for live tasks: auto, cpu or cuda")] = None,
    track: Track = None,
    json: Json = False,
) -> None:
    """Run a study; runs that are already in the results folder are not repeated."""
    from nasbench.cli.console import print_json, say
    from nasbench.cli.progress import progress_bar
    from nasbench.cli.unused_options import refuse_unused
    from nasbench.study.backend import study_of_task
    from nasbench.study.cluster import connect
    from nasbench.study.runner import run_study
    from nasbench.study.scheduler import LOCAL
    from nasbench.study.toml import load_study
    from nasbench.study.tracking.units import track_units

    if cluster is None:
        refuse_unused(context, ("worker_timeout",), "applies to a cluster; add --cluster, or leave it out")
    elif cluster != LOCAL:
        refuse_unused(
            context, ("jobs",), "is not used on a cluster, whose workers are started separately; leave it out"
        )
    chosen = study_of_task(study) or load_study(study)
    chosen = chosen if runs is None else chosen.with_runs(runs)
    chosen = chosen if seed is None else chosen.with_seed(seed)
    chosen = chosen.with_machines(workers, batch_size, lie)
    if not chosen.live_problems and device:
        raise NasbenchError(f"{chosen.name} has no live tasks, and only these use a device; leave --device out.")
    if chosen.live_problems and cluster is not None:
        raise NasbenchError(f"{chosen.name} has live tasks, which are trained on this machine; leave --cluster out.")
    chosen = chosen.with_problems(task) if task else chosen
    chosen = chosen if table is None else chosen.with_table(table)
    chosen = chosen.with_constraints(constraint) if constraint else chosen
    chosen = chosen.replace(warm_start=Path(warm_start)) if warm_start else chosen
    words = [chosen.name, *(name.replace("/", "-") for name in task or ()), *([table] if table else [])]
    words += [
        f"{number}-{what}" for number, what in ((workers, "workers"), (batch_size, "at-once")) if number is not None
    ]
    words += [f"lie-{lie}"] if lie is not None else []
    words += [one.slug for one in chosen.constraints[-len(constraint) :]] if constraint else []
    words += [f"told-{Path(warm_start).stem}"] if warm_start else []
    named = "-".join(words)
    folder = out or default_folder(
        named if words == [chosen.name] or is_plain_name(named) else path_components([named])[named]
    )
    jobs = min(jobs, len(chosen.units()))
    with (
        progress_bar(f"running {chosen.name}") as progress,
        connect(cluster, jobs=jobs, worker_timeout=worker_timeout, certificates=cluster_tls, say=say) as connected,
    ):
        summary = run_study(
            chosen,
            folder,
            jobs=jobs,
            cluster=connected,
            device=device or "auto",
            again=again or (),
            progress=progress,
            say=say,
            written=track_units(tuple(track or ()), folder / "tracking", chosen.name),
        )
    if json:
        print_json("run", runs=[{"study": chosen.name, **vars(summary), "folder": str(folder)}])
        return
    queries = f", {summary.queries:,} queries" if summary.queries else ""
    print(
        f"{chosen.name}: {summary.done} of {summary.units} units run{queries} in {summary.seconds:.1f} s, in {folder}"
    )
