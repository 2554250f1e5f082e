"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nasbench.registered import forgotten_afterwards


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of further reference data: `NASBENCH_DATA`, or `shared/data` beside the checkout."""
    folder = Path(os.environ.get("NASBENCH_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("needs the reference data: set NASBENCH_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def one_import_name() -> Iterator[None]:
    """Fail where a folder of the repository was imported beside the package, so that its classes exist twice."""
    yield
    assert not {"theory", "baselines", "reports"} & sys.modules.keys(), "import it as a package of nasbench"


@pytest.fixture(autouse=True)
def nothing_stays_registered() -> Iterator[None]:
    """Forget at the end of each test what it registered: the order of the tests decides nothing."""
    with forgotten_afterwards():
        yield
