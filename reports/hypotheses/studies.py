"""Where the results folders of studies lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nasbench.errors import NasbenchError
from nasbench.study.store import Store

RESULTS = Path("results")
"""Where `nasbench run` puts results."""


def study_folders(given: Sequence[Path], studies: Sequence[str]) -> dict[str, Path]:
    """Return the results folder of each study: from `given`, else `results/STUDY` if it exists.

    Raises:
        NasbenchError: if a given folder holds no results, those of another study, or those of a study given twice.
    """
    found: dict[str, Path] = {}
    for folder in given:
        name = Store.open(folder).study.name
        if name not in studies:
            raise NasbenchError(
                f"{folder} holds the study {name!r}, on which no hypothesis rests; hypotheses rest on {', '.join(studies)}."
            )
        if name in found:
            raise NasbenchError(f"{found[name]} and {folder} both hold the study {name!r}; give one of them.")
        found[name] = folder
    for name in studies:
        default = RESULTS / name
        if name not in found and default.is_dir():
            found[name] = default
    return found
