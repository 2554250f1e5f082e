from __future__ import annotations

import bz2
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.errors import NasbenchError
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.nats_size import NatsSizeSpace
from nasbench.tables.importers import import_table
from nasbench.tables.restricted_pickle import load_file

from hostile_pickle import Payload

PREFIX = {"nats-bench-topology": "tss", "nats-bench-size": "sss"}
NAMES = {
    "cifar10": "cifar10-valid",
    "cifar10-valid": "cifar10-valid",
    "cifar100": "cifar100",
    "imagenet16-120": "ImageNet16-120",
}


@pytest.fixture
def official(with_reference: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A folder of official records, named as in the official archive."""

    def unpack(kind: str) -> Path:
        folder = tmp_path / kind
        folder.mkdir()
        for path in (with_reference / "nats-bench-records").glob(f"{PREFIX[kind]}_*.pbz2"):
            shutil.copy(path, folder / path.name.replace(f"{PREFIX[kind]}_", "").replace(".pbz2", ".pickle.pbz2"))
        shutil.copy(with_reference / "nats-bench-records" / f"{PREFIX[kind]}meta.pbz2", folder / "meta.pickle.pbz2")
        for path in folder.iterdir():
            path.chmod(0o644)
        return folder

    return unpack


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    with bz2.open(path) as stream:
        record = pickle.load(stream)
    change(record)
    with bz2.open(path, "wb") as stream:
        pickle.dump(record, stream)


@pytest.mark.parametrize("kind", PREFIX)
def test_every_number_of_the_records_is_there(official: Callable[[str], Path], kind: str) -> None:
    folder = official(kind)
    table, report = import_table(kind, folder)
    assert len(table) == 3
    assert len(report.missing) == {"nats-bench-topology": 15625, "nats-bench-size": 32768}[kind] - 3
    assert len(report.notes) == 1 and "networks of the space are not in the source" in report.notes[0]
    assert table.notes == report.notes
    for path in folder.glob("0*.pbz2"):
        for training in load_file(path).values():
            row = int(table.rows(table.space.from_string(training["arch_str"])))
            assert row >= 0
            for dataset, name in NAMES.items():
                _check(table, dataset, name, training["all_results"], row)


def _check(table: Any, dataset: str, name: str, results: Any, row: int) -> None:
    trained = {seed: result for (of, seed), result in results.items() if of == name}
    epochs = next(iter(trained.values()))["epochs"]
    tests = (
        {seed: result for (of, seed), result in results.items() if of == "cifar10"} if dataset == "cifar10" else trained
    )
    wanted = [("validation", "x-valid", trained)]
    wanted.append(("test", "x-test" if dataset in ("cifar100", "imagenet16-120") else "ori-test", tests))
    for split, evaluation, trainings in wanted:
        final = table.measured(table.find(dataset, "accuracy", split, epochs))
        assert set(trainings) <= set(final.column.seeds)
        curve = table.find(dataset, "accuracy", split, epochs, curve=True)
        for seed, result in trainings.items():
            at = final.column.seeds.index(seed)
            series = result["eval_acc1es"]
            assert final.values[row, at] == pytest.approx(series[f"{evaluation}@{epochs - 1}"], abs=1e-4)
            recorded = {int(k.split("@")[1]): v for k, v in series.items() if k.startswith(evaluation + "@")}
            if len(recorded) > 1:
                values = table.measured(curve).values[row, at]
                assert np.allclose(values[list(recorded)], list(recorded.values()), atol=1e-4)
    seconds = [sum(r["train_times"].values()) + r["eval_times"][f"x-valid@{epochs - 1}"] for r in trained.values()]
    assert table.measured(table.find(dataset, "train_time", None, epochs)).mean()[row] == pytest.approx(
        np.mean(seconds)
    )


def test_an_epoch_between_is_read_off_the_curve_of_the_shortest_longer_training(
    official: Callable[[str], Path],
) -> None:
    table, _ = import_table("nats-bench-topology", official("nats-bench-topology"))
    five = find_objective(table, "cifar10", "error", "validation", 5)
    assert five.seeds == (111, 777)
    curve = table.find("cifar10", "accuracy", "validation", 12, curve=True)
    assert curve is not None
    assert np.array_equal(100 - five.values, table.measured(curve).values[..., 4].astype(float))
    assert find_objective(table, "cifar10", "error", "validation", 100).seeds == (777, 888, 999)
    with pytest.raises(NasbenchError, match="after 201 epochs; it has 12, 200"):
        find_objective(table, "cifar10", "error", "validation", 201)
    assert "parameters" in objective_names(table, "cifar10-valid")


def test_size_space_closed_forms(with_reference: Path) -> None:
    import pandas as pd

    space = NatsSizeSpace()
    frame = pd.read_parquet(with_reference / "nats-bench-size" / "accuracy.parquet")
    networks = np.array([space.from_string(text) for text in frame["channels"]])
    assert np.array_equal(space.index(networks), np.arange(32768))
    for dataset, name in (("cifar10", "cifar10"), ("cifar100", "cifar100"), ("imagenet16-120", "imagenet16")):
        assert np.allclose(
            1e6 * space.parameters(networks, dataset), frame[f"params_{name}"].to_numpy(), rtol=0, atol=1e-6
        )
    for path in (with_reference / "nats-bench-records").glob("sss_*.pbz2"):
        record = load_file(path)["90"]
        for dataset, name in NAMES.items():
            flops = space.flops(space.from_string(record["arch_str"]), dataset)
            assert flops == pytest.approx(record["all_results"][name, 777]["flop"], abs=1e-6)
    assert space.to_string(space.from_string("8:16:64:8:24")) == "8:16:64:8:24"


def test_a_complete_space_is_complete_and_the_edges_meet(
    official: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks of one file, read by one process or two, give the same table."""
    from nasbench.tables.sources import nats_bench

    folder = official("nats-bench-topology")
    whole, _ = import_table("nats-bench-topology", folder, name="whole")
    monkeypatch.setattr(nats_bench, "CHUNK", 1)
    for jobs in (1, 2):
        parts, _ = import_table("nats-bench-topology", folder, name=f"parts-{jobs}", jobs=jobs)
        assert parts.manifest["sha256"] == whole.manifest["sha256"]


def test_other_parameters_than_the_closed_form_are_listed(official: Callable[[str], Path]) -> None:
    folder = official("nats-bench-topology")

    def change(record: Any) -> None:
        record["12"]["all_results"]["cifar100", 111]["params"] += 0.1

    rewrite(folder / "000011.pickle.pbz2", change)
    _, report = import_table("nats-bench-topology", folder)
    cell = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|"
    assert report.notes[1:] == (f"1 networks record other parameters than the closed form, {cell} among them.",)


def _shift(field: str, value: object) -> Callable[[Any], None]:
    def change(record: Any) -> None:
        record["200"]["all_results"]["cifar10-valid", 777][field]["x-valid@199"] = value

    return change


def _drop(record: Any) -> None:
    del record["200"]["all_results"]["cifar10-valid", 777]["train_times"]


def _lie(record: Any) -> None:
    record["12"]["arch_index"] = record["200"]["arch_index"] = 5


def _other_cell(record: Any) -> None:
    record["12"]["arch_str"] = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"


def _other_length(record: Any) -> None:
    record["200"]["all_results"]["cifar100", 888]["epochs"] = 90


def _short(record: Any) -> None:
    del record["12"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_shift("eval_acc1es", 101.0), "accuracies outside 0 to 100"),
        (_shift("eval_acc1es", float("nan")), "accuracies outside 0 to 100"),
        (_shift("eval_acc1es", "high"), "no whole record"),
        (_drop, "KeyError: 'train_times'"),
        (_lie, "name and its contents should agree"),
        (_other_cell, "it describes 2 networks"),
        (_other_length, "a training of 90 epochs"),
        (_short, r"holds the trainings \['200'\]; those of nats-bench-topology are"),
    ],
)
def test_a_bad_record_is_named_and_nothing_is_left(
    official: Callable[[str], Path], fresh_cache: Path, change: Callable[[Any], None], message: str
) -> None:
    folder = official("nats-bench-topology")
    rewrite(folder / "000011.pickle.pbz2", change)
    with pytest.raises(NasbenchError, match=message) as caught:
        import_table("nats-bench-topology", folder)
    assert "000011.pickle.pbz2" in str(caught.value)
    assert list(fresh_cache.glob("*/*")) == []


