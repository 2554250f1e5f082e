"""Live studies: plans over tasks, optimizers and seeds, run one after another and resumed at what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.devices import describe
from nasbench.live.experiment import Plan, plan_as_dict, run_plan
from nasbench.live.recipe import CIFAR10_GPU, SMALL
from nasbench.live.searchers.searcher import SearchSettings
from nasbench.live.tasks.task import Augmentation
from nasbench.live.training import Say, to_stderr

OPTIMIZERS: dict[str, Mapping[str, Any]] = {
    "hybrid": {},
    "darts": {},
    "gaea": {},
    "random_search": {},
    "regularized_evolution": {"population": 4, "sample": 2},
}
"""What the presets compare, with what is not a default."""


def _quick(task: str, cifar: bool) -> Plan:
    short = replace(SMALL, epochs=3 if cifar else 4, channels=4 if cifar else 8)
    return Plan(
        task=task,
        settings=SearchSettings(epochs=2 if cifar else 6, learning_rate=0.05, channels=4 if cifar else 8, cells=1),
        recipe=replace(
            short, epochs=4 if cifar else 12, augmentation=Augmentation(flip=True, translate=2) if cifar else None
        ),
        search_recipe=short,
        budget={"queries": 5 if cifar else 8},
        examples=(4000, 1000) if cifar else (None, None),
    )


def _cifar10() -> Plan:
    return Plan(
        task="cifar10",
        settings=SearchSettings(epochs=50, channels=16, cells=5),
        recipe=CIFAR10_GPU,
        search_recipe=replace(CIFAR10_GPU, epochs=12, channels=16, cells=5, average=0.0, test_time_flip=False),
        budget={"train_seconds": 12_000},
    )


PRESETS = {"live-quick": (("digits", "cifar10"), (0, 1, 2)), "live-cifar10": (("cifar10",), (0, 1, 2))}
"""Tasks and seeds of each preset."""


def plans(preset: str, seeds: tuple[int, ...] | None = None, tasks: tuple[str, ...] | None = None) -> Iterator[Plan]:
    """Yield the plans of a preset; raises NasbenchError for an unknown one."""
    if preset not in PRESETS:
        raise unknown_name("live preset", preset, PRESETS)
    all_tasks, all_seeds = PRESETS[preset]
    for task in tasks or all_tasks:
        base = _cifar10() if preset == "live-cifar10" else _quick(task, task == "cifar10")
        for optimizer, options in OPTIMIZERS.items():
            for seed in seeds or all_seeds:
                yield replace(base, optimizer=optimizer, options=options, seed=seed)


def run_preset(
    preset: str,
    folder: Path,
    device: torch.device,
    seeds: tuple[int, ...] | None = None,
    tasks: tuple[str, ...] | None = None,
    say: Say = to_stderr,
    jobs: int = 1,
) -> list[dict[str, Any]]:
    """Run what `folder` lacks of a preset and return all its results; writes `report.md` beside them.

    With `jobs` processes each has one thread; measured seconds then compare only among runs of equal `jobs`.

    Raises:
        NasbenchError: if a file of the folder belongs to another plan.
    """
    chosen = list(plans(preset, seeds, tasks))
    if jobs == 1:
        results = [_one(plan, folder, device, say) for plan in chosen]
    else:
        from joblib import Parallel, delayed

        results = Parallel(n_jobs=jobs)(delayed(_one_thread)(plan, folder, device) for plan in chosen)
    _write(folder / "report.md", markdown(results))
    return results


def _one(plan: Plan, folder: Path, device: torch.device, say: Say) -> dict[str, Any]:
    path = folder / f"{plan.task}-{plan.optimizer}-{plan.seed}.json"
    wanted = json.loads(json.dumps(plan_as_dict(plan)))
    if path.exists():
        result: dict[str, Any] = json.loads(path.read_text())
        if result["plan"] != wanted:
            raise NasbenchError(f"{path} is the result of another plan; choose another folder.")
        return result
    result = {**run_plan(plan, device, folder / "checkpoints" / path.stem, say), "environment": describe(device)}
    _write(path, json.dumps(result, indent=1))
    return result


def _one_thread(plan: Plan, folder: Path, device: torch.device) -> dict[str, Any]:
    torch.set_num_threads(1)
    return _one(plan, folder, device, to_stderr)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    private = path.with_suffix(f"{path.suffix}.part")
    private.write_text(text)
    private.replace(path)


def summary(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row a task and optimizer: means over seeds, and the standard deviation of the test score."""
    rows = []
    for key in dict.fromkeys((r["task"], r["optimizer"]) for r in results):
        group = [r for r in results if (r["task"], r["optimizer"]) == key]
        metric = next(name for name in group[0] if name.startswith("test_"))
        scores = [r[metric] for r in group]
        rows.append(
            {
                "task": key[0],
                "optimizer": key[1],
                "seeds": len(group),
                "metric": metric,
                "mean": mean(scores),
                "deviation": stdev(scores) if len(scores) > 1 else None,
                "parameters": mean(r["parameters"] for r in group),
                "latency_ms": mean(r["latency_ms_batch_1"] for r in group),
                "search_seconds": mean(r["search_seconds"] for r in group),
                "train_seconds": mean(r["train_seconds"] for r in group),
            }
        )
    return rows


def markdown(results: list[dict[str, Any]]) -> str:
    """Return the summary as a Markdown table."""
    rows = summary(results)
    names = list(rows[0]) if rows else []
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        cells = ["-" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
