"""`nasbench search` and `nasbench train`.

Torch is imported when a command runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.errors import NasbenchError
from nasbench.files.atomic import remove_leftovers
from nasbench.files.locks import only_writer
from nasbench.ranges import LARGEST_SEED

if TYPE_CHECKING:
    from nasbench.live.training.recipe import Recipe


def hold_results(context: typer.Context, folder: Path | None) -> Path | None:
    """Return `folder`, held against other writers while the command runs and rid of what killed ones left half written.

    Raises:
        NasbenchError: before anything is computed, if it cannot be made or written, or another process writes it.
    """
    if folder is not None and not context.resilient_parsing:
        nearest = next(place for place in (folder, *folder.parents) if place.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise NasbenchError(f"{nearest} is no folder that can be written; --out should name one, or one to make.")
        context.with_resource(only_writer(folder))
        remove_leftovers(folder)
    return folder


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda")]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="seed of everything random")]
Out = Annotated[
    Path | None,
    typer.Option(callback=hold_results, help="folder for checkpoints and results; what it holds is resumed"),
]
Space = Annotated[str, typer.Option(help="nas-bench-201, darts, hierarchical, or convnet[:BASE:MMAC]")]
Epochs = Annotated[int | None, typer.Option(min=1, help="epochs of the final training, in place of the recipe's")]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="federated: file with the token that clients and server share; else the variable NASBENCH_TOKEN"),
]
Certificates = Annotated[
    Path | None,
    typer.Option(help="federated: folder with ca.pem, at the server also server.pem and server.key, for TLS"),
]
Channels = Annotated[int | None, typer.Option(min=1, help="in place of the recipe's")]
Cells = Annotated[int | None, typer.Option(min=1, help="in place of the recipe's")]


def need_torch() -> None:
    """Raise NasbenchError naming the extra where torch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        raise NasbenchError(
            "Live search needs torch, which is not installed: pip install 'nas-verify[live]'."
        ) from None


