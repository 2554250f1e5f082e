"""A live search for several objectives: its result is a front, each architecture of which is trained and scored once."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.config import Plan, check_plan
from nasbench.live.experiment.retraining import describe_trained, train_final
from nasbench.live.experiment.search import ask_alone
from nasbench.live.experiment.training_benchmark import measured
from nasbench.live.networks.builders import builder
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.training import Say, to_stderr
from nasbench.search.archive import nondominated


def run_front(
    plan: Plan, device: torch.device, folder: Path | None = None, say: Say = to_stderr
) -> list[dict[str, Any]]:
    """Search by training alone, then train and score every architecture of the front: a flat row for each, best first.

    A row has the objectives as the search saw them (`search_NAME`), those that are measured again on the network that
    was trained at the end (`NAME`), the test score and the counts of `describe_trained`. The front is that of what the
    search saw; the test split orders nothing.

    Args:
        plan: its objectives begin with the task's metric.
        device: where to train.
        folder: resumed where it holds the same plan; None keeps nothing.
        say: takes messages.

    Raises:
        NasbenchError: if the optimizer searches on shared weights or minimises one objective, or the task does not
            have an objective.
    """
    task = get_task(plan.task)
    _check(plan, task.metric)
    splits = task.load().reduced(*plan.examples)
    say(f"{plan.optimizer} trains alone for {', '.join(plan.objectives)} on {plan.task} (seed {plan.seed})")
    start = time.perf_counter()
    answers, replayed = ask_alone(plan, task, splits, device, folder)
    seconds = time.perf_counter() - start + replayed
    _, once = np.unique(answers.architectures, axis=0, return_index=True)
    architectures, objectives = answers.architectures[once], answers.objectives[once]
    kept = nondominated(objectives)
    architectures, objectives = architectures[kept], objectives[kept]
    space, recipe = builder(plan.space).make_space(), replace(plan.recipe, seed=plan.seed)
    rows = []
    for member, at in enumerate(np.lexsort(objectives.T[::-1])):
        name = space.to_string(architectures[at])
        say(f"training {member + 1} of {len(architectures)} on the front: {name}")
        place = folder / "front" / "".join(f"{choice:x}" for choice in architectures[at]) if folder else None
        trained = train_final(task, splits, plan.space, architectures[at], recipe, device, place, say)
        rows.append(
            {
                "task": plan.task,
                "space": plan.space,
                "optimizer": plan.optimizer,
                "seed": plan.seed,
                "architecture": name,
                **{f"search_{o}": float(v) for o, v in zip(plan.objectives, objectives[at], strict=True)},
                **measured(trained.network, task.shape, plan.objectives),
                **describe_trained(task, splits, trained, recipe, device),
                "search_seconds": seconds,
                "queries": len(answers),
            }
        )
    return rows


def _check(plan: Plan, metric: str) -> None:
    if len(plan.objectives) < 2 or plan.objectives[0] != metric:
        raise NasbenchError(
            f"The objectives of {plan.task} are {', '.join(plan.objectives)}; they should be {metric} and one or more others, "
            f"such as {metric},latency@onnx-1-thread,bytes."
        )
    check_plan(plan)
