"""The sources to which results are bound hold all that decides what a run comes to."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nasbench.files.source_files import source_files

LOADED = """
import sys
from nasbench.benchmarks.catalogue import get_searchable
from nasbench.files.source_files import PACKAGE, source_files
from nasbench.search.registry import optimizer_names, registered_optimizer
from nasbench.study.config import Study
from nasbench.study.sources import DECIDING

for name in optimizer_names():
    try:
        registered_optimizer(name)
    except Exception:
        pass  # its extra is not installed
Study(problems=["onemax/3x2"], methods=["hybrid"], budget={"queries": 12}).run(sys.argv[1])
deciding = {path.resolve() for path in source_files(DECIDING)}
for name, module in sorted(sys.modules.items()):
    path = getattr(module, "__file__", None)
    if name.startswith("nasbench.") and path and PACKAGE.__class__(path).resolve() not in deciding:
        print(name)
"""
OTHERS = ("nasbench.cli", "nasbench.files.", "nasbench.study.", "nasbench.tables.")
"""What tells of progress, reads files, stores results and reads tables, whose contents a checksum binds."""
NAMES = {f"nasbench.{name}" for name in ("errors", "extras", "plugins", "ranges", "registered", "renamed")}
"""What reports errors, finds names and checks settings."""


def test_what_a_run_loads_is_bound_or_decides_nothing(tmp_path: object) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, str(tmp_path)], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "nasbench.study.store" in loaded, "it looks at what was loaded"
    packages = {name for name in loaded if name in ("nasbench.study", "nasbench.tables", "nasbench.files")}
    assert {name for name in loaded - NAMES - packages if not name.startswith(OTHERS)} == set()


def test_a_name_without_a_file_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such\.py"):
        source_files(["hybrid", "no_such.py"])
