"""Importers of single pickles: HW-NAS-Bench, AnalogNAS-Bench, and the file of NAS-Bench-201."""

from __future__ import annotations

import importlib.util
import os
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.catalogue import get_table, table_names
from nasbench.tables.imports import import_table
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.sources import analog_nasbench
from nasbench.tables.table import open_table

SPACE = NasBench201Space()


class Payload:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


# ---- HW-NAS-Bench ------------------------------------------------------------------------------------------------------

CELL_0 = {
    "edgegpu_latency": 5.807418537139893,
    "edgegpu_energy": 24.226614330768584,
    "raspi4_latency": 10.481976820010459,
    "edgetpu_latency": 0.9571811309997429,
    "pixel3_latency": 3.6058499999999998,
    "eyeriss_latency": 3.645620000000001,
    "eyeriss_energy": 0.6872827644999999,
    "fpga_latency": 2.57296,
    "fpga_energy": 18.01072,
}
"""What the benchmark's README prints for its cell 0 on CIFAR-10."""


@pytest.fixture(scope="module")
def hardware(reference_data: Path) -> pd.DataFrame:
    return pd.read_parquet(reference_data / "nas-bench-201" / "hardware.parquet")[:300]


@pytest.fixture
def hw(hardware: pd.DataFrame, tmp_path: Path, fresh_cache: Path) -> Callable[..., Path]:
    """The real latencies of 300 cells in the layout of the official file, with the README's cell 0."""

    def write(change: Callable[[dict[str, Any]], None] = lambda held: None) -> Path:
        metrics: dict[str, Any] = {
            f"{device}_latency": hardware[f"lat_{device}"].tolist()
            for device in ("pixel3", "raspi4", "eyeriss", "fpga")
        }
        metrics |= {name: [value] * len(hardware) for name, value in CELL_0.items() if name not in metrics}
        metrics["eyeriss_arithmetic_intensity"] = [1.0] * len(hardware)
        metrics["config"] = [{"name": "infer.tiny", "C": 16, "N": 5, "arch_str": text} for text in hardware["arch_str"]]
        held = {"nasbench201": {"cifar10": metrics, "ImageNet16-120": {**metrics}}, "fbnet": {"layers": []}}
        change(held)
        path = tmp_path / "HW-NAS-Bench-v1_0.pickle"
        path.write_bytes(pickle.dumps(held))
        return path

    return write


def test_hw_nas_bench(hw: Callable[..., Path]) -> None:
    table, report = import_table("hw-nas-bench", hw())
    assert table.datasets == ("cifar10", "imagenet16-120") and len(table) == 300
    assert report.notes == (
        "eyeriss_arithmetic_intensity is neither latency nor energy and was left out.",
        "15325 of the 15625 cells are not in the file.",
    )
    cell = table.rows(
        SPACE.from_string(
            "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
        )
    )
    for name, value in CELL_0.items():
        device, quantity = name.split("_")
        column = table.find("cifar10", f"{quantity}@{device}")
        assert column is not None and column.unit == ("ms" if quantity == "latency" else "mJ")
        assert table.measured(column).values[cell] == pytest.approx(value, rel=1e-7)


