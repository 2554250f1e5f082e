from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.benchmarks.surrogates import NAMES
from nasbench.benchmarks.synthetic import FAMILIES
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import MissingDataError, NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.search_protocol import SearchProtocol
from nasbench.study.live_config import PREFIX
from nasbench.tables.catalogue import get_table
from nasbench.tables.importers import NO_TABLES, import_table

from small_table import CSV, TOML, write_small
from table_protocol import table_protocol

DESCRIPTION = """
name = "mine"
data = "data.csv"
provenance = "made up for a test"

[space]
name = "my-space"
[[space.decisions]]
name = "kernel"
choices = ["3", "5", "7"]
[[space.decisions]]
name = "norm"
column = "normalisation"
choices = ["batch", "layer"]

[[columns]]
dataset = "task"
quantity = "accuracy"
split = "validation"
epochs = 10
unit = "%"
seeds = { 1 = "val_1", 2 = "val_2" }

[[columns]]
dataset = "task"
quantity = "accuracy"
split = "test"
epochs = 10
unit = "fraction"
column = "test"

[[columns]]
dataset = "task"
quantity = "latency@pixel3"
unit = "ms"
column = "ms"
"""
ROWS: Mapping[str, list[object]] = {
    "normalisation": ["layer", "batch", "batch", "layer", "layer", "batch"],
    "kernel": [3, 5, 3, 7, 5, 7],
    "val_1": [70.0, 80.0, 60.0, 75.0, 72.0, 66.0],
    "val_2": [71.0, 81.0, 61.0, 76.0, 73.0, 67.0],
    "test": [0.70, 0.79, 0.61, 0.74, 0.71, 0.65],
    "ms": [1.5, 2.5, 1.0, 4.0, 3.0, 3.5],
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, fresh_cache: Path) -> Write:
    """Write a description and its data, each changed as told; return the description."""

    def writer(text: str = DESCRIPTION, parquet: bool = False, **changed: list[object] | None) -> Path:
        rows = {k: v for k, v in {**ROWS, **changed}.items() if v is not None}
        frame = pd.DataFrame(rows)
        if parquet:
            frame.to_parquet(tmp_path / "data.parquet")
            text = text.replace("data.csv", "data.parquet")
        else:
            frame.to_csv(tmp_path / "data.csv", index=False)
        (tmp_path / "mine.toml").write_text(text)
        return tmp_path / "mine.toml"

    return writer


@pytest.mark.parametrize("parquet", [False, True])
def test_a_table_of_ones_own_becomes_a_benchmark(write: Write, parquet: bool) -> None:
    table, report = import_table("table", write(parquet=parquet))
    assert report.missing == () and report.notes == ()
    assert table.is_complete and table.space.size == 6
    assert objective_names(table, "task") == ("error", "latency@pixel3")
    row = int(table.rows(table.space.from_string("5,batch")))
    assert find_objective(table, "task", "error", "validation", 10).values[row].tolist() == [20.0, 19.0]
    assert find_objective(table, "task", "error", "test", 10).values[row] == pytest.approx(21.0)
    latency = find_objective(table, "task", "latency@pixel3", "validation", 10)
    assert latency.cheap and latency.values[row] == 2.5
    assert get_table("mine").notes == ()
    protocol = _setting(("error", "latency@pixel3"))
    problem = TabularBenchmark(table, "task").problem(protocol, 0, (0,))
    observed = problem.query(table.space.from_string("5,batch")[None, None])
    assert observed.objectives.tolist() == [[[19.5, 2.5]]]


def _setting(objectives: tuple[str, ...]) -> SearchProtocol:
    return table_protocol(Budget({"queries": 5}), objectives=objectives, epochs=(10,))


def test_rows_that_are_trainings(write: Write) -> None:
    text = DESCRIPTION.replace('seeds = { 1 = "val_1", 2 = "val_2" }', 'column = "val_1"').replace(
        "data.csv", 'data.csv"\nseed = "run'
    )
    rows: dict[str, list[object]] = {name: [*values, *values[:2]] for name, values in ROWS.items()}
    table, _ = import_table("table", write(text, **rows, run=[7] * 6 + [9] * 2))
    measured = table.measured(table.columns[0])
    assert measured.column.seeds == (7, 9)
    assert measured.available.tolist() == [1, 2, 2, 1, 1, 1]
    with pytest.raises(NasbenchError, match=r"rows 2 and 8 are one architecture with one seed"):
        import_table("table", write(text, **rows, run=[7] * 8), name="other")


