"""The importer of the pickle of HW-NAS-Bench."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.importers import import_table

from hostile_pickle import Payload

SPACE = NasBench201Space()


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
        (_set("pixel3_latency", [-1.0] * 300), r"latency@pixel3 holds no value; leave the column out"),
        (_set("pixel3_latency", [-2.0] * 300), r"latency@pixel3 goes down to -2 ms; it cannot be negative"),
        (_set("pixel3_latency", [1e300] * 300), r"latency@pixel3 reaches 1e\+300 ms"),
        (lambda held: held["nasbench201"].__setitem__("../up", held["nasbench201"]["cifar10"]), r"'../up' is no name"),
        (_set("config", [{"arch_str": "|what~0|"}] * 300), "malformed at position"),
        (_again, "lists 300 networks, of which 299 differ"),
        (_order, "lists other networks for ImageNet16-120 than for cifar10"),
    ],
)  # fmt: skip
def test_bad_hw_nas_bench(hw: Callable[..., Path], change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        import_table("hw-nas-bench", hw(change))


def test_what_a_device_could_not_measure_is_masked_with_a_note(hw: Callable[..., Path]) -> None:
    """-1 says that the Edge TPU's compiler refused the model (GATECH-EIC/HW-NAS-Bench#11)."""
    path = hw(_set("edgetpu_latency", [-1.0] * 2 + [3.0] * 298))
    table, report = import_table("hw-nas-bench", path)
    note = "cifar10.latency@edgetpu has -1 in 2 places, which was taken for `not measured` and masked."
    assert note in report.notes and note in table.notes
    column = table.find("cifar10", "latency@edgetpu")
    assert column is not None
    measured = table.measured(column)
    assert measured.missing is not None and measured.missing.sum() == 2
    assert measured.values[~measured.missing].tolist() == [3.0] * 298


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
