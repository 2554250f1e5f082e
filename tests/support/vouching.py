"""Make a results folder hold what a test wrote into it: the manifest vouches for the files as they are."""

from __future__ import annotations

from pathlib import Path

from nasbench.study.manifest import NAME, Manifest


def vouch(folder: Path) -> None:
    """Rewrite the manifest of a folder from the files that it names."""
    names = [line.split("  ")[1] for line in (folder / NAME).read_text(encoding="utf-8").splitlines()]
    there = [name for name in dict.fromkeys(names) if (folder / name).exists()]
    Manifest.begin(folder, {name: (folder / name).read_bytes() for name in there})
