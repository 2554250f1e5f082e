"""Searches on shared weights that take a second: the digits, four channels, one cell a stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nasbench.live.searchers.catalogue import get_searcher
from nasbench.live.searchers.loop import SupernetSearch, build_searcher
from nasbench.live.searchers.searcher import Searcher, SupernetConfig
from nasbench.live.searchers.stopping import EarlyStopping
from nasbench.live.tasks.catalogue import get_task

CPU = torch.device("cpu")
TINY = SupernetConfig(epochs=2, batch_size=64, channels=4, cells=1)


def make(name: str, space: str = "nas-bench-201", settings: SupernetConfig = TINY, **options: Any) -> Searcher:
    maker, partial = get_searcher(name, options)
    settings = replace(settings, cells=3) if space == "darts" else settings
    return build_searcher(maker, get_task("digits"), space, settings, CPU, partial)


def search(searcher: Searcher, folder: Path | None = None, stopping: EarlyStopping | None = None) -> SupernetSearch:
    task = get_task("digits")
    return SupernetSearch(searcher, task, task.load().reduced(128, 64), stopping, folder)
