"""`nasbench export`. Torch and onnx are imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli.live_options import AnyTask, Cells, Channels, Device, Epochs, Json, Seed, SpaceOfTask, show
from nasbench.errors import NasbenchError
from nasbench.extras import require_extra

if TYPE_CHECKING:
    from nasbench.live.tasks.user_task import UserTask
    from nasbench.live.training.recipe import Recipe


def export(
    architecture: Annotated[str, typer.Argument(help="architecture string of the space")],
    onnx: Annotated[Path, typer.Option(help="output file")],
    task: Annotated[str, typer.Option(help=AnyTask)] = "digits",
    space: SpaceOfTask = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="folder of nasbench train --out (default: train the network first)")
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="also write a quantised network, FILE.int8.onnx")] = False,
    recipe: Annotated[str | None, typer.Option(help="small (the default), nas-bench-201 or cifar10-gpu")] = None,
    epochs: Epochs = None,
    channels: Channels = None,
    cells: Cells = None,
    seed: Seed = 0,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Export a trained network to ONNX, compare its outputs with torch, and measure it with onnxruntime on one thread."""
    require_extra("live", "torch")
    from nasbench.live.deployment.onnx_export import check_target, deploy

    require_extra("edge", "onnx")
    require_extra("edge", "onnxruntime")
    from nasbench.live.experiment.commands import chosen_recipe
    from nasbench.live.experiment.defaults import chosen_task
    from nasbench.live.experiment.retraining import final_splits, train_final
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.networks.builders import get_networks
    from nasbench.live.tasks.user_task import UserTask, check_same_data

    check_target(onnx)
    chosen, space = chosen_task(task, space, architecture)
    if checkpoint is None:
        plan = chosen_recipe(recipe, chosen, space, epochs, channels, cells, seed)
    elif any(given is not None for given in (recipe, epochs, channels, cells)):
        raise NasbenchError("A checkpoint brings its own recipe; leave out --recipe, --epochs, --channels and --cells.")
    else:
        plan = _recipe_of(checkpoint)
    check_same_data(chosen, checkpoint)
    vector = get_networks(space).make_space().from_string(architecture)
    splits = chosen.load()
    trained = train_final(chosen, splits, space, vector, plan, choose_device(device), checkpoint)
    row: dict[str, Any] = {"task": task, "space": space, "architecture": architecture, "seed": plan.seed}
    row |= deploy(chosen, final_splits(splits), trained, onnx, int8)
    if isinstance(chosen, UserTask):
        row["preparation_file"] = str(write_preparation(chosen, onnx))
    show("export", "exports", [row], json)


def write_preparation(task: UserTask, onnx: Path) -> Path:
    """Write beside an ONNX file what its inputs and outputs mean, and return the path; see `UserTask.preparation`."""
    import json

    from nasbench.files.atomic import write_atomically

    content = {"task": task.name, "classes": list(task.classes), "inputs": task.preparation}
    path = onnx.with_suffix(".json")
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False).encode())
    return path


def _recipe_of(folder: Path) -> Recipe:
    """Return the recipe of a checkpoint."""
    from nasbench.live.training import checkpoint
    from nasbench.live.training.recipe import Recipe

    path = folder / "checkpoint.pt"
    if not path.is_file():
        raise NasbenchError(
            f"{folder} holds no checkpoint.pt; --checkpoint should name the folder of nasbench train --out."
        )
    return Recipe.from_dict(checkpoint.read(path).get("settings", {}))
