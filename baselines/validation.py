"""One way to object to a setting."""

from __future__ import annotations

from nasbench.errors import NasbenchError


def require(holds: bool, algorithm: str, setting: str, value: object, right: str) -> None:
    """Raise `NasbenchError` unless `holds`: "`algorithm` has `setting` `value`; it should be `right`."."""
    if not holds:
        raise NasbenchError(f"{algorithm} has {setting} {value!r}; it should be {right}.")