def test_a_part_of_a_space_is_narrowed_and_what_it_lacks_is_named(write: Write) -> None:
    table, report = import_table("table", write(**{name: values[:4] for name, values in ROWS.items()}))
    assert report.missing == ("5,layer", "7,batch")
    assert table.notes == report.notes == ("2 of the 6 architectures of the space are not in the file.",)
    assert table.space.size == 4 and not table.space.is_feasible(table.space.from_string("5,layer"))


def test_a_table_without_a_test_split_says_so(write: Write) -> None:
    text = DESCRIPTION.replace('split = "test"', 'split = "train"')
    table, report = import_table("table", write(text))
    assert report.notes == ("task has no test split: results on it are scored by validation, and reports say so.",)
    oracle = TabularBenchmark(table, "task").oracle(_setting(("error",)))
    assert not oracle.has_test and oracle.score_split == "validation" and oracle.best_score == 19.5


def test_allowed_gaps_are_masked_and_raise_when_asked_for(write: Write) -> None:
    text = DESCRIPTION.replace('unit = "ms"', 'unit = "ms"\nmissing = true')
    table, report = import_table("table", write(text, ms=[1.5, "", "nan", 4.0, "inf", 3.5]))
    assert report.notes == ("task.latency@pixel3 has 3 values missing, which are masked.",)
    benchmark = TabularBenchmark(table, "task")
    benchmark.problem(_setting(("error",)), 0, (0,))
    with pytest.raises(MissingDataError, match="3 architectures have no latency@pixel3"):
        benchmark.problem(_setting(("error", "latency@pixel3")), 0, (0,))
    assert np.isnan(find_objective(table, "task", "latency@pixel3", None, None).mean()).sum() == 3


def test_a_known_space_by_its_strings(write: Write) -> None:
    text = """
name = "cells"
data = "data.csv"
provenance = "made up"
[space]
name = "nas-bench-201"
architecture = "cell"
[[columns]]
dataset = "cifar10"
quantity = "accuracy"
split = "validation"
unit = "%"
column = "val_1"
"""
    cells: list[object] = [
        *(f"33313{digit}" for digit in range(4)),
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "000001",
    ]
    table, _ = import_table("table", write(text, cell=cells))
    assert table.space.size == 6
    assert find_objective(table, "cifar10", "parameters", None, None).cheap
    cells[2] = "|nor_conv_3x3~0|+"
    with pytest.raises(NasbenchError, match=r"row 4: Cell string .* is malformed at position"):
        import_table("table", write(text, cell=cells), name="again")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"val_2": None}, r"no column of data.csv named 'val_2'; did you mean 'val_1'"),
        ({"kernel": [3, 5, 3, 7, 5, 9]}, r"row 7: '9' is no choice of 'kernel', which has 3, 5, 7"),
        ({"kernel": [3, 5, 3, 7, 5, 5]}, r"rows 3 and 7: 5,batch is there twice"),
        ({"val_1": [70, 80, "", 75, 72, 66]}, r"val_1 and val_2 is empty or not finite 1 times, first for 3,batch; fill it, or say missing"),
        ({"ms": [1, 2, "nan", 4, 3, 3]}, r"ms is empty or not finite 1 times"),
        ({"ms": [1, 2, "inf", 4, 3, 3]}, r"ms is empty or not finite 1 times"),
        ({"ms": [1, 2, "fast", 4, 3, 3]}, r"row 4: ms is 'fast'; it should be a number"),
        ({"val_1": [70, 180, 60, 75, 72, 66]}, r"ranges from 60 to 180; percentages lie in 0 to 100"),
        ({"val_1": [0.7, 0.8, 0.6, 0.75, 0.72, 0.66], "val_2": [0.7, 0.8, 0.6, 0.75, 0.72, 0.66]}, r"look like fractions, so multiply by 100"),
        ({"val_1": [0.7, 80, 60, 75, 72, 66]}, r"mixes per cent and fractions: 1 values, such as 0.7"),
        ({"test": [70, 79, 61, 74, 71, 65]}, r"test is called a fraction but reaches 79; say unit"),
        ({"test": [0.7, 0.79, 61, 74, 71, 65]}, r"test is called a fraction but reaches 74"),
        ({name: [] for name in ROWS}, r"has no rows"),
    ],
)  # fmt: skip
def test_bad_data_is_told_where_it_stands(
    write: Write, fresh_cache: Path, changed: dict[str, list[object] | None], message: str
) -> None:
    with pytest.raises(NasbenchError, match=message):
        import_table("table", write(**changed))
    assert list(fresh_cache.glob("*/*")) == []


