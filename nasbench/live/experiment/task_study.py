"""The study of one task: a search, random search and the reference models that suit it, for `nasbench run TASK`."""

from __future__ import annotations

from typing import Any

from nasbench.live.experiment.defaults import default_recipe, default_space
from nasbench.live.experiment.reference_models import references_of
from nasbench.live.tasks.catalogue import get_task
from nasbench.search.ledger import Budget
from nasbench.study.config import Study
from nasbench.study.live_config import PREFIX, LiveConfig, task_of

METHODS = ("hybrid", "random_search")
RUNS, QUERIES = 3, 8


def task_study(name: str) -> Study:
    """Return the study of a task given by its name or address, with or without the prefix of live problems.

    Raises:
        NasbenchError: if there is no such task.
    """
    task = get_task(task_of(name))
    space = default_space(task.shape)
    recipe: dict[str, Any] = {
        key: value for key, value in default_recipe(None, task, space).as_dict().items() if key != "seed"
    }
    return Study(
        name=task.name,
        description=f"Two searches and the usual models of the domain on {task.name}.",
        problems=(PREFIX + task.name,),
        methods=METHODS,
        budget=Budget({"queries": QUERIES}),
        runs=RUNS,
        objectives=("error",),
        live=LiveConfig(
            space=space,
            references=references_of(task),
            recipe=recipe | {"augmentation": "task"},
            search_recipe={"epochs": max(recipe["epochs"] // 3, 1)},
        ),
    )
