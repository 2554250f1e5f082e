"""Tasks by name: of the suite, of packages (entry points `nasbench.tasks`), registered by a program, or by address.

Only the requested one is imported.
"""

from __future__ import annotations

from importlib import import_module

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.tasks.task import Task
from nasbench.plugins import points, use
from nasbench.registered import registered

TASKS = ("breast-mnist", "cifar10", "cifar100", "co2", "digits", "ett", "fashion-mnist", "mnist-1d", "trec")
GROUP = "nasbench.tasks"
"""Entry points of tasks; see `nasbench.live.tasks.addresses.as_task` for what one may name."""


def get_task(name: str) -> Task:
    """Return the task of that name or address (see `nasbench.live.tasks.addresses`).

    Raises:
        NasbenchError: with the nearest match if there is none, or the reason why data cannot be a task.
    """
    from nasbench.live.tasks.addresses import address_hint, as_task, task_at

    if name in TASKS:
        task: Task = import_module(f"nasbench.live.tasks.{name.replace('-', '_')}").TASK
        return task
    own, installed = registered("task"), points(GROUP)
    if name in installed:
        return use(installed[name], "task", lambda loaded: as_task(loaded, name))
    if name in own:
        found: Task = own[name]
        return found
    if ":" in name:
        return task_at(name)
    if (hint := address_hint(name)) is not None:
        raise NasbenchError(f"{name!r} is a path; to use it as a task write {hint}.")
    raise unknown_name("task", name, (*TASKS, *installed, *own))
