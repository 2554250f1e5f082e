"""The machine and the versions behind a measurement, in a line."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path


def describe_machine(*packages: str) -> str:
    """Return the processor, the number of cores, and the versions of Python, numpy, scipy and some packages."""
    versions = [f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", *packages)]
    return f"{_processor()}, {os.cpu_count()} cores; Python {platform.python_version()}, {', '.join(versions)}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
