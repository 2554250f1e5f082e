"""`nasbench search` and `nasbench train`; torch is imported when a command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli.live_options import AnyTask, Cells, Channels, Device, Epochs, Json, Out, Seed, SpaceOfTask, show
from nasbench.cli.option_groups import expand_groups
from nasbench.cli.tracking_option import Track
from nasbench.errors import NasbenchError
from nasbench.extras import require_extra
from nasbench.live.experiment.options import SearchOptions, with_fidelities

if TYPE_CHECKING:
    from nasbench.live.tasks.task import Task
    from nasbench.live.training.recipe import Recipe


@expand_groups
def search(
    context: typer.Context,
    options: SearchOptions,
    optimizer: Annotated[
        str, typer.Option(help="a weight-sharing searcher, any registered optimizer or module:ATTR")
    ] = "hybrid",
    queries: Annotated[int, typer.Option(help="number of architectures trained from scratch during the search")] = 10,
    time_budget_seconds: Annotated[
        float | None, typer.Option(help="budget in measured training seconds instead of --queries")
    ] = None,
    objectives: Annotated[
        str | None, typer.Option(help="the task's metric and others to minimise: error,latency@onnx-1-thread,bytes")
    ] = None,
    fidelities: Annotated[
        str | None,
        typer.Option(
            help="epochs that a multi-fidelity optimizer may train for, such as 1,3,9; longer trainings continue shorter ones"
        ),
    ] = None,
    early_stopping: Annotated[
        str, typer.Option(help="none, max-skip-connections[:N] or eigenvalue[:WINDOW,RATIO]")
    ] = "none",
    architecture_selection: Annotated[
        str, typer.Option(help="how the architecture is read off the supernet: argmax or perturbation")
    ] = "argmax",
    rank_correlation: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="report Kendall's tau of the one-shot scores of N random architectures with their scores after training",
        ),
    ] = 0,
    rank_against: Annotated[
        str,
        typer.Option(
            help="train these architectures (training), or take trained ones of the task's table (table) or of a BENCHMARK"
        ),
    ] = "training",
    rank_trainings: Annotated[
        int, typer.Option(min=1, help="trainings of each; two or more show the noise of training, which limits tau")
    ] = 1,
    device: Device = "auto",
    out: Out = None,
    track: Track = None,
    json: Json = False,
) -> None:
    """Search for an architecture on a task, retrain it from scratch and evaluate it once on the test split.

    With several objectives every architecture of the Pareto front is retrained and evaluated: one row each.
    """
    require_extra("live", "torch")
    from nasbench.cli.unused_options import refuse_unused
    from nasbench.live.experiment.pareto_search import run_pareto_search
    from nasbench.live.experiment.rank import RankConfig
    from nasbench.live.experiment.run import run_experiment
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.training.following import following
    from nasbench.study.tracking.tracker import tracked_epochs
    from nasbench.study.tracking.units import tracking_folder

    config = options.config(
        optimizer,
        early_stopping=early_stopping,
        architecture_selection=architecture_selection,
        budget={"queries": queries} if time_budget_seconds is None else {"train_seconds": time_budget_seconds},
        objectives=tuple(name.strip() for name in objectives.split(",")) if objectives else (),
    )
    if fidelities is not None:
        config = with_fidelities(config, fidelities)
    if rank_correlation and config.objectives:
        raise NasbenchError("The rank correlation is defined for a single objective; leave out --rank-correlation.")
    if not rank_correlation:
        refuse_unused(context, ("rank_against", "rank_trainings"), "needs --rank-correlation")
    elif rank_against != "training":
        refuse_unused(context, ("rank_trainings",), "is for --rank-against training; a table has its own trainings")
    if config.shares_weights:
        reason = f"applies to optimizers that train from scratch, and {optimizer} shares weights; leave it out"
        refuse_unused(context, ("queries", "time_budget_seconds"), reason)
    else:
        reason = f"applies to searches with shared weights, and {optimizer} trains from scratch; leave it out"
        refuse_unused(context, ("search_epochs", "search_learning_rate"), reason)
    if time_budget_seconds is not None:
        refuse_unused(context, ("queries",), "and --time-budget-seconds are two budgets; leave one out")
    rank = RankConfig(rank_correlation, rank_against, rank_trainings)
    what: dict[str, Any] = {
        "task": config.task,
        "space": config.space,
        "optimizer": config.optimizer,
        "seed": config.seed,
    }
    with tracked_epochs(track or (), tracking_folder(out), config.task, what, following):
        if config.objectives:
            kind, rows = "rows", run_pareto_search(config, choose_device(device), out)
        else:
            kind, rows = "searches", [run_experiment(config, choose_device(device), out, rank=rank)]
    show("search", kind, rows, json)


def train(
    architecture: Annotated[
        str, typer.Argument(help="architecture string of the space, or a reference model, such as resnet18")
    ],
    task: Annotated[str, typer.Option(help=AnyTask)] = "digits",
    space: SpaceOfTask = None,
    recipe: Annotated[str | None, typer.Option(help="small (the default), nas-bench-201 or cifar10-gpu")] = None,
    epochs: Epochs = None,
    channels: Channels = None,
    cells: Cells = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Out = None,
    track: Track = None,
    json: Json = False,
) -> None:
    """Train an architecture from scratch, or a reference model; an interrupted training resumes from its last checkpoint."""
    require_extra("live", "torch")
    from nasbench.live.experiment.defaults import chosen_task
    from nasbench.live.experiment.reference_models import is_reference, run_reference
    from nasbench.live.experiment.retraining import describe_trained, train_final
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.networks.builders import get_networks
    from nasbench.live.tasks.user_task import check_same_data
    from nasbench.live.training.following import following
    from nasbench.study.tracking.tracker import tracked_epochs
    from nasbench.study.tracking.units import tracking_folder

    chosen, space = chosen_task(task, space, architecture)
    settings = chosen_recipe(recipe, chosen, space, epochs, channels, cells, seed)
    check_same_data(chosen, out)
    where = choose_device(device)
    if is_reference(architecture):
        scores = run_reference(architecture, chosen, chosen.load(), settings, where, out, space)
        show("train", "trainings", [{"task": task, "reference": architecture, "seed": seed, **scores}], json)
        return
    vector = get_networks(space).make_space().from_string(architecture)
    splits = chosen.load()
    row: dict[str, Any] = {"task": task, "space": space, "architecture": architecture, "seed": seed}
    with tracked_epochs(track or (), tracking_folder(out), task, row, following):
        trained = train_final(chosen, splits, space, vector, settings, where, out)
    row |= describe_trained(chosen, splits, trained, settings, where)
    show("train", "trainings", [{**row, "train_curve": trained.curve, "recipe": settings.as_dict()}], json)


def chosen_recipe(
    name: str | None, task: Task, space: str, epochs: int | None, channels: int | None, cells: int | None, seed: int
) -> Recipe:
    """Return a recipe by name, or the usual one of a task, with overrides of the command line and sufficient depth for
    the space.
    """
    from dataclasses import replace

    from nasbench.live.experiment.defaults import default_recipe
    from nasbench.live.networks.builders import network_size

    settings = default_recipe(name, task, space)
    width, depth = network_size(space, channels, cells, usual=(settings.channels, settings.cells))
    return replace(
        settings, epochs=settings.epochs if epochs is None else epochs, channels=width, cells=depth, seed=seed
    )


def list_tasks() -> list[dict[str, Any]]:
    """Return one row per task, with the extra that a search on it would still need; listing and fetching need none."""
    from importlib.util import find_spec

    from nasbench.live.tasks.addresses import as_task
    from nasbench.live.tasks.catalogue import GROUP, TASKS, get_task
    from nasbench.plugins import points, usable, use

    tasks = [get_task(name) for name in TASKS]
    tasks += usable(
        points(GROUP).values(), lambda point: use(point, "task", lambda loaded: as_task(loaded, point.name))
    )
    needs = None if find_spec("torch") else "live"
    return [
        {
            "name": t.name,
            "kind": t.shape.kind,
            "size": "x".join([str(t.shape.size)] * t.shape.dims),
            "outputs": t.shape.outputs,
            "metric": t.metric,
            "source": t.source,
            "needs": needs,
        }
        for t in tasks
    ]
