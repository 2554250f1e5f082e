"""Environment of results: interpreter, platform, packages, and version of the suite."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SUITE = "nas-verify"
PACKAGES = (
    SUITE,
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "pymoo",
    "moocore",
    "statsmodels",
    "torch",
    "optuna",
    "botorch",
    "gpytorch",
    "smac",
)


def environment() -> dict[str, Any]:
    """Return the environment that every results folder records."""
    root = Path(__file__).resolve().parents[2]
    return {
        "version": suite_version(root),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": commit_of(root),
    }


def suite_version(root: Path) -> str | None:
    """Return the version of this suite: that of the source tree at `root` if it runs from one, else the installed one."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        if project["name"] == SUITE:
            return str(project["version"])
    except (OSError, ValueError, KeyError):
        pass
    return _version(SUITE)


def commit_of(root: Path) -> str | None:
    """Return the commit of the source tree at `root`, with a plus sign if it has changes.

    None if `root` is not the top of a checkout of this suite, e.g. when installed inside another repository.
    """
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return None
        _git(root, "ls-files", "--error-unmatch", "nasbench/study/environment.py")
        changed = _git(root, "status", "--porcelain")
        return _git(root, "rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    """Run git on `root` itself, ignoring repository variables of hooks."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(root), *arguments]
    found = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=10, env=own)
    return found.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
