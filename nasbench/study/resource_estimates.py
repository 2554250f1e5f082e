"""Resource estimates: `python -m nasbench.study.resource_estimates` measures the costs that
docs/CLUSTER.md quotes for planning.

Processor seconds, which depend little on other load, and bytes, for runs of the preset `hybrid-claim` (NAS-Bench-201,
CIFAR-10, 300 unique queries). Nothing is written.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import dataclass, replace

from nasbench.study.backend import run_unit
from nasbench.study.config import Study
from nasbench.study.toml import load_study

RUNS = {
    "random_search": 100,
    "regularized_evolution (30, 10)": 100,
    "local_search (first)": 100,
    "gp_bo": 4,
    "hybrid": 4,
}
"""Labels of the preset, and the number of runs per file."""


@dataclass(frozen=True)
class Cost:
    """Cost of a thousand runs of an optimizer.

    Attributes:
        optimizer: its label.
        runs: number of runs in lockstep.
        seconds: processor seconds of a thousand runs, including files.
        megabytes: size of the traces of a thousand runs.
        queries: number of queries in a thousand runs.
    """

    optimizer: str
    runs: int
    seconds: float
    megabytes: float
    queries: int


def cost(study: Study, label: str, runs: int) -> Cost:
    """Measure one method of a study, after a warm-up run that opens the table and imports modules."""
    method = next(method for method in study.methods if method.label == label)
    narrowed = replace(study, methods=(method,), problems=study.problems[:1], runs=runs, runs_per_file=runs)
    (first,) = narrowed.with_runs(1).units()
    run_unit(narrowed, first)
    (unit,) = narrowed.units()
    before = time.process_time()
    result = run_unit(narrowed, unit)
    thousand = 1000 / runs
    seconds = (time.process_time() - before) * thousand
    return Cost(label, runs, seconds, len(result.traces or b"") * thousand / 1e6, int(result.queries * thousand))


def start_seconds(code: str) -> float:
    """Return the processor seconds of a Python process that runs `code` and ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print one row per optimizer, and the start-up time of a process."""
    from nasbench.cli.console import print_table

    study = load_study("hybrid-claim")
    print_table("a thousand runs", [vars(cost(study, label, runs)) for label, runs in RUNS.items()])
    imports = {
        "one process": "import nasbench.study.runner",
        "worker or client of a cluster": "import distributed, nasbench.study.cluster, nasbench.study.runner",
    }
    print_table("start of a process", [{"what": what, "seconds": start_seconds(c)} for what, c in imports.items()])


if __name__ == "__main__":
    main()