def test_mixed_units_in_one_column_of_single_values(write: Write) -> None:
    text = DESCRIPTION.replace('unit = "fraction"', 'unit = "%"')
    with pytest.raises(NasbenchError, match="test mixes per cent and fractions: 2 values"):
        import_table("table", write(text, test=[70, 0.71, 69, 0.72, 71, 70]))


def test_low_accuracies_are_no_fractions(write: Write) -> None:
    """ImageNet16-120 at chance is 0.83%, beside cells at 40%."""
    text = DESCRIPTION.replace('unit = "fraction"', 'unit = "%"')
    table, _ = import_table("table", write(text, test=[0.83, 40, 0.83, 42, 38, 41]))
    assert len(table) == 6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('unit = "ms"', 'unit = "hours"', r"unit 'hours'; known units are %, s, ms"),
        ('split = "test"', 'split = "testing"', r"split 'testing'; splits are train, validation, test"),
        ('split = "test"', 'splti = "test"', r"columns\[1\]: there is no key 'splti'; did you mean 'split'"),
        ('split = "test"', 'split = "validation"', r"describes task.accuracy.validation.10 twice; put its seeds"),
        ('name = "mine"', "", r"lacks the key 'name'; it should be the name of the table"),
        ('provenance = "made up for a test"', "", r"lacks the key 'provenance'"),
        ('name = "my-space"', 'name = "nas-bench-201"', r"is a space of the suite; give yours another name"),
        ("epochs = 10", 'epochs = "ten"', r"epochs: it is 'ten'; it should be a whole number"),
        ("epochs = 10", "epochs = -1", r"line 20, columns\[0\].epochs: it is -1; it should be 0 or more"),
        ('column = "ms"', 'column = "ms"\nmissing = 1', r"missing: it is 1; it should be true or false"),
        ('column = "test"', 'column = "test"\nseeds = { 1 = "test" }', r"has both column and seeds"),
        ('seeds = { 1 = "val_1", 2 = "val_2" }', 'seeds = { one = "val_1" }', r"seeds should map numbers to columns"),
        ('dataset = "task"', 'dataset = "../task"', r"'../task' is no name"),
        ('choices = ["batch", "layer"]', 'choices = ["batch"]', r"needs 2 to 127 different choices"),
        ('data = "data.csv"', 'data = "data.xlsx"', r"should be .csv or .parquet"),
        ('data = "data.csv"', 'data = "nowhere.csv"', r"nowhere.csv cannot be read"),
        ("[space]", "[space", r"is not TOML"),
    ],
)  # fmt: skip
def test_a_bad_description_is_told_what_would_be_right(write: Write, old: str, new: str, message: str) -> None:
    assert old in DESCRIPTION
    with pytest.raises(NasbenchError, match=message):
        import_table("table", write(DESCRIPTION.replace(old, new)))


def test_an_unknown_space_needs_decisions(write: Write) -> None:
    text = DESCRIPTION[: DESCRIPTION.index("[[space")] + DESCRIPTION[DESCRIPTION.index("[[columns") :]
    with pytest.raises(
        NasbenchError, match=r"'my-space' is no space that the suite knows .*needs \[\[space.decisions\]\]"
    ):
        import_table("table", write(text))


@pytest.mark.parametrize("damage", [b"PAR1 and then nothing", b"", bytes(range(256))])
def test_a_damaged_parquet_file_is_named(write: Write, damage: bytes) -> None:
    path = write(parquet=True)
    (path.parent / "data.parquet").write_bytes(damage)
    with pytest.raises(NasbenchError, match=r"data.parquet cannot be read"):
        import_table("table", path)


