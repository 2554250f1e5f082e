"""Fixtures of the live tests: one thread, and a skip where torch is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from nasbench.live.tasks.catalogue import get_task

torch = pytest.importorskip("torch", reason="live search needs torch: pip install 'nas-verify[live]'")
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def fetched_tasks(reference_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the tasks whose files the user brings."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASBENCH_CACHE", str(cache))
        for name, source in (("ett", "time-series"), ("trec", "text"), ("breast-mnist", "medical/breastmnist.npz")):
            fetch = get_task(name).fetch
            assert fetch is not None
            fetch(reference_data / source)
    return cache


@pytest.fixture
def task_data(fetched_tasks: Path, reference_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the fetched tasks were taken from; the cache that holds them is in use."""
    monkeypatch.setenv("NASBENCH_CACHE", str(fetched_tasks))
    return reference_data
