"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis  # noqa: F401  # before anything is frozen: it asks who refers to the random states that it is given
import pytest

from nasbench.registered import forgotten_afterwards


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of the measurements that the tables were packed from: `shared/data` beside the checkout, or beside a folder above it."""
    for folder in Path(__file__).resolve().parents[1].parents:
        if (folder / "shared" / "data").is_dir():
            return folder / "shared" / "data"
    pytest.skip("needs the measurements that the tables were packed from, in shared/data beside the checkout")


@pytest.fixture(scope="module", autouse=True)
def what_stays_is_not_searched_for_cycles() -> None:
    """Keep modules and tests out of collections of garbage: these take 0.2 s with them, and libraries ask for one at every call."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def one_import_name() -> Iterator[None]:
    """Fail where a folder of the repository was imported beside the package, so that its classes exist twice."""
    yield
    assert not {"theory", "baselines", "reports"} & sys.modules.keys(), "import it as a package of nasbench"


@pytest.fixture(autouse=True)
def torch_has_one_thread() -> None:
    """Undo what a command run in this process has set: two processes of tests with two threads each wait for one another."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(autouse=True)
def nothing_stays_registered() -> Iterator[None]:
    """Forget at the end of each test what it registered: the order of the tests decides nothing."""
    with forgotten_afterwards():
        yield
