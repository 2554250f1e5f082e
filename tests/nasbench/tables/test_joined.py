from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.objectives import find_objective
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.spaces.space import Space
from nasbench.tables.cache import place_table
from nasbench.tables.catalogue import get_table, table_datasets
from nasbench.tables.column import Column, Measured
from nasbench.tables.importers import import_table
from nasbench.tables.sources import nas_bench_201_hardware
from nasbench.tables.writer import write_table

from table_protocol import table_protocol

SPACE = Space("toy", ("a", "b"), (("x", "y", "z"), ("0", "1")))


def _accuracy(values: list[list[float]], seeds: tuple[int, ...]) -> Measured:
    column = Column(dataset="task", quantity="accuracy", split="validation", epochs=5, seeds=seeds, unit="%")
    return Measured(column, np.array(values))


def _latency(values: list[float], dataset: str = "task") -> Measured:
    return Measured(Column(dataset=dataset, quantity="latency@phone", unit="ms", note="by hand"), np.array(values))


def _place(cache: Path, name: str, columns: list[Measured], index: list[int], space: Space = SPACE) -> None:
    def build(folder: Path) -> None:
        write_table(folder, name=name, space=space, columns=columns, provenance=name, row_index=np.array(index))

    from nasbench.tables.cache import cache_folder

    place_table(cache_folder() / name, build)


def _join(tmp_path: Path, text: str) -> Path:
    (tmp_path / "join.toml").write_text(text)
    return tmp_path / "join.toml"


TWO = 'name = "both"\ntables = ["one", "two"]\n'


def test_rows_meet_by_architecture_and_what_is_lost_is_named(fresh_cache: Path, tmp_path: Path) -> None:
    _place(fresh_cache, "one", [_accuracy([[50.0], [60.0], [70.0], [80.0]], (1,))], [0, 1, 3, 5])
    _place(fresh_cache, "two", [_latency([1.0, 3.0, 4.0, 5.0])], [1, 3, 4, 5])
    table, report = import_table("join", _join(tmp_path, TWO))
    assert table.row_index.tolist() == [1, 3, 5]
    assert find_objective(table, "task", "error", "validation", 5).mean().tolist() == [40.0, 30.0, 20.0]
    assert find_objective(table, "task", "latency@phone", None, None).values.tolist() == [1.0, 3.0, 5.0]
    assert report.missing == ("x,0", "z,0")
    assert table.notes == ("2 architectures are not in all of the tables, such as x,0, z,0.",)


def test_disagreements_are_listed_and_the_first_table_counts(fresh_cache: Path, tmp_path: Path) -> None:
    _place(fresh_cache, "one", [_accuracy([[50, 51], [60, 61], [70, 71.0]], (1, 2))], [0, 1, 2])
    _place(fresh_cache, "two", [_accuracy([[51, 9], [61, 9], [72, 9.0]], (2, 3))], [0, 1, 2])
    table, report = import_table("join", _join(tmp_path, TWO))
    title = "one and two both have task.accuracy.validation.5"
    assert report.notes == (f"{title} and differ about 1 architectures, such as y,0; the values of one are kept.",)
    column = table.find("task", "accuracy", "validation", 5)
    assert column is not None and column.seeds == (1, 2)
    assert table.measured(column).values.tolist() == [[50, 51], [60, 61], [70, 71]]


def test_equal_columns_are_no_disagreement_and_other_seeds_or_units_are_told(fresh_cache: Path, tmp_path: Path) -> None:
    _place(fresh_cache, "one", [_accuracy([[50.0], [60.0]], (1,)), _latency([1, 2])], [0, 1])
    _place(fresh_cache, "two", [_accuracy([[50.000004], [60.0]], (1,)), _latency([1, 2])], [0, 1])
    assert import_table("join", _join(tmp_path, TWO))[1].notes == ()
    _place(fresh_cache, "three", [_accuracy([[50.0], [60.0]], (9,))], [0, 1])
    seconds = Measured(Column(dataset="task", quantity="latency@phone", unit="s"), np.array([1.0, 2.0]))
    _place(fresh_cache, "four", [seconds], [0, 1])
    text = 'name = "more"\ntables = ["one", "three", "four"]\n'
    notes = import_table("join", _join(tmp_path, text))[1].notes
    assert "of different training seeds; that of one is kept" in notes[0]
    assert "in ms and s; that of one is kept" in notes[1]


