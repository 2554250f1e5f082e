"""The sources that determine the results of runs on tables and functions, to which results are bound."""

from __future__ import annotations

from functools import lru_cache

from nasbench.files.source_files import sources_sha256

DECIDING = (
    "baselines",
    "benchmarks",
    "hybrid",
    "multiplicity.py",
    "search",
    "spaces",
    "study/ask_tell.py",
    "study/endings.py",
    "study/trace_table.py",
    "tables/column.py",
    "tables/table.py",
    "tables/train_time.py",
)
"""Files and folders of the package."""


@lru_cache(maxsize=1)
def deciding_sources() -> str:
    """Return the SHA-256 of these sources."""
    return sources_sha256(DECIDING)