def _set(metric: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(held: dict[str, Any]) -> None:
        held["nasbench201"]["cifar10"][metric] = value

    return change


def _again(held: dict[str, Any]) -> None:
    held["nasbench201"]["cifar10"]["config"][1] = held["nasbench201"]["cifar10"]["config"][0]


def _order(held: dict[str, Any]) -> None:
    metrics = held["nasbench201"]["ImageNet16-120"]
    metrics["config"] = metrics["config"][::-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: held.pop("nasbench201"), "it should map 'nasbench201'"),
        (_set("config", None), "'config' should list networks"),
        (_set("pixel3_latency", [1.0, 2.0]), r"cifar10, pixel3_latency has the shape \(2,\); it should have one number for each of 300"),
        (_set("pixel3_latency", ["fast"] * 300), "should be a list of numbers"),
        (_set("pixel3_latency", [float("nan")] * 300), "finite numbers that are not negative"),
        (_set("pixel3_latency", [-1.0] * 300), "finite numbers that are not negative"),
        (_set("config", [{"arch_str": "|what~0|"}] * 300), "malformed at position"),
        (_again, "lists 300 networks, of which 299 differ"),
        (_order, "lists other networks for ImageNet16-120 than for cifar10"),
    ],
)  # fmt: skip
def test_bad_hw_nas_bench(hw: Callable[..., Path], change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        import_table("hw-nas-bench", hw(change))


@pytest.mark.parametrize("nested", [False, True])
def test_hostile_hw_nas_bench_runs_nothing(hw: Callable[..., Path], tmp_path: Path, nested: bool) -> None:
    mark = tmp_path / "mark"
    path = hw(_set("pixel3_latency", [Payload(mark)]))
    if not nested:
        path.write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(NasbenchError, match=r"The pickle names (posix|nt)\.mkdir"):
        import_table("hw-nas-bench", path)
    assert not mark.exists()


def test_truncated_hw_nas_bench(hw: Callable[..., Path]) -> None:
    path = hw()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(NasbenchError, match="not a whole pickle"):
        import_table("hw-nas-bench", path)


# ---- AnalogNAS-Bench ---------------------------------------------------------------------------------------------------


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
def test_the_real_package_ranks_as_nas_bench_201(with_reference: Path) -> None:
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


# ---- NAS-Bench-201 in one file -----------------------------------------------------------------------------------------


@pytest.fixture
def pth(with_reference: Path, tmp_path: Path) -> Callable[..., Path]:
    """The three official records of the topology space in the layout of the single file."""
    torch = pytest.importorskip("torch")

    def write(change: Callable[[Any], None] = lambda held: None, zipped: bool = True) -> Path:
        infos: dict[int, Any] = {}
        for path in sorted((with_reference / "nats-bench-records").glob("tss_*.pbz2")):
            record = load_file(path)
            infos[record["200"]["arch_index"]] = {"full": record["200"], "less": record["12"]}
        held = OrderedDict(meta_archs=[], arch2infos=infos, evaluated_indexes=set(infos))
        change(held)
        file = tmp_path / "NAS-Bench-201-v1_1-096897.pth"
        torch.save(held, file, _use_new_zipfile_serialization=zipped)
        return file

    return write


@pytest.mark.parametrize("zipped", [True, False])
def test_the_single_file_holds_what_the_folder_holds(
    pth: Callable[..., Path], with_reference: Path, tmp_path: Path, zipped: bool
) -> None:
    import shutil

    table, report = import_table("nas-bench-201-pth", pth(zipped=zipped))
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (with_reference / "nats-bench-records").glob("tss_*.pbz2"):
        shutil.copy(path, folder / path.name)
    other, _ = import_table("nats-bench-topology", folder)
    assert table.manifest["sha256"] == other.manifest["sha256"]
    assert len(report.missing) == 15622


def test_a_file_with_weights_is_read_by_the_weights_only_reader(pth: Callable[..., Path]) -> None:
    import torch

    def change(held: Any) -> None:
        held["arch2infos"][11]["full"]["all_results"]["cifar10", 777]["net_state_dict"] = {"stem": torch.zeros(2)}

    assert len(import_table("nas-bench-201-pth", pth(change))[0]) == 3


@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_file_is_refused_unless_it_is_called_trusted(
    pth: Callable[..., Path], tmp_path: Path, zipped: bool
) -> None:
    mark = tmp_path / "mark"

    def change(held: Any) -> None:
        held["arch2infos"][11]["full"]["all_results"]["cifar10", 777]["net_state_dict"] = [Payload(mark)]

    path = pth(change, zipped)
    with pytest.raises(NasbenchError, match=r"The pickle names .*mkdir.* Say --trusted only if you trust"):
        import_table("nas-bench-201-pth", path)
    assert not mark.exists()
    assert len(import_table("nas-bench-201-pth", path, trusted=True)[0]) == 3
    assert mark.exists()


def _other_cell(held: Any) -> None:
    held["arch2infos"][12] = held["arch2infos"].pop(11)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: held.pop("arch2infos"), "it should hold 'arch2infos'"),
        (lambda held: held["arch2infos"][11].pop("less"), r"record 11 holds the trainings \['full'\]"),
        (_other_cell, "Record 12 says that it is of another cell"),
    ],
)
def test_bad_records_in_the_single_file(pth: Callable[..., Path], change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        import_table("nas-bench-201-pth", pth(change))


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and then nothing", b"not a pickle at all"])
def test_a_damaged_single_file(pth: Callable[..., Path], damage: bytes) -> None:
    path = pth()
    for content in (damage, path.read_bytes()[:5000]):
        path.write_bytes(content)
        with pytest.raises(NasbenchError, match=str(path.name)):
            import_table("nas-bench-201-pth", path)
