"""`nasbench data`: the tables' commands, and `fetch` for the data of live tasks."""

from __future__ import annotations

from nasbench.live.commands import fetch
from nasbench.tables.commands import data

data.command("fetch")(fetch)
