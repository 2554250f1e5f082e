"""Space, recipe and epochs for a task where a command names none, and whether a space has networks for a task."""

from __future__ import annotations

from dataclasses import replace

from nasbench.errors import NasbenchError
from nasbench.live.networks.space_networks import STANDALONE_SPACES
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Task
from nasbench.live.tasks.user_task import UserTask
from nasbench.live.training.recipe import SMALL, Recipe, get_recipe
from nasbench.spaces.own_operations import split_name

TABULAR = replace(SMALL, epochs=20, learning_rate=0.03, weight_decay=1e-3)
"""For rows of a table."""
TEXTS, SERIES = replace(SMALL, learning_rate=0.3), replace(SMALL, learning_rate=0.02)
"""For words and for forecasts in the space `sequence`; its networks have no normalisation unless one is found."""
CELLS = "nas-bench-201"
FEWEST_STEPS = {0: 1500, 1: 500, 2: 500}
"""Steps of a training on a user's data, at least, by the axes of an input: 12 epochs of a hundred images teach nothing."""
MOST_EPOCHS = 300


def default_space(shape: TaskShape, shares_weights: bool = False) -> str:
    """Return the space that is searched for a task unless another is named: cells, or what suits tables, texts and series,
    which have no edges to share weights on.
    """
    if not shape.dims:
        return "mlp"
    reads_sequences = bool(shape.vocabulary) or (shape.dims == 1 and shape.kind == "forecasting")
    return "sequence" if reads_sequences and not shares_weights else CELLS


def check_space(space: str, task: Task) -> None:
    """Raise NasbenchError if a space has no networks for the inputs of a task; unknown spaces pass."""
    family = split_name(space)[0].partition(":")[0]
    if not task.shape.dims and family != "mlp":
        raise NasbenchError(
            f"Task {task.name!r} has rows of a table, for which {space} has no networks; use --space mlp."
        )
    if task.shape.vocabulary and family in STANDALONE_SPACES and family != "sequence":
        raise NasbenchError(f"Task {task.name!r} has texts, for which {space} has no networks; use --space sequence.")
    if family == "sequence" and task.shape.dims != 1:
        raise NasbenchError(
            f"Task {task.name!r} has neither texts nor series, which sequence reads; use another space."
        )


def chosen_task(name: str, space: str | None, architecture: str = "", shares_weights: bool = False) -> tuple[Task, str]:
    """Return a task, after a sentence about a user's data, and the space: the one named, that of a cell, or that of the task.

    Raises:
        NasbenchError: if there is no such task, or the space has no networks for it.
    """
    from nasbench.cli.live_options import say
    from nasbench.live.tasks.catalogue import get_task

    task = get_task(name)
    is_cell = architecture.startswith("|")
    chosen = space or (CELLS if is_cell else default_space(task.shape, shares_weights))
    check_space(chosen, task)
    if isinstance(task, UserTask):
        say(task.said)
    return task, chosen


def default_recipe(name: str | None, task: Task, space: str, examples: int | None = None) -> Recipe:
    """Return the recipe of that name, or the usual one of a task in a space.

    A user's data get as many epochs as `FEWEST_STEPS` takes; the tasks of the suite keep those of the recipe.

    Args:
        name: name of a recipe; None for the usual one.
        task: the task.
        space: the space whose networks are trained.
        examples: training examples, if not all of the task are used.
    """
    if name is not None:
        return get_recipe(name)
    recipe = SMALL if task.shape.dims else TABULAR
    if split_name(space)[0] == "sequence":
        recipe = TEXTS if task.shape.vocabulary else SERIES
    if not isinstance(task, UserTask):
        return recipe
    n = min(examples or len(task.load().train), len(task.load().train))
    steps = max(n // min(recipe.batch_size, n), 1)
    return replace(recipe, epochs=min(max(recipe.epochs, -(-FEWEST_STEPS[task.shape.dims] // steps)), MOST_EPOCHS))
