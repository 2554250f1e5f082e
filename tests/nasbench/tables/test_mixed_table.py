"""Tables of mixed spaces: values matched to the grid, conditions, every combination in the table, round trips through the manifest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasbench
from nasbench.benchmarks.landscape_report import describe
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.spaces.constrained import NarrowedSpace
from nasbench.spaces.mixed import MixedSpace
from nasbench.tables.importers import import_table
from nasbench.tables.table import Table, open_table

TOML = """
name = "recipes"
data = "data.csv"
provenance = "made up for a test"

[space]
name = "recipe-space"
decisions = [
  { name = "optimizer", choices = ["adam", "sgd"] },
  { name = "learning_rate", column = "lr", low = 1e-3, high = 1e-1, log = true, levels = 5 },
  { name = "layers", low = 1, high = 3 },
  { name = "momentum", values = [0.0, 0.9], when = { optimizer = ["sgd"] } },
]

[[columns]]
dataset = "task"
quantity = "accuracy"
split = "validation"
unit = "%"
column = "accuracy"
"""


def rows() -> list[str]:
    """Return the lines of a complete file, with empty and meaningless cells where momentum is inactive."""
    lines = []
    for lr in np.geomspace(1e-3, 1e-1, 5).tolist():
        for layers in (1, 2, 3):
            score = 50 + 10 * layers - (np.log10(lr) + 2) ** 2
            lines += [f"adam,{lr!r},{layers},{'' if layers > 1 else '0.5'},{score:.4f}"]
            lines += [f"sgd,{lr:.3g},{layers}.0,{momentum},{score + momentum:.4f}" for momentum in (0, 0.9)]
    return lines


def write(folder: Path, lines: list[str], toml: str = TOML) -> Path:
    (folder / "data.csv").write_text("\n".join(["optimizer,lr,layers,momentum,accuracy", *lines]), encoding="utf-8")
    (folder / "recipes.toml").write_text(toml, encoding="utf-8")
    return folder / "recipes.toml"


@pytest.fixture
def table(tmp_path: Path, fresh_cache: Path) -> Table:
    return import_table("table", write(tmp_path, rows()))[0]


def test_a_file_of_all_configurations_makes_a_table_of_all_combinations(table: Table) -> None:
    space = table.space
    assert isinstance(space, MixedSpace)
    assert table.is_complete
    assert len(table) == space.size == 2 * 5 * 3 * 2
    values = np.asarray(table.measured(table.columns[0]).values)
    for architecture, value in zip(space.all, values, strict=True):
        shown = space.values(architecture)
        expected = 50 + 10 * shown["layers"] - (np.log10(shown["learning_rate"]) + 2) ** 2 + (shown["momentum"] or 0)
        assert value == pytest.approx(expected, abs=1e-3)
    again = open_table(table.folder).space
    assert isinstance(again, MixedSpace)
    assert again.definitions == space.definitions


def test_queries_studies_and_lists_name_a_configuration_once(table: Table) -> None:
    bench = nasbench.load_benchmark("recipes/task")
    best = bench.top(60)
    assert len(best) == 5 * 3 * 3
    assert best["architecture"].is_unique
    assert best.loc[0, "architecture"] == "optimizer=sgd,learning_rate=0.01,layers=3,momentum=0.9"
    assert bench.query("optimizer=adam,learning_rate=0.01,layers=3").loc[0, "value"] == pytest.approx(80)
    result = nasbench.search(
        "random_search",
        bench,
        budget={"unique_isomorphic_queries": 45, "queries": 2000},
        repeat_policy="cache_isomorphic",
    )
    assert str(result.best().loc[0, "architecture"]).startswith(
        "optimizer=sgd,learning_rate=0.01,layers=3,momentum=0.9"
    )


def test_a_part_of_the_configurations_is_a_table_of_what_is_there(tmp_path: Path, fresh_cache: Path) -> None:
    table, report = import_table("table", write(tmp_path, rows()[:20]))
    assert isinstance(table.space, NarrowedSpace)
    assert len(table) == 20
    assert "25 of the 45 architectures of the space are not in the file." in report.notes
    assert all("(" not in text for text in report.missing)
    silent = table.base_space.from_index(table.row_index[:1]).copy()
    silent[0, 3] = 1
    assert table.base_space.to_string(silent[0]).startswith("optimizer=adam")
    assert np.array_equal(table.space.repair(silent), table.base_space.canonical(silent))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("adam,0.02,1,,50", "row 2: '0.02' is no choice of 'lr', which has 0.001, 0.00316228, 0.01, 0.0316228, 0.1"),
        ("sgd,0.01,1,,50", "row 2: '' is no choice of 'momentum'"),
        ("sgd,0.01,1.5,0,50", "row 2: '1.5' is no choice of 'layers'"),
        ("rmsprop,0.01,1,0,50", "row 2: 'rmsprop' is no choice of 'optimizer'"),
    ],
)
def test_a_value_off_the_grid_is_refused_with_row_and_column(
    line: str, said: str, tmp_path: Path, fresh_cache: Path
) -> None:
    with pytest.raises(NasbenchError, match=re.escape(said)):
        import_table("table", write(tmp_path, [line, *rows()]))


def test_lines_that_differ_in_what_is_inactive_are_one_architecture(tmp_path: Path, fresh_cache: Path) -> None:
    with pytest.raises(NasbenchError, match=re.escape("optimizer=adam,learning_rate=0.001,layers=1 is there twice")):
        import_table("table", write(tmp_path, [*rows(), "adam,0.001,1,0.9,50"]))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('optimizer = ["sgd"]', 'optimizer = ["sgdd"]', "which it cannot be"),
        ("levels = 5", "levells = 5", "levells"),
        ("log = true, levels = 5", "log = true", "number of levels"),
        ("low = 1, high = 3", "low = 3, high = 1", "smaller number"),
        ("low = 1, high = 3", "high = 3", "lacks the key 'choices'"),
        ("values = [0.0, 0.9]", 'values = ["a"]', "values"),
    ],
)
def test_a_wrong_description_is_refused(old: str, new: str, said: str, tmp_path: Path, fresh_cache: Path) -> None:
    assert old in TOML
    with pytest.raises(NasbenchError, match=said) as caught:
        import_table("table", write(tmp_path, rows(), TOML.replace(old, new)))
    assert "\n" not in str(caught.value)


def test_a_description_counts_configurations_as_isomorphism_classes(table: Table) -> None:
    facts = {(fact.topic, fact.name): fact.value for fact in describe(TabularBenchmark(table, "task"))}
    assert facts["size", "architectures"] == 60
    assert facts["size", "isomorphism classes"] == 45
    around = table.space.neighbours(table.space.all)
    others = (around != table.space.all[:, None]).any(axis=-1).sum(axis=1)
    assert facts["landscape", "neighbours of an architecture"] == pytest.approx(others.mean())


def test_a_function_of_decisions_gets_its_values() -> None:
    seen: list[dict[str, object]] = []

    def error(optimizer: str, rate: float, momentum: float | None) -> float:
        seen.append({"optimizer": optimizer, "rate": rate, "momentum": momentum})
        return abs(np.log10(rate) + 2) + (1.0 if momentum is None else 1 - momentum)

    space: list[dict[str, Any]] = [
        {"name": "optimizer", "choices": ["adam", "sgd"]},
        {"name": "rate", "low": 1e-3, "high": 1.0, "log": True, "levels": 4},
        {"name": "momentum", "low": 0.0, "high": 0.9, "step": 0.3, "when": {"optimizer": ["sgd"]}},
    ]
    result = nasbench.search("local_search", error, space=space, budget={"queries": 200}, runs=2, seed=1)
    assert result.best().loc[0, "architecture"] == "optimizer=sgd,rate=0.01,momentum=0.9"
    assert all((one["momentum"] is None) == (one["optimizer"] == "adam") for one in seen)
    assert {one["rate"] for one in seen} == {0.001, 0.01, 0.1, 1.0}
    assert len(seen) == len({tuple(one.items()) for one in seen}) <= 4 + 4 * 4
