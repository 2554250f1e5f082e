"""`nasbench run` where the study is a live one."""

from __future__ import annotations

from pathlib import Path

from nasbench.cli.live_options import need_torch
from nasbench.files.path_names import default_folder
from nasbench.live.studies.study import LiveStudy


def run_live(
    study: LiveStudy, seeds: int | None, tasks: tuple[str, ...], jobs: int, device: str, out: Path | None, json: bool
) -> None:
    """Run what a folder lacks of a live study and print what was done.

    Args:
        study: the plan.
        seeds: how many, None for the study's.
        tasks: of the study, none for all; a study cut to some has a default folder of its own.
        jobs: processes.
        device: auto, cpu or cuda.
        out: the folder, None for `results/NAME`.
        json: whether to print one JSON object.
    """
    need_torch()
    from nasbench.cli.console import print_json
    from nasbench.cli.progress import progress_bar
    from nasbench.live.hardware.torch_device import choose_device
    from nasbench.live.studies.run_study import run_live_study

    study = study if seeds is None else study.with_seeds(seeds)
    study = study.with_tasks(tasks) if tasks else study
    folder = out or default_folder("-".join([study.name, *tasks]))
    with progress_bar(f"running {study.name}") as progress:
        summary = run_live_study(study, folder, choose_device(device), jobs=jobs, progress=progress)
    if json:
        row = {"folder": str(folder), "units": summary.units, "done": summary.done, "skipped": summary.skipped}
        print_json("run", runs=[{"study": study.name, **row, "seconds": summary.seconds}])
        return
    print(f"{study.name}: {summary.done} of {summary.units} units run in {summary.seconds:.1f} s, in {folder}")
