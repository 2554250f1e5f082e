"""The importer of the records of AnalogNAS-Bench."""

from __future__ import annotations

import importlib.util
import pickle
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.catalogue import get_table, table_names
from nasbench.tables.sources import analog_nasbench
from nasbench.tables.table import open_table

from hostile_pickle import Payload

SPACE = NasBench201Space()


@pytest.fixture
def authors(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """A stand-in for the package's module, to write records of its classes with."""
    module = types.ModuleType("analognasbench.data")
    for name in ("Architecture", "DriftMeasurement", "Other"):
        cls = type(name, (), {"__module__": "analognasbench.data"})
        setattr(module, name, cls)
    monkeypatch.setitem(sys.modules, "analognasbench", types.ModuleType("analognasbench"))
    monkeypatch.setitem(sys.modules, "analognasbench.data", module)
    yield module


def _record(module: types.ModuleType, cell: tuple[int, ...], accuracy: float) -> Any:
    record = module.Architecture()
    record.architecture = cell
    for field in analog_nasbench.FIELDS:
        value: Any = accuracy
        if "drift" in field:
            value = module.DriftMeasurement()
            value.value, value.uncertainty = accuracy / 2, 0.5
        setattr(record, field, value)
    return record


@pytest.fixture
def anb(authors: types.ModuleType, tmp_path: Path) -> tuple[Path, dict[tuple[int, ...], Any]]:
    """A file in the layout of the package's, accuracies made up from the index of the cell."""
    held = {
        tuple(cell): _record(authors, tuple(cell), 10 + 80 * i / 15625) for i, cell in enumerate(np.ndindex(*(5,) * 6))
    }
    path = tmp_path / "data.anb"
    path.write_bytes(pickle.dumps(held))
    return path, held


def test_analog_records_are_read_without_their_classes(
    anb: tuple[Path, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "analognasbench.data")
    folder = tmp_path / "table"
    folder.mkdir()
    analog_nasbench.write_file(folder, anb[0])
    table = open_table(folder)
    assert "error@analog-drift-3600s" in objective_names(table, "cifar10")
    # NASLib's (0, 1, 2, 3, 4, 0): edge 01 skip, 02 none, 03 3x3, 12 1x1, 13 pooling, 23 skip.
    cell = SPACE.from_string("|skip_connect~0|+|none~0|nor_conv_1x1~1|+|nor_conv_3x3~0|avg_pool_3x3~1|skip_connect~2|")
    number = int(np.ravel_multi_index((0, 1, 2, 3, 4, 0), (5,) * 6))
    row = int(table.rows(cell))
    accuracy = 10 + 80 * number / 15625
    assert find_objective(table, "cifar10", "error", "test", None).values[row] == pytest.approx(100 - accuracy)
    assert find_objective(table, "cifar10", "error@noisy-drift-60s", "test", None).values[row] == pytest.approx(
        100 - accuracy / 2
    )
    assert "no validation split" in table.notes[0]


def test_other_classes_of_the_same_module_are_refused(authors: types.ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "data.anb"
    path.write_bytes(pickle.dumps({(0,) * 6: authors.Other()}))
    with pytest.raises(NasbenchError, match=r"names analognasbench\.data\.Other"):
        analog_nasbench.write_file(tmp_path, path)
    path.write_bytes(pickle.dumps(Payload(tmp_path / "mark")))
    with pytest.raises(NasbenchError, match="The pickle names"):
        analog_nasbench.write_file(tmp_path, path)
    assert not (tmp_path / "mark").exists()


def test_analog_files_that_lack_something(anb: tuple[Path, dict[tuple[int, ...], Any]], tmp_path: Path) -> None:
    path, held = anb
    some = dict(list(held.items())[:-1])
    path.write_bytes(pickle.dumps(some))
    with pytest.raises(NasbenchError, match="a record for each of 15625 cells"):
        analog_nasbench.write_file(tmp_path, path)
    del held[0, 0, 0, 0, 0, 0].ptq_accuracy
    path.write_bytes(pickle.dumps(held))
    with pytest.raises(NasbenchError, match="KeyError: 'ptq_accuracy'"):
        analog_nasbench.write_file(tmp_path, path)


@pytest.mark.skipif(importlib.util.find_spec("analognasbench") is None, reason="needs the package analog-nasbench")
def test_the_real_package_ranks_as_nas_bench_201(fresh_cache: Path) -> None:
    from scipy.stats import spearmanr

    analog, digital = get_table("analog-nasbench"), get_table("nas-bench-201-reference")
    a = find_objective(analog, "cifar10", "error", "test", None).mean()
    b = find_objective(digital, "cifar10", "error", "test", 200).mean()
    assert spearmanr(a, b).statistic == pytest.approx(0.991, abs=1e-3)


def test_without_the_package_it_is_not_at_hand(fresh_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analog_nasbench, "find_spec", lambda name: None)
    with pytest.raises(NasbenchError, match="pip install analog-nasbench"):
        get_table("analog-nasbench")
    assert ("analog-nasbench" in table_names()) == (importlib.util.find_spec("analognasbench") is not None)