@pytest.mark.parametrize("nested", [False, True])
def test_a_hostile_record_is_refused_and_runs_nothing(
    official: Callable[[str], Path], tmp_path: Path, nested: bool
) -> None:
    folder = official("nats-bench-size")
    mark = tmp_path / "mark"

    def change(record: Any) -> None:
        record["12"]["all_results"]["cifar100", 777]["latency"] = [Payload(mark)]

    if nested:
        rewrite(folder / "000011.pickle.pbz2", change)
    else:
        (folder / "000011.pickle.pbz2").write_bytes(bz2.compress(pickle.dumps(Payload(mark))))
    with pytest.raises(NasbenchError, match=r"000011\.pickle\.pbz2: The pickle names"):
        import_table("nats-bench-size", folder)
    assert not mark.exists()


@pytest.mark.parametrize("damage", ["truncated", "not bz2", "empty", "flipped"])
def test_a_damaged_record_is_named(official: Callable[[str], Path], damage: str) -> None:
    folder = official("nats-bench-size")
    path = folder / "000011.pickle.pbz2"
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "truncated": whole[:middle],
            "not bz2": b"<html>quota exceeded</html>",
            "empty": b"",
            "flipped": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :],
        }[damage]
    )
    with pytest.raises(NasbenchError, match="not a whole pickle of plain data"):
        import_table("nats-bench-size", folder)


def test_two_files_of_one_network_are_both_named(official: Callable[[str], Path]) -> None:
    folder = official("nats-bench-size")
    shutil.copy(folder / "000011.pickle.pbz2", folder / "again-000011.pickle.pbz2")
    with pytest.raises(NasbenchError, match=r"000011.pickle.pbz2 and again-000011.pickle.pbz2 are both 8:8:8:16:32"):
        import_table("nats-bench-size", folder)


def test_a_folder_without_records_and_one_of_the_other_space(official: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NasbenchError, match=r"holds no \.pickle.pbz2 file"):
        import_table("nats-bench-size", tmp_path / "empty")
    with pytest.raises(NasbenchError, match="There is no "):
        import_table("nats-bench-size", tmp_path / "nowhere")
    folder = official("nats-bench-size")
    with pytest.raises(
        NasbenchError, match=r"holds the trainings \['01', '12', '90'\]; those of nats-bench-topology are"
    ):
        import_table("nats-bench-topology", folder)
    for name in ("nas-bench-201", "../up", ".hidden", ""):
        with pytest.raises(NasbenchError, match=r"another name|cannot be called|is there already"):
            import_table("nats-bench-size", folder, name=name or " ")


def test_topology_cells_are_those_of_the_space(official: Callable[[str], Path]) -> None:
    table, _ = import_table("nats-bench-topology", official("nats-bench-topology"))
    cells = NasBench201Space()
    assert table.space.size == 3
    assert cells.is_feasible(table.architectures).all()
    parameters = find_objective(table, "cifar100", "parameters", "validation", 200)
    assert parameters.cheap and parameters.values.shape == (3,)