def search(
    context: typer.Context,
    task: Annotated[str, typer.Argument(help="digits, cifar10, fashion-mnist, co2, ett, trec or breast-mnist")],
    optimizer: Annotated[
        str | None,
        typer.Option(
            help="a weight-sharing searcher or any registered optimizer (default: hybrid, or gaea if federated)"
        ),
    ] = None,
    space: Space = "nas-bench-201",
    search_epochs: Annotated[int, typer.Option(help="epochs of the supernet")] = 10,
    channels: Annotated[int | None, typer.Option(help="channels of supernet and network, 8 unless told")] = None,
    cells: Annotated[int | None, typer.Option(help="cells of a stage; layers in the DARTS space")] = None,
    queries: Annotated[int, typer.Option(help="trainings of optimizers that train alone")] = 10,
    seconds: Annotated[float | None, typer.Option(help="measured seconds in place of queries")] = None,
    recipe: Annotated[str, typer.Option(help="small, federated, nas-bench-201 or cifar10-gpu")] = "small",
    epochs: Epochs = None,
    precision: Annotated[
        str | None, typer.Option(help="float32 or bfloat16, of supernet and trainings, in place of the recipe's")
    ] = None,
    channels_last: Annotated[
        bool | None,
        typer.Option("--channels-last/--no-channels-last", help="memory layout of both, where it is sound; likewise"),
    ] = None,
    objectives: Annotated[
        str | None, typer.Option(help="the task's metric, then others, such as error,latency@onnx-1-thread,bytes")
    ] = None,
    option: Annotated[list[str] | None, typer.Option(help="NAME=VALUE, an option of the optimizer")] = None,
    stopping: Annotated[str, typer.Option(help="none, skips[:N] or eigenvalue[:WINDOW,RATIO]")] = "none",
    selection: Annotated[str, typer.Option(help="derive or perturbation")] = "derive",
    rank: Annotated[
        int, typer.Option(help="train so many random cells alone, and say how well the shared weights rank them")
    ] = 0,
    examples: Annotated[int | None, typer.Option(help="training examples to use")] = None,
    federated: Annotated[
        bool, typer.Option("--federated", help="clients keep their data (needs the extra federated)")
    ] = False,
    clients: Annotated[int, typer.Option(help="federated: number of clients")] = 4,
    partition: Annotated[str, typer.Option(help="federated: iid or dirichlet:ALPHA")] = "iid",
    rounds: Annotated[
        int | None, typer.Option(help="federated: rounds of the search, in place of --search-epochs")
    ] = None,
    train_rounds: Annotated[
        int | None, typer.Option(help="federated: rounds of the training, in place of --epochs")
    ] = None,
    client_dropout: Annotated[float, typer.Option(help="federated: fraction of clients missing in a round")] = 0.0,
    straggler_fraction: Annotated[
        float, typer.Option(help="federated: fraction that gets through a part of its data")
    ] = 0.0,
    runtime: Annotated[
        str, typer.Option(help="federated: flower (its simulation) or loop; bit for bit the same")
    ] = "flower",
    listen: Annotated[
        str | None, typer.Option(help="federated: HOST:PORT for clients that come by nasbench join")
    ] = None,
    token_file: TokenFile = None,
    certificates: Certificates = None,
    client_timeout: Annotated[float, typer.Option(help="federated: seconds that --listen waits for clients")] = 600.0,
    compare: Annotated[int, typer.Option(help="federated: so many seeds beside central and local-only search")] = 0,
    seed: Seed = 0,
    device: Device = "auto",
    out: Out = None,
    json: Json = False,
) -> None:
    """Search on a task, train what was found from scratch, and score it once on the test split.

    With several objectives a front is found, and every architecture on it is trained and scored: a row for each.
    """
    need_torch()
    from dataclasses import replace

    from nasbench.cli.unused_options import refuse_unused
    from nasbench.live.experiment.config import ExperimentConfig
    from nasbench.live.experiment.experiment import run_experiment
    from nasbench.live.experiment.pareto_search import run_pareto_search
    from nasbench.live.federated.command import FederationOptions, refuse_unused_federation, search_federated
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.networks.builders import network_size
    from nasbench.live.searchers.searcher import SupernetConfig
    from nasbench.live.training.recipe import get_recipe

    if examples is not None and examples < 2:
        raise NasbenchError(f"--examples is {examples}; it should be 2 or more.")
    width, depth = network_size(space, channels, cells, usual=(8, 1))
    given = {"precision": precision, "channels_last": channels_last}
    arithmetic: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    chosen = replace(get_recipe(recipe), channels=width, cells=depth, **arithmetic)
    plan = ExperimentConfig(
        task=task,
        space=space,
        optimizer=optimizer or ("gaea" if federated else "hybrid"),
        options=parse_options(option or []),
        seed=seed,
        settings=SupernetConfig(epochs=search_epochs, channels=width, cells=depth, **arithmetic),
        stopping=stopping,
        selection=selection,
        recipe=replace(chosen, epochs=chosen.epochs if epochs is None else epochs),
        search_recipe=replace(chosen, epochs=max(chosen.epochs // 3, 1)),
        budget={"queries": queries} if seconds is None else {"train_seconds": seconds},
        examples=(examples, None if examples is None else max(examples // 4, 1)),
        objectives=tuple(name.strip() for name in objectives.split(",")) if objectives else (),
    )
    federation = FederationOptions(
        clients=clients,
        partition=partition,
        rounds=rounds,
        train_rounds=train_rounds,
        client_dropout=client_dropout,
        straggler_fraction=straggler_fraction,
        runtime=runtime,
        listen=listen,
        compare=compare,
        token_file=token_file,
        certificates=certificates,
        client_timeout=client_timeout,
    )
    if rank and (federated or plan.objectives):
        raise NasbenchError("A ranking is of one central search for one objective; leave out --rank.")
    if federated and plan.objectives:
        raise NasbenchError("Federated search minimises one objective; leave out --objectives or --federated.")
    refuse_unused_federation(context, federated, federation)
    if federated:
        show("search", *search_federated(plan, federation, device, out), json)
        return
    if plan.shares_weights:
        reason = f"is of optimizers that train alone, and {plan.optimizer} shares weights here; leave it out"
        refuse_unused(context, ("queries", "seconds"), reason)
    else:
        reason = f"is of searches on shared weights, and {plan.optimizer} trains alone here; leave it out"
        refuse_unused(context, ("search_epochs",), reason)
    if seconds is not None:
        refuse_unused(context, ("queries",), "and --seconds are two budgets; leave one out")
    if plan.objectives:
        show("search", "rows", run_pareto_search(plan, choose_device(device), out), json)
        return
    show("search", "searches", [run_experiment(plan, choose_device(device), out, rank=rank)], json)


def train(
    architecture: Annotated[str, typer.Argument(help="as the space writes it")],
    task: Annotated[str, typer.Option(help="what to learn")] = "digits",
    space: Space = "nas-bench-201",
    recipe: Annotated[str, typer.Option(help="small, nas-bench-201 or cifar10-gpu")] = "small",
    epochs: Epochs = None,
    channels: Channels = None,
    cells: Cells = None,
    seed: Seed = 0,
    device: Device = "auto",
    out: Out = None,
    json: Json = False,
) -> None:
    """Train an architecture from scratch; a run that was killed goes on from its last epoch."""
    need_torch()
    from nasbench.live.experiment.retraining import describe_trained, train_final
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.networks.builders import get_networks
    from nasbench.live.tasks.catalogue import get_task

    plan = chosen_recipe(recipe, space, epochs, channels, cells, seed)
    chosen = get_task(task)
    vector = get_networks(space).make_space().from_string(architecture)
    where = choose_device(device)
    splits = chosen.load()
    trained = train_final(chosen, splits, space, vector, plan, where, out)
    row = {"task": task, "space": space, "architecture": architecture, "seed": seed}
    row |= describe_trained(chosen, splits, trained, plan, where)
    show("train", "trainings", [{**row, "train_curve": trained.curve, "recipe": plan.as_dict()}], json)


def chosen_recipe(
    name: str, space: str, epochs: int | None, channels: int | None, cells: int | None, seed: int
) -> Recipe:
    """Return a recipe by name with what the command line says in place of its own; depth enough for the space."""
    from dataclasses import replace

    from nasbench.live.networks.builders import network_size
    from nasbench.live.training.recipe import get_recipe

    plan = get_recipe(name)
    width, depth = network_size(space, channels, cells, usual=(plan.channels, plan.cells))
    return replace(plan, epochs=plan.epochs if epochs is None else epochs, channels=width, cells=depth, seed=seed)


def list_tasks() -> list[dict[str, Any]]:
    """Return a row for each task, with the extra that searching on it still needs here; to list and fetch needs none."""
    from importlib.util import find_spec

    from nasbench.live.tasks.catalogue import TASKS, get_task

    tasks = [get_task(name) for name in TASKS]
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


def parse_options(texts: list[str]) -> dict[str, Any]:
    """Return options from NAME=VALUE texts: numbers, true and false are read as such."""
    options: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise NasbenchError(f"Option {text!r} should be NAME=VALUE.")
        options[name] = _value(value)
    return options


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def show(command: str, plural: str, rows: list[dict[str, Any]], json: bool) -> None:
    """Print rows as one JSON object, or as a table without what is not flat."""
    from nasbench.cli.console import print_json, print_table

    if json:
        print_json(command, **{plural: rows})
        return
    flat = [{k: v for k, v in row.items() if not isinstance(v, dict | list)} for row in rows]
    if len(flat) == 1:
        flat = [{"what": name, "value": value} for name, value in flat[0].items()]
    print_table(command, flat)