def test_a_table_is_imported_once(write: Write) -> None:
    import_table("table", write())
    with pytest.raises(NasbenchError, match="is there already; remove"):
        import_table("table", write())
    assert len(import_table("table", write(), name="second")[0]) == 6


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("acc,f1", "acc,acc", r"small.csv has two columns 'acc'; each needs a name of its own"),
        ("conv,8,90,80,1000,5", "conv,8,90,80,1000,5,1", r"small.csv cannot be read: Length of header"),
        ("1000,5\n", "-1,5\n", r""),
        ("1000,5\n", "-100,5\n", r"train_time.1 goes down to -100 ms; it cannot be negative"),
        ("1000,5\n", "1e308,5\n", r"train_time.1 reaches 1e\+308 ms"),
        ("conv,8,90", "conv,8,-3.7e279", r"ranges from -3.7e\+279 to 95"),
        ("1000,5\n", "1000,-2\n", r"latency@chip goes down to -2 ms"),
    ],
)
def test_data_that_can_be_read_two_ways_or_cannot_be_are_refused(
    tmp_path: Path, fresh_cache: Path, old: str, new: str, message: str
) -> None:
    path = write_small(tmp_path, csv=CSV.replace(old, new, 1))
    if message:
        with pytest.raises(NasbenchError, match=message):
            import_table("table", path)
    else:
        note = "d.train_time.1 has -1 in 1 places, which was taken for `not measured` and masked."
        assert note in import_table("table", path)[1].notes


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 1,", "epochs = 1000000000000000000000000000000,", r"has 1e\+30 epochs; it should be 1 to"),
        ('column = "acc"', 'seeds = { "²" = "acc" }', r"seeds should map numbers to columns"),
        ('column = "acc"', 'seeds = { 1 = "acc", 01 = "f1" }', r"has the seeds \(1, 1\); they should differ"),
        ('column = "acc"', 'seeds = { 9999999999999999999 = "acc" }', r"they should differ and lie in 0 to"),
        ('column = "acc"', 'column = ""', r"columns\[0\].column: it is ''; it should be a text that is not empty"),
        (
            'name = "op"',
            'name = "op", column = ""',
            r"decisions\[0\].column: it is ''; it should be a text that is not empty",
        ),
        ('name = "small"\n', f'name = "{"n" * 5_000}"\n', r"cannot be called 'n+'; use at most 100 letters"),
        ('dataset = "d"', f'dataset = "{"n" * 5_000}"', r"The names of a column make up 5,0.. letters"),
        ('direction = "max"', "direction = 1", r"direction: it is 1; it should be 'max' or 'min'"),
        (
            'choices = ["8", "16"]',
            "choices = [[8], [16]]",
            r"choices\[0\]: it is \[8\]; it should be a text or a whole number or a number",
        ),
        ('provenance = "six rows by hand"', "provenance = " + "[" * 50_000, r"nests more than 32 deep"),
    ],
)
def test_names_and_numbers_that_no_table_has_are_refused(
    tmp_path: Path, fresh_cache: Path, old: str, new: str, message: str
) -> None:
    assert old in TOML
    with pytest.raises(NasbenchError, match=message):
        import_table("table", write_small(tmp_path, TOML.replace(old, new, 1)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_measurements_in_place_of_their_description_are_refused(tmp_path: Path, fresh_cache: Path, suffix: str) -> None:
    file = tmp_path / f"runs{suffix}"
    file.write_text("width,accuracy\n8,90\n", encoding="utf-8")
    with pytest.raises(NasbenchError, match="holds the measurements; name the TOML file that describes it"):
        import_table("table", file)


@pytest.mark.parametrize("name", ["onemax", "nk", "recipe", "live", "hw-gpt-bench", "accel-nasbench"])
def test_a_table_is_not_called_what_other_problems_are(name: str, tmp_path: Path) -> None:
    path = write_small(tmp_path, TOML.replace('name = "small"', f'name = "{name}"'))
    with pytest.raises(NasbenchError, match=f"has other problems called '{name}' itself"):
        import_table("table", path)


def test_the_names_of_other_problems_are_those_of_the_suite() -> None:
    assert set(NO_TABLES) == {*FAMILIES, *(one.partition("/")[0] for one in NAMES), PREFIX.partition("/")[0]}
