"""A sample of NAS-Bench-101: the 20,001 cells with the smallest hashes, which is close to a uniform sample; validation only."""

from __future__ import annotations

from pathlib import Path

from nasbench.tables.cache import reference_file
from nasbench.tables.importer import ImportOptions
from nasbench.tables.sources.nas_bench_101 import DATASET, import_source

NAME = "nas-bench-101-sample"
FILE = "nas-bench-101-sample/accuracy.parquet"
DATASETS = (DATASET,)


def build(folder: Path) -> None:
    """Write the table into an empty folder."""
    import_source(reference_file(NAME, FILE), folder, ImportOptions(kind="nas-bench-101", name=NAME))
