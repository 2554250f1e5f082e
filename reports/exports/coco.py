"""Export to COCO: the files that `cocopp` reads, runs standing as instances and problems as functions.

A folder a method, in it an .info file a problem, which names the .dat file (queries that improved) and the .tdat file (all queries) of its
runs. The noise-free fitness is the regret on the split that scores; the measured fitness what the search saw. Format: Hansen et al.,
"COCO: a platform for comparing continuous optimizers in a black-box setting", 2021, and "COCO: the experimental procedure", 2016.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nasbench.errors import UnsupportedError
from nasbench.files.path_names import path_components
from nasbench.reports.analysis.results import Results
from nasbench.reports.exports.runs import ExportedRuns, exported_runs

PRECISION = 1e-8
MOST_FUNCTIONS = 24
"""Functions of the suite bbob, as which problems stand: cocopp knows no others."""
HEADER = (
    "% f evaluations | g evaluations | best noise-free fitness - Fopt ({optimum:.12e}) + sum g_i+ | measured fitness | "
    "best measured fitness or single-digit g-values | x1 | x2...\n"
)


def write(results: Results, folder: Path) -> tuple[Path, ...]:
    """Write the runs of a study into a folder and return the files; raises UnsupportedError for more problems than COCO has functions."""
    if len(results.benchmarks) > MOST_FUNCTIONS:
        raise UnsupportedError(
            f"The study has {len(results.benchmarks)} problems and COCO {MOST_FUNCTIONS} functions; export to ioh instead."
        )
    methods = path_components(results.labels)
    files: list[Path] = []
    for runs in exported_runs(results):
        own = folder / methods[runs.label]
        stem = f"bbobexp_f{runs.number}"
        data = own / f"data_f{runs.number}" / f"{stem}_DIM{runs.dimension}.dat"
        data.parent.mkdir(parents=True, exist_ok=True)
        pairs = list(zip(runs.observed, runs.regret, strict=True))
        steps = [np.flatnonzero(np.concatenate([[True], np.diff(regret) < 0.0])) for _, regret in pairs]
        improved = [np.union1d(step, [len(regret) - 1]) for step, (_, regret) in zip(steps, pairs, strict=True)]
        every = [np.arange(len(regret)) for _, regret in pairs]
        for path, shown in ((data, improved), (data.with_suffix(".tdat"), every)):
            path.write_text("".join(_block(runs, run, at) for run, at in enumerate(shown)), encoding="utf-8")
        about = own / f"{stem}.info"
        about.write_text(_described(runs, data.relative_to(own)), encoding="utf-8")
        files += [about, data, data.with_suffix(".tdat")]
    return tuple(files)


def _block(runs: ExportedRuns, run: int, at: Iterable[int]) -> str:
    """Return the lines of a run after some of its queries."""
    observed, regret = runs.observed[run], runs.regret[run]
    best = (np.maximum if runs.is_maximised else np.minimum).accumulate(observed)
    x = " ".join(["0"] * runs.dimension)
    lines = [f"{q + 1} 0 {regret[q]:+.9e} {observed[q]:+.9e} {best[q]:+.9e} {x}\n" for q in at]
    return HEADER.format(optimum=runs.optimum) + "".join(lines)


def _described(runs: ExportedRuns, data: Path) -> str:
    label = runs.label.replace("'", "")
    reached = ", ".join(f"{run}:{len(regret)}|{regret[-1]:.1e}" for run, regret in enumerate(runs.regret, start=1))
    return (
        f"suite = 'bbob', funcId = {runs.number}, DIM = {runs.dimension}, Precision = {PRECISION:.3e}, algId = '{label}', "
        "coco_version = '2.6.3', logger = 'bbob', data_format = 'bbob-new2'\n"
        f"% {runs.problem}\n"
        f"{data.as_posix()}, {reached}\n"
    )
