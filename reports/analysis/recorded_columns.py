"""Which columns of anyone's table of runs mean what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nasbench.errors import NasbenchError, unknown_name

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "method": ("algorithm", "optimizer", "searcher"),
    "problem": ("dataset", "benchmark", "task"),
    "run": ("seed", "repetition"),
    "query": ("evaluation", "iteration", "step"),
    "architecture": ("configuration", "config", "arch"),
    "charged_seconds": ("cost", "seconds"),
    "wall_seconds": ("wall_time",),
    "worker": (),
}
"""Columns of a table of runs, and what else they may be called where a table has no column of their own name."""

ALIASES = {name for names in SYNONYMS.values() for name in names}


def columns_read(present: Sequence[str], chosen: Mapping[str, str], value: str, table: str) -> dict[str, str]:
    """Return how columns of a table are called by their meaning: those chosen, and synonyms of what is not there.

    Args:
        present: columns of the table.
        chosen: from a column of `SYNONYMS` to the column that holds it.
        value: the column of what was optimised.
        table: what the table is called.

    Returns:
        From a column that is there to its meaning; columns that are called by it are left out.

    Raises:
        NasbenchError: if a chosen column is not there, stands for two things or for none that is known, or if two synonyms of one
            are there.
    """
    renamed: dict[str, str] = {}
    for meaning, name in chosen.items():
        if meaning not in SYNONYMS:
            raise unknown_name("column of a table of runs", meaning, tuple(SYNONYMS))
        if name not in present:
            raise unknown_name(f"column in the table {table}", name, tuple(present))
        if name == value or name in renamed:
            other = "what was optimised" if name == value else f"the {renamed[name]}"
            raise NasbenchError(f"The column {name} of the table {table} is {other}; it cannot be the {meaning} too.")
        renamed[name] = meaning
    for meaning, names in SYNONYMS.items():
        if meaning in present or meaning in chosen:
            continue
        found = [name for name in names if name in present and name != value and name not in renamed]
        if len(found) > 1:
            raise NasbenchError(
                f"The table {table} has no column {meaning}, and both {' and '.join(found)} may be it; say which with --column {meaning}={found[0]}."
            )
        renamed.update(dict.fromkeys(found, meaning))
    return {name: meaning for name, meaning in renamed.items() if name != meaning}
