"""`nasbench data`: commands for tables, and `fetch` and `pack` for the data of live tasks."""

from __future__ import annotations

from nasbench.live.tasks.commands import fetch, pack
from nasbench.tables.commands import data

data.command("fetch")(fetch)
data.command("pack")(pack)
