from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nasbench.errors import NasbenchError
from nasbench.tables.catalogue import get_table
from nasbench.tables.column import Measured
from nasbench.tables.restricted_pickle import load_file
from nasbench.tables.sources.nas_bench_201_reference import build, validation_pass
from nasbench.tables.table import Table

NAMES = {"cifar10": "cifar10-valid", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}
OPTIMA = {"cifar10": 94.373, "cifar100": 73.513, "imagenet16-120": 47.311}


def test_it_equals_the_official_records(with_reference: Path) -> None:
    table = get_table("nas-bench-201-reference")
    for path in sorted((with_reference / "nats-bench-records").glob("tss_*.pbz2")):
        record = load_file(path)
        row = int(table.space.index(table.space.from_string(record["200"]["arch_str"])))
        for dataset, name in NAMES.items():
            _check_long(table, record["200"]["all_results"], dataset, name, row)
            short = record["12"]["all_results"]
            validated = [short[key]["eval_acc1es"]["x-valid@11"] for key in short if key[0] == name]
            tested = short[dataset if dataset == "cifar10" else name, 111]
            test = tested["eval_acc1es"]["ori-test@11" if dataset == "cifar10" else "x-test@11"]
            assert _cell(table, dataset, "validation", 12, row) == pytest.approx(np.mean(validated), abs=1e-5)
            assert _cell(table, dataset, "test", 12, row) == pytest.approx(test, abs=1e-5)
            training = short[name, 111]
            seconds = sum(training["train_times"].values()) + training["eval_times"]["x-valid@11"]
            column = table.find(dataset, "train_time", None, 12)
            assert column is not None
            assert table.measured(column).mean()[row] == pytest.approx(seconds, rel=0.01)


def _measured(table: Table, dataset: str, split: str, epochs: int) -> Measured:
    column = table.find(dataset, "accuracy", split, epochs)
    assert column is not None
    return table.measured(column)


def _check_long(table: Table, trainings: Mapping[Any, Any], dataset: str, name: str, row: int) -> None:
    validation = _measured(table, dataset, "validation", 200)
    for position, seed in enumerate(validation.column.seeds or ()):
        exact = trainings[name, seed]["eval_acc1es"]["x-valid@199"]
        assert validation.values[row, position] == pytest.approx(exact, abs=1e-5)
        if dataset != "cifar10":
            test = _measured(table, dataset, "test", 200)
            exact = trainings[name, seed]["eval_acc1es"]["x-test@199"]
            assert test.values[row, position] == pytest.approx(exact, abs=1e-6)
    if dataset == "cifar10":
        seeds = [trainings["cifar10", seed]["eval_acc1es"]["ori-test@199"] for seed in (777, 888, 999)]
        assert _cell(table, dataset, "test", 200, row) == pytest.approx(np.mean(seeds), abs=1e-5)


def _cell(table: Table, dataset: str, split: str, epochs: int, row: int) -> float:
    return float(_measured(table, dataset, split, epochs).mean()[row])


def test_best_test_accuracies_are_the_published_ones() -> None:
    table = get_table("nas-bench-201-reference")
    for dataset, best in OPTIMA.items():
        column = table.find(dataset, "accuracy", "test", 200)
        assert column is not None
        assert table.measured(column).mean().max() == pytest.approx(best, abs=5e-4)


def test_seed_means_of_the_test_split_agree_with_an_independent_source(with_reference: Path) -> None:
    """The file's mean test column comes from another repository than its values a seed."""
    table = get_table("nas-bench-201-reference")
    frame = pd.read_parquet(with_reference / "nas-bench-201" / "accuracy.parquet")
    frame = frame.sort_values([f"op{edge}" for edge in range(6)])
    for dataset, name, images in (("cifar100", "cifar100", 5000), ("imagenet16-120", "imagenet16", 3000)):
        column = table.find(dataset, "accuracy", "test", 200)
        assert column is not None
        difference = np.abs(table.measured(column).mean() - frame[f"{name}_test_200_mean"].to_numpy())
        # The official test set was evaluated a second time for the halves; a rare image falls on the other side.
        assert (difference > 1e-4).mean() < 0.05
        assert difference.max() < 300 / images


def test_validation_pass_ratios(with_reference: Path) -> None:
    share = validation_pass(with_reference / "nats-bench-records")
    # 25,000 trained and 25,000 validated; 50,000 and 5,000: a tenth.
    assert share["cifar100"] == pytest.approx(share["cifar10"] / 10, rel=1e-9)
    assert 1 / 3 - 1e-3 < share["cifar10"] < 0.5


def test_a_file_that_disagrees_with_the_package_is_refused(with_reference: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(with_reference / "nas-bench-201" / "accuracy.parquet")
    values = frame["cifar100_valtest_200_s888"].to_numpy(copy=True)
    values[5] += 0.013
    frame["cifar100_valtest_200_s888"] = values
    (tmp_path / "data" / "nas-bench-201").mkdir(parents=True)
    frame.to_parquet(tmp_path / "data" / "nas-bench-201" / "accuracy.parquet")
    (tmp_path / "data" / "nats-bench-records").symlink_to(with_reference / "nats-bench-records")
    (tmp_path / "table").mkdir()
    with pytest.raises(NasbenchError, match="disagree about the cifar100"):
        build(tmp_path / "table", tmp_path / "data", get_table("nas-bench-201"))
