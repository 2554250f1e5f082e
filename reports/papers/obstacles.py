"""What stands in the way of reproducing a value."""

from __future__ import annotations

from nasbench.reports.papers.paper import Computed, How, NotRun, PublishedValue, Replay
from nasbench.tables.catalogue import table_names


def find_obstacle(how: How, figure: PublishedValue) -> str:
    """Return why a value cannot be reproduced; empty if it can."""
    if isinstance(how, NotRun):
        return how.reason
    if isinstance(how, Replay) and figure.dataset not in how.cells:
        return how.lacking[figure.dataset]
    if isinstance(how, Computed):
        for table in how.tables:
            if table not in table_names():
                return f"it needs the table {table}, which does not ship; import it with `nasbench data import {table} FILE`"
    return ""
