"""Tasks by name; only the requested one is imported."""

from __future__ import annotations

from importlib import import_module

from nasbench.errors import unknown_name
from nasbench.live.tasks.task import Task
from nasbench.registered import registered

TASKS = ("breast-mnist", "cifar10", "co2", "digits", "ett", "fashion-mnist", "mnist-1d", "trec")


def get_task(name: str) -> Task:
    """Return the task of that name, of the suite or registered; raise NasbenchError with the nearest match if there is none."""
    own = registered("task")
    if name not in TASKS and name in own:
        found: Task = own[name]
        return found
    if name not in TASKS:
        raise unknown_name("task", name, (*TASKS, *own))
    task: Task = import_module(f"nasbench.live.tasks.{name.replace('-', '_')}").TASK
    return task