def test_a_data_set_borrows_the_costs_of_another(fresh_cache: Path, tmp_path: Path) -> None:
    _place(fresh_cache, "one", [_accuracy([[50.0], [60.0]], (1,))], [0, 1])
    _place(fresh_cache, "two", [_latency([1, 2], "other"), _latency([7, 8], "third")], [0, 1])
    table, _ = import_table("join", _join(tmp_path, TWO + '[borrow]\ntask = "other"\n'))
    column = table.find("task", "latency@phone")
    assert column is not None and column.note == "by hand, measured with the network for other"
    assert table.measured(column).values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "both"\ntables = ["one"]\n', "at least two names"),
        ('name = "both"\ntables = ["one", "one"]\n', "at least two names"),
        ('name = "both"\ntables = ["one", "tow"]\n', "no table named 'tow'; did you mean 'two'"),
        (
            'name = "both"\ntables = ["one", "odd"]\n',
            "'odd' is of the space 'odd', 'one' of 'toy'; only tables of one space join",
        ),
        ('name = "both"\ntables = ["one", "far"]\n', "one, far have no architecture in common"),
        (TWO + '[borrow]\ntask = "nowhere"\n', "none of the tables has the data set 'nowhere'"),
        (TWO + "[borrow]\ntask = 3\n", "borrow.task: it is 3; it should be a text"),
        (TWO + "extra = 1\n", "there is no key 'extra'; known are: borrow, name, tables"),
        ("name = ", "is not TOML"),
    ],
)
def test_a_bad_join_is_told_what_would_be_right(fresh_cache: Path, tmp_path: Path, text: str, message: str) -> None:
    _place(fresh_cache, "one", [_accuracy([[50.0], [60.0]], (1,))], [0, 1])
    _place(fresh_cache, "two", [_latency([1, 2])], [0, 1])
    _place(fresh_cache, "far", [_latency([1, 2])], [3, 4])
    _place(fresh_cache, "odd", [_latency([1, 2])], [0, 1], Space("odd", ("a",), (("0", "1", "2"),)))
    with pytest.raises(NasbenchError, match=message):
        import_table("join", _join(tmp_path, text))


def test_four_objectives_of_three_sources_answer_one_query(fresh_cache: Path) -> None:
    benchmark = get_benchmark("nas-bench-201-hardware/cifar10")
    assert benchmark.table.datasets == table_datasets("nas-bench-201-hardware") == nas_bench_201_hardware.DATASETS
    names = ("error", "latency@pixel3", "latency@fpga", "memory")
    protocol = table_protocol(Budget({"queries": 10}), objectives=names)
    problem = benchmark.problem(protocol, 0, (0,))
    assert problem.cheap == (False, True, True, True)
    cell = benchmark.space.from_string("333132")
    observed = problem.query(cell[None, None]).objectives[0, 0]
    assert observed[0] == pytest.approx(100 - 91.607, abs=1e-3)
    devices = get_table("nas-bench-201-devices")
    for position, (dataset, quantity) in enumerate((("cifar10", names[1]), ("cifar10", names[2])), start=1):
        column = devices.find(dataset, quantity)
        assert column is not None
        assert observed[position] == devices.measured(column).values[devices.rows(cell)]
    assert observed[3] == 4 * benchmark.space.parameters(cell, "cifar10")  # type: ignore[attr-defined]
    assert np.array_equal(problem.facts(cell), observed[1:])
    column = benchmark.table.find("cifar100", names[2])
    assert column is not None and column.note.endswith("CIFAR-10 network, measured with the network for cifar10")
