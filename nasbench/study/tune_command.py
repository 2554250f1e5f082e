"""`nasbench tune`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.errors import NasbenchError
from nasbench.ranges import LARGEST_SEED

if TYPE_CHECKING:
    from nasbench.search.ledger import Budget
    from nasbench.study.cluster import Cluster

OF_A_BENCHMARK = (
    *("benchmark", "budget", "metric", "perturbed_copies", "copy_correlation", "objective", "split", "epochs"),
    *("training_seed", "repeat_policy"),
)
"""Options of tuning on one benchmark; a study says these itself, or has one score."""


def tune(
    context: typer.Context,
    trials: Annotated[int, typer.Option(help="number of configurations to try, including the defaults")],
    optimizer: Annotated[
        str,
        typer.Argument(help="registered name; with --study, the label of one of its methods (default: all of them)"),
    ] = "",
    benchmark: Annotated[str, typer.Option(help="table/dataset, such as nas-bench-201/imagenet16-120")] = "",
    budget: Annotated[
        list[str] | None, typer.Option(help="ACCOUNT=LIMIT, such as unique_queries=300 (repeatable)")
    ] = None,
    study: Annotated[
        str,
        typer.Option(
            help="a preset or TOML file: tune on all of its problems at once, within its budget; settings given there are not tuned"
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="with --study: folder of the trials, which resumes (default: results/tuning-STUDY)"),
    ] = None,
    runs: Annotated[int, typer.Option(help="number of runs per trial")] = 20,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="seed of the runs and of the tuner")] = 0,
    metric: Annotated[str, typer.Option(help="queries-to-top-10 or final-regret")] = "queries-to-top-10",
    perturbed_copies: Annotated[
        int,
        typer.Option(
            help="tune on this many perturbed copies of the benchmark, to avoid overfitting to a single table"
        ),
    ] = 0,
    copy_correlation: Annotated[
        float, typer.Option(help="correlation of the perturbed copies with the benchmark")
    ] = 0.85,
    objective: Annotated[str, typer.Option(help="objective to minimise")] = "error",
    split: Annotated[str, typer.Option(help="split that queries are answered from")] = "validation",
    epochs: Annotated[
        list[int] | None, typer.Option(help="fidelity in epochs (repeatable; default: the longest training)")
    ] = None,
    training_seed: Annotated[str, typer.Option(help="training seed: random, mean or a seed")] = "random",
    repeat_policy: Annotated[
        str, typer.Option(help="policy for repeated queries: retrain, cache or cache_isomorphic")
    ] = "cache",
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
    jobs: Annotated[int, typer.Option(help="number of workers of a local cluster")] = 1,
    worker_timeout: Annotated[float, typer.Option(help="seconds to wait while a cluster has no worker")] = 60.0,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tune the settings of an optimizer on a benchmark, or of all methods of a study alike, within a stated budget."""
    from nasbench.benchmarks.catalogue import get_benchmark
    from nasbench.cli.console import print_json, print_table, say
    from nasbench.cli.progress import progress_bar
    from nasbench.cli.unused_options import refuse_unused
    from nasbench.search.registry import get_optimizer
    from nasbench.search.search_protocol import SearchProtocol
    from nasbench.study.cluster import connect
    from nasbench.study.scheduler import LOCAL
    from nasbench.study.tuning import tune as run_trials

    if cluster is None:
        refuse_unused(context, ("worker_timeout", "jobs"), "applies to a cluster; add --cluster, or leave it out")
    elif cluster != LOCAL:
        refuse_unused(
            context, ("jobs",), "is not used on a cluster, whose workers are started separately; leave it out"
        )
    if study:
        refuse_unused(context, OF_A_BENCHMARK, "is said by the study; leave it out")
        with connect(cluster, jobs=jobs, worker_timeout=worker_timeout, certificates=cluster_tls, say=say) as workers:
            _tune_study(study, optimizer, out, trials, runs, seed, workers, json_)
        return
    refuse_unused(context, ("out",), "applies to a study; add --study, or leave it out")
    for what, given in (("OPTIMIZER", optimizer), ("--benchmark", benchmark), ("--budget", budget)):
        if not given:
            raise NasbenchError(f"{what} is missing; give OPTIMIZER, --benchmark and --budget, or a --study.")
    kind, where = get_optimizer(optimizer), get_benchmark(benchmark)
    protocol = SearchProtocol(
        objectives=(objective,),
        split=split,
        epochs=tuple(epochs) if epochs else (where.longest((objective,), split),),
        training_seed=int(training_seed) if training_seed.isdigit() else training_seed,
        repeat_policy=repeat_policy,
        budget=parse_budget(budget or ()),
    )
    with (
        progress_bar(f"tuning {optimizer}") as progress,
        connect(cluster, jobs=jobs, worker_timeout=worker_timeout, certificates=cluster_tls, say=say) as workers,
    ):
        done = run_trials(
            kind,
            where,
            protocol,
            trials=trials,
            runs=runs,
            seed=seed,
            metric=metric,
            copies=perturbed_copies,
            correlation=copy_correlation,
            cluster=workers,
            progress=progress,
        )
    unit = where.oracle(protocol).units[0]
    meaning = (
        f"mean final regret in {unit}"
        if metric == "final-regret"
        else "mean unique queries to a top-10 architecture, capped at the budget"
    )
    best = min(range(len(done)), key=lambda number: done[number].value)
    rows = [
        {
            "trial": number,
            "value": trial.value,
            "standard_error": trial.standard_error,
            "best": number == best,
            "settings": dict(trial.settings)
            if json_
            else json.dumps(dict(trial.settings))
            if trial.settings
            else "the defaults",
        }
        for number, trial in enumerate(done)
    ]
    if json_:
        meant = {"metric": metric, "value": meaning, "direction": "min", "best": dict(done[best].settings)}
        print_json(
            "tune", optimizer=optimizer, benchmark=benchmark, perturbed_copies=perturbed_copies, **meant, trials=rows
        )
        return
    on = (
        f"{perturbed_copies} perturbed copies of {benchmark} (correlation {copy_correlation})"
        if perturbed_copies
        else benchmark
    )
    print_table(f"{optimizer} on {on}, {runs} runs; value: {meaning}, lower is better", rows)
    print(f"The best, for a study:\n\n{snippet(optimizer, done[best].settings)}")


