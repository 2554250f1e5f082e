"""The formats that results can be written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nasbench import plugins
from nasbench.errors import NasbenchError, unknown_name
from nasbench.reports.analysis.results import Results
from nasbench.reports.exports.runs import Export

GROUP = "nasbench.exports"


def exports() -> Mapping[str, Export]:
    """Return the exports by name; those of packages that cannot be loaded are left out, with a warning."""
    found = plugins.points(GROUP).values()
    return dict(plugins.usable(found, lambda point: (point.name, plugins.use(point, "export"))))


def check_exports(names: Sequence[str]) -> None:
    """Raise NasbenchError if there is no export of one of the names."""
    known = exports() if names else {}
    for name in names:
        if name not in known:
            raise unknown_name("format of an export", name, known)


def export_runs(results: Results, name: str, folder: Path) -> tuple[Path, ...]:
    """Write results in a format into a folder, which is made if it is not there, and return the files.

    Raises:
        NasbenchError: if there is no format of that name, the format does not know what the study did, or the disk refuses.
    """
    check_exports([name])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return exports()[name](results, folder)
    except OSError as fault:
        raise NasbenchError(
            f"The export cannot be written to {folder} ({fault.strerror}); choose another --out."
        ) from None
