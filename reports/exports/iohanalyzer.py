"""Export to IOHanalyzer: what IOHexperimenter writes, with every query logged.

A folder a method, in it a JSON file a problem and the evaluations of its runs in a .dat file; see `converters.iohprofiler`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nasbench.files.path_names import path_components
from nasbench.reports.analysis.results import Results
from nasbench.reports.exports.runs import ExportedRuns, exported_runs

VERSION = "0.4.2"
"""Of the format: that of the release of IOHexperimenter that it was compared with."""


def write(results: Results, folder: Path) -> tuple[Path, ...]:
    """Write the runs of a study into a folder and return the files."""
    files: list[Path] = []
    methods, problems = path_components(results.labels), path_components(results.benchmarks)
    for runs in exported_runs(results):
        name, own = problems[runs.problem], folder / methods[runs.label]
        data = own / f"data_f{runs.number}_{name}" / f"IOHprofiler_f{runs.number}_DIM{runs.dimension}.dat"
        about = own / f"IOHprofiler_f{runs.number}_{name}.json"
        data.parent.mkdir(parents=True, exist_ok=True)
        data.write_text("".join(map(_block, runs.observed)), encoding="utf-8")
        about.write_text(
            json.dumps(_described(runs, data.relative_to(own), results.study.name), indent="\t"), encoding="utf-8"
        )
        files += [about, data]
    return tuple(files)


def _block(values: Any) -> str:
    return "evaluations raw_y\n" + "".join(f"{at} {value!r}\n" for at, value in enumerate(values.tolist(), start=1))


def _described(runs: ExportedRuns, data: Path, study: str) -> dict[str, Any]:
    rows = []
    for values in runs.observed:
        best = int(values.argmax() if runs.is_maximised else values.argmin())
        rows.append(
            {"instance": 1, "evals": len(values), "best": {"evals": best + 1, "y": float(values[best]), "x": []}}
        )
    return {
        "version": VERSION,
        "suite": study,
        "function_id": runs.number,
        "function_name": runs.problem,
        "maximization": runs.is_maximised,
        "algorithm": {"name": runs.label, "info": ""},
        "attributes": ["evaluations", "raw_y"],
        "scenarios": [{"dimension": runs.dimension, "path": data.as_posix(), "runs": rows}],
    }
