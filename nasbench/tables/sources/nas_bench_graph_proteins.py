"""NAS-Bench-Graph on ogbn-proteins, whose space has five operations; see `nas_bench_graph`."""

from __future__ import annotations

from pathlib import Path

from nasbench.spaces.nas_bench_graph import nas_bench_graph_proteins
from nasbench.tables.sources.nas_bench_graph import write

NAME = "nas-bench-graph-proteins"
DATASETS = ("proteins",)


def build(folder: Path) -> None:
    """Write the table into an empty folder."""
    write(folder, nas_bench_graph_proteins(), DATASETS, "mean ROC AUC of 112 tasks, mean of three seeds")
