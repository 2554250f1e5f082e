"""Work units on live tasks: a search with its final training, or a reference model, for one seed; see
`nasbench.study.backend`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.experiment import open_experiment
from nasbench.live.experiment.reference_models import run_reference
from nasbench.live.experiment.run import search_and_score
from nasbench.live.experiment.study_config import check_task, experiment_config, recipe_of, subset_sizes
from nasbench.live.hardware.torch_device import choose_device, describe
from nasbench.live.tasks.catalogue import get_task
from nasbench.study.backend import Place, UnitResult
from nasbench.study.config import Study, WorkUnit
from nasbench.study.live_config import task_of
from nasbench.study.store import encode
from nasbench.study.trace_table import SECONDS, trace_table, without_seconds


class LiveBackend:
    """Backend of live tasks; see `nasbench.study.backend.Backend`."""

    distributed = False

    def check(self, study: Study) -> None:
        """Raise NasbenchError for the first invalid name or setting."""
        for problem in study.problems:
            check_task(study, problem)

    def unavailable(self, study: Study) -> Mapping[str, str]:
        """Return the tasks whose data are missing, with a remedy for each."""
        absent = {}
        for problem in study.problems:
            try:
                get_task(task_of(problem)).load()
            except NasbenchError as fault:
                absent[problem] = str(fault)
        return absent

    def environment(self, study: Study, device: str) -> Mapping[str, Any]:
        """Return a description of the device."""
        return {"device": describe(choose_device(device))}

    def run(self, study: Study, unit: WorkUnit, place: Place) -> UnitResult:
        """Run one unit, resuming from its checkpoint if there is one.

        `processor_seconds` is the CPU time of this process, which depends less on other load than wall time; for a
        resumed unit, that of its last process only.
        """
        device, threads = choose_device(place.device), torch.get_num_threads()
        if device.type == "cpu":
            torch.set_num_threads(1)
        begun = time.process_time()
        folder = place.folder / "checkpoints" / unit.path if place.folder else None
        try:
            done = (_reference if unit.method is None else _search)(study, unit, device, folder)
        finally:
            torch.set_num_threads(threads)
        seconds = time.process_time() - begun
        return replace(done, result={"label": unit.label, **(done.result or {}), "processor_seconds": seconds})


BACKEND = LiveBackend()


def _search(study: Study, unit: WorkUnit, device: torch.device, folder: Path | None) -> UnitResult:
    experiment = open_experiment(experiment_config(study, unit), device, folder)
    found, trace = search_and_score(experiment)
    table = trace_table({**trace, "run": trace["run"] + unit.runs[0]}, experiment.space)
    traces, seconds = without_seconds(table)
    return UnitResult(timing={SECONDS: seconds}, traces=encode(traces), result=found, queries=table.num_rows)


def _reference(study: Study, unit: WorkUnit, device: torch.device, folder: Path | None) -> UnitResult:
    task = get_task(task_of(unit.problem))
    splits = task.load().reduced(*subset_sizes(study, unit.problem))
    found = run_reference(unit.label, task, splits, recipe_of(study, unit), device, folder, study.live.space)
    return UnitResult(timing={}, result={"task": task.name, "seed": unit.seed, **found})
