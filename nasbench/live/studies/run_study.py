"""Runs a live study: unit by unit, alone or in parallel, resuming what is missing and what was begun."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from nasbench.cli.progress import Report
from nasbench.errors import NasbenchError
from nasbench.files.locks import only_writer
from nasbench.live.experiment.reference_models import run_reference
from nasbench.live.experiment.run import run_experiment
from nasbench.live.hardware.torch_device import describe
from nasbench.live.studies.plans import check_live_study, examples_of, plan_of, recipe_of
from nasbench.live.studies.store import LiveStore
from nasbench.live.studies.study import LiveStudy, LiveUnit
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.training.training import Reporter, stderr_reporter
from nasbench.study.runner import in_processes


@dataclass(frozen=True)
class LiveSummary:
    """What a call of `run_live_study` did.

    Attributes:
        folder: the folder of results.
        units: units of the study, those of skipped tasks not counted.
        done: units that this call ran.
        skipped: tasks that were not run, with the reason.
        seconds: wall time of this call.
    """

    folder: Path
    units: int
    done: int
    skipped: dict[str, str]
    seconds: float


def run_live_study(
    study: LiveStudy,
    folder: Path,
    device: torch.device,
    *,
    jobs: int = 1,
    progress: Report = lambda done, units: None,
    reporter: Reporter = stderr_reporter,
) -> LiveSummary:
    """Run what a folder lacks of a live study.

    On a CPU every process computes on one thread, so that any number of jobs gives the same bits; measured seconds
    compare among runs of equal `jobs` on an idle machine alone.

    Args:
        study: the plan.
        folder: results; made if it is not there, resumed if it holds the same study, of which it may hold fewer seeds.
        device: where to train.
        jobs: processes.
        progress: called with (units done, units in all) after every unit.
        reporter: takes messages.

    Raises:
        NasbenchError: if the plan cannot be run, no task has its data, the folder holds something else, or another process writes it.
    """
    started = time.perf_counter()
    if jobs < 1:
        raise NasbenchError(f"The number of jobs is {jobs}; it should be 1 or more.")
    check_live_study(study)
    absent = _absent(study)
    if len(absent) == len(study.tasks):
        raise NasbenchError(next(iter(absent.values())))
    for task, reason in absent.items():
        reporter(f"Task {task} is skipped: {reason}")
    with only_writer(folder) as lock:
        store = LiveStore.create_or_resume(folder, study, describe(device))
        store.write_skipped(absent)
        units = [unit for unit in study.units() if unit.task not in absent]
        missing = [unit for unit in units if not store.has(unit)]
        progress(len(units) - len(missing), len(units))
        run = partial(run_live_unit, study, folder, device=device)
        for done, (unit, result) in enumerate(in_processes(run, missing, jobs), start=len(units) - len(missing) + 1):
            lock.check()
            store.write(unit, result)
            progress(done, len(units))
        lock.check()
    return LiveSummary(folder, len(units), len(missing), absent, time.perf_counter() - started)


def run_live_unit(
    study: LiveStudy, folder: Path, unit: LiveUnit, device: torch.device
) -> tuple[LiveUnit, dict[str, object]]:
    """Run one unit, from its checkpoint where there is one, and return it with its result.

    Its `processor_seconds` are those of this process from here to the end, which other work on the machine does not
    stretch as it does measured seconds; a unit that was resumed has those of its last session alone.
    """
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    begun = time.process_time()
    try:
        result = _result(study, folder / "checkpoints" / unit.path, unit, device)
        return unit, {**result, "processor_seconds": time.process_time() - begun}
    finally:
        torch.set_num_threads(threads)


def _result(study: LiveStudy, folder: Path, unit: LiveUnit, device: torch.device) -> dict[str, object]:
    if unit.entry is not None:
        return {"label": unit.label, **run_experiment(plan_of(study, unit), device, folder)}
    task = get_task(unit.task)
    splits = task.load().reduced(*examples_of(study, unit.task))
    recipe = recipe_of(study, unit)
    row = {"label": unit.label, "task": unit.task, "seed": unit.seed}
    return {**row, **run_reference(unit.label, task, splits, recipe, device, folder)}


def _absent(study: LiveStudy) -> dict[str, str]:
    """Return the tasks whose data are not there, with what would help."""
    absent = {}
    for name in study.tasks:
        try:
            get_task(name).load()
        except NasbenchError as fault:
            absent[name] = str(fault)
    return absent