def _tune_study(
    name: str, label: str, out: Path | None, trials: int, runs: int, seed: int, cluster: Cluster | None, json_: bool
) -> None:
    """Tune the methods of a study, or the one of that label, and print what was found."""
    from nasbench.cli.console import print_json, print_table, say
    from nasbench.cli.progress import progress_bar
    from nasbench.files.path_names import default_folder
    from nasbench.study.toml import load_study
    from nasbench.study.tuning_study import TUNED, leave_one_family_out, tune_study

    study = load_study(name)
    folder = out or default_folder(f"tuning-{study.name}")
    with progress_bar(f"tuning {study.name}") as progress:
        tuned = tune_study(
            study,
            folder,
            trials=trials,
            runs=runs,
            seed=seed,
            only=label,
            cluster=cluster,
            progress=progress,
            say=say,
        )
    rows = []
    for method in tuned:
        best, held_out = method.trials[method.best], leave_one_family_out(method.trials)
        settings = dict(best.settings)
        rows.append(
            {
                "method": method.label,
                "trials": len(method.trials),
                "as_given": method.trials[0].value,
                "best": best.value,
                "standard_error": best.standard_error,
                "other_families": held_out,
                "settings": settings if json_ else json.dumps(settings) if settings else "as given",
            }
        )
    meaning = (
        "mean over families of the unique queries to a top-10 architecture, as a share of the budget; other_families: of settings chosen without "
        "the family that is scored"
    )
    if json_:
        print_json("tune", study=study.name, value=meaning, direction="min", folder=str(folder), methods=rows)
        return
    print_table(f"{study.name}, {runs} runs on each problem; {meaning}; lower is better", rows)
    print(f"The study with the best settings: {folder / TUNED}")


def snippet(optimizer: str, settings: Mapping[str, Any]) -> str:
    """Return the study lines that give an optimizer these settings, or its defaults."""
    import tomli_w

    inline = ", ".join(tomli_w.dumps({name: value}).strip() for name, value in settings.items())
    chosen = f"settings = {{ {inline} }}\n" if settings else ""
    return f"[[methods]]\n{tomli_w.dumps({'name': optimizer})}{chosen}"


def parse_budget(limits: Sequence[str]) -> Budget:
    """Read `ACCOUNT=LIMIT` words into a `Budget`.

    Raises:
        NasbenchError: if a word has another form, or the budget is invalid.
    """
    from nasbench.search.ledger import Budget

    parsed = {}
    for word in limits:
        account, _, limit = word.partition("=")
        try:
            parsed[account] = float(limit)
        except ValueError:
            raise NasbenchError(f"The budget {word!r} should be ACCOUNT=LIMIT, such as unique_queries=300.") from None
    return Budget(parsed)
