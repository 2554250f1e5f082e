"""Units on live tasks: a search with its final training, or a reference model, on one seed; see `nasbench.study.backend`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nasbench.errors import NasbenchError
from nasbench.live.experiment.reference_models import run_reference
from nasbench.live.experiment.run import run_experiment
from nasbench.live.experiment.study_config import check_task, experiment_config, recipe_of, subset_sizes
from nasbench.live.hardware.torch_device import choose_device, describe
from nasbench.live.tasks.catalogue import get_task
from nasbench.study.backend import Place, UnitResult
from nasbench.study.config import Study, WorkUnit
from nasbench.study.live_config import task_of


class LiveBackend:
    """Trains; see `nasbench.study.backend.Backend`."""

    distributed = False

    def check(self, study: Study) -> None:
        """Raise NasbenchError for the first name or setting that is wrong."""
        for problem in study.problems:
            check_task(study, problem)

    def unavailable(self, study: Study) -> Mapping[str, str]:
        """Return the tasks whose data are not here, with what would help."""
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
        """Run one unit, from its checkpoint where there is one.

        Its `processor_seconds` are those of this process from here to the end, which other work on the machine does not
        stretch as it does measured seconds; a unit that was resumed has those of its last process alone.
        """
        device, threads = choose_device(place.device), torch.get_num_threads()
        if device.type == "cpu":
            torch.set_num_threads(1)
        begun = time.process_time()
        folder = place.folder / "checkpoints" / unit.path if place.folder else None
        try:
            result = {"label": unit.label, **_found(study, unit, device, folder)}
            return UnitResult(timing={}, result={**result, "processor_seconds": time.process_time() - begun})
        finally:
            torch.set_num_threads(threads)


BACKEND = LiveBackend()


def _found(study: Study, unit: WorkUnit, device: torch.device, folder: Path | None) -> dict[str, Any]:
    if unit.method is not None:
        return run_experiment(experiment_config(study, unit), device, folder)
    task = get_task(task_of(unit.problem))
    splits = task.load().reduced(*subset_sizes(study, unit.problem))
    found = run_reference(unit.label, task, splits, recipe_of(study, unit), device, folder)
    return {"task": task.name, "seed": unit.seed, **found}
