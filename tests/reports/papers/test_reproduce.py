"""Reproductions on the reference data, small; the mutants are another algorithm and another cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.errors import NasbenchError
from nasbench.reports.papers.catalogue import get_paper, paper_names
from nasbench.reports.papers.commands import reproduce as command
from nasbench.reports.papers.gather import SEED
from nasbench.reports.papers.one_shot import ESCAPED
from nasbench.reports.papers.paper import DATASETS, SPLITS, TABLE, Paper, Replay, Search
from nasbench.reports.papers.random_search_distribution import law_of_time
from nasbench.reports.papers.reproduce import reproduce
from nasbench.reports.papers.simulate import accuracy, run_searches
from nasbench.reports.papers.tables import reproduction_table, rows_of
from nasbench.reports.tables.included_results import judgement_table
from nasbench.reports.tables.to_markdown import to_markdown


def part_of(name: str, *methods: str) -> Paper:
    paper = get_paper(name)
    return replace(
        paper,
        methods={method: paper.methods[method] for method in methods},
        figures=[figure for figure in paper.figures if figure.method in methods],
    )


def test_replayed_rows_are_exact_or_explained() -> None:
    found = reproduce(get_paper("one-shot"))
    verdicts = {(r.figure.method, r.figure.dataset, r.figure.split): r for r in found.rows}
    for method in ("DARTS, transferred", "DrNAS", "beta-DARTS"):
        assert {verdicts[method, d, s].verdict for d in DATASETS for s in SPLITS} == {"equivalent"}
    for method in ("DARTS 1st order", "DARTS 2nd order"):
        for split in SPLITS:
            row = verdicts[method, "cifar100", split]
            assert row.verdict == "equivalent"
            assert row.deviation == pytest.approx(row.figure.deviation, abs=0.0051)
            assert verdicts[method, "cifar10", split].verdict == "differs"
    lacking = verdicts["DARTS 2nd order", "imagenet16-120", "test"]
    assert lacking.verdict == "not run" and "1 of the 3" in lacking.reason


@pytest.mark.parametrize(("order", "escaped"), [("1st", 1), ("2nd", 2)])
def test_the_explained_rows_are_what_the_explanation_says(order: str, escaped: int) -> None:
    table = get_benchmark(f"{TABLE}/cifar10").table
    all_skip = get_paper("one-shot").methods["DARTS, transferred"]
    assert isinstance(all_skip, Replay)
    cells = [all_skip.cells["cifar10"][0]] * (3 - escaped) + [ESCAPED] * escaped
    rows = table.rows(np.stack([table.space.from_string(cell) for cell in cells]))
    for figure in get_paper("one-shot").figures:
        if figure.method == f"DARTS {order} order" and figure.dataset == "cifar10":
            values = accuracy(table, "cifar10", figure.split, 200)[rows]
            assert (values.mean(), values.std()) == pytest.approx((figure.mean, figure.deviation), abs=0.0051)


def test_a_wrong_cell_is_called_different() -> None:
    paper = part_of("one-shot", "DrNAS")
    wrong = Replay(cells=dict.fromkeys(DATASETS, (ESCAPED,)))
    found = reproduce(replace(paper, methods={"DrNAS": wrong}))
    assert {row.verdict for row in found.rows} == {"differs"} and found.failed


def test_published_methods_are_near_and_what_cannot_be_run_says_why() -> None:
    found = reproduce(get_paper("nats-bench"), runs=40)
    for row in found.rows:
        if row.figure.method == "BOHB":
            assert row.verdict == "not run" and "epochs" in row.reason and row.mean is None
        else:
            assert row.verdict != "differs" and row.runs == 40
            # 4 standard errors of ours beside the margin.
            assert row.mean is not None and row.deviation is not None
            assert abs(row.mean - row.figure.mean) < row.margin + 4 * row.deviation / np.sqrt(40)
    assert 100 < found.queries["RANDOM", "cifar10"] < 250


def test_the_closed_form_is_the_mean_of_the_simulation() -> None:
    found = reproduce(part_of("nats-bench", "RANDOM"), runs=300)
    for row in found.rows:
        assert row.closed_form is not None and row.mean is not None and row.deviation is not None
        # Six comparisons at 4 standard errors: wrong with probability 4e-4, and the seed is fixed.
        assert abs(row.mean - row.closed_form) < 4 * row.deviation / np.sqrt(300)
        # The published mean is that of 500 runs of the same law, but for the signal on CIFAR-10.
        assert abs(row.closed_form - row.figure.mean) < 4 * row.deviation / np.sqrt(500)


def test_another_algorithm_under_the_published_name_is_called_different() -> None:
    paper = part_of("nats-bench", "REA")
    random = get_paper("nats-bench").methods["RANDOM"]
    assert isinstance(random, Search)
    found = reproduce(replace(paper, methods={"REA": replace(random, closed_form=False)}), runs=400)
    verdicts = {(row.figure.dataset, row.figure.split): row.verdict for row in found.rows}
    assert verdicts["cifar100", "validation"] == "differs"
    assert "equivalent" not in {verdicts[d, s] for d in ("cifar100", "imagenet16-120") for s in SPLITS}


def test_processes_and_their_number_change_nothing() -> None:
    paper = part_of("nas-bench-201", "RS", "REA")
    alone, together = reproduce(paper, runs=6), reproduce(paper, runs=6, jobs=2)
    assert [row.mean for row in alone.rows] == [row.mean for row in together.rows]


def test_one_search_is_reported_on_all_data_sets() -> None:
    paper = part_of("nas-bench-201", "RS")
    benchmark = get_benchmark(f"{TABLE}/cifar10")
    how = paper.methods["RS"]
    assert isinstance(how, Search)
    searched = run_searches(how, paper.protocol, benchmark, range(8), SEED)
    for row in reproduce(paper, runs=8).rows:
        table = get_benchmark(f"{TABLE}/{row.figure.dataset}").table
        values = accuracy(table, row.figure.dataset, row.figure.split, 200)[searched.incumbents]
        assert row.mean == pytest.approx(values.mean())


def test_the_query_that_crosses_counts_or_does_not() -> None:
    benchmark = get_benchmark(f"{TABLE}/cifar10")
    paper = get_paper("nats-bench")
    how = paper.methods["RANDOM"]
    assert isinstance(how, Search)
    counted = run_searches(how, paper.protocol, benchmark, range(20), 3)
    dropped = run_searches(how, replace(paper.protocol, crossing_counts=False), benchmark, range(20), 3)
    assert (counted.queries - dropped.queries == 1).all()


def test_a_half_point_between_trainings_explains_random_search_of_2020() -> None:
    paper = get_paper("nas-bench-201")
    table = get_benchmark(f"{TABLE}/cifar10").table
    column = table.find("cifar10", "train_time", None, 12)
    assert column is not None
    cost = table.measured(column).mean()
    noise = np.random.default_rng(0).normal(0.0, 0.5 / np.sqrt(2.0), len(table))
    law = law_of_time(accuracy(table, "cifar10", "validation", 12) + noise, cost, 12_000.0, crossing_counts=False)
    for figure in paper.figures:
        if figure.method == "RS":
            values = accuracy(get_benchmark(f"{TABLE}/{figure.dataset}").table, figure.dataset, figure.split, 200)
            assert abs(law.mean(values) - figure.mean) < 0.1


def test_what_is_said_of_the_learning_rate() -> None:
    paper = part_of("nas-bench-201", "REINFORCE")
    how = paper.methods["REINFORCE"]
    assert isinstance(how, Search)
    differences = {}
    for rate in (0.1, 0.5):
        changed = replace(how, settings={**how.settings, "learning_rate": rate})
        rows = reproduce(replace(paper, methods={"REINFORCE": changed}), runs=300).rows
        differences[rate] = np.array([0.0 if row.mean is None else row.mean - row.figure.mean for row in rows])
    assert (np.abs(differences[0.1]) < 0.3).all()
    assert (differences[0.5] < -0.5).all()


def test_local_search_counts_unique_queries() -> None:
    found = reproduce(get_paper("local-search"), runs=60)
    row = found.rows[0]
    # Half a margin beside 4 standard errors of ours.
    assert row.mean is not None and row.deviation is not None
    assert abs(row.mean - 127.0) < 12.0 + 4 * row.deviation / np.sqrt(60)
    assert row.unit == "queries" and row.verdict != "differs"


def test_bananas_is_run_for_real() -> None:
    # Two runs of one data set: whether it runs and is judged, not how well it does.
    paper = part_of("bananas", "BANANAS (192)")
    small = replace(
        paper,
        protocol=replace(paper.protocol, budgets={"cifar10": {"unique_queries": 40.0}}),
        figures=[figure for figure in paper.figures if figure.dataset == "cifar10"],
    )
    (row,) = reproduce(small, runs=2).rows
    assert row.mean is not None and row.mean > 92.0 and row.runs == 2


def test_tables_and_rows() -> None:
    found = reproduce(get_paper("nats-bench"), runs=3)
    rows = rows_of(found)
    assert list(rows[0])[:7] == ["method", "dataset", "split", "published", "reproduced", "margin", "verdict"]
    assert {row["digits"] for row in rows} == {"unconfirmed"}
    text = to_markdown(reproduction_table(found))
    assert "91.07†" in text and "BOHB" in text
    assert judgement_table("reproduce", rows, "abc", "x.json").rows


@pytest.mark.parametrize(("arguments", "message"), [(["--runs", "1"], "2 or more"), (["--jobs", "0"], "1 or more")])
def test_bad_numbers(arguments: list[str], message: str) -> None:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, ["nats-bench", *arguments])
    assert isinstance(result.exception, NasbenchError) and message in str(result.exception)


def test_the_command_prints_one_object_and_writes_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    status = command("one-shot", out=tmp_path, json=True)
    document = json.loads(capsys.readouterr().out)
    assert status == 1 and document["command"] == "reproduce" and len(document["rows"]) == 30
    assert {path.suffix for path in tmp_path.iterdir()} == {".md", ".tex", ".html", ".csv"}


@pytest.mark.parametrize("name", [name for name in paper_names() if name != "bananas"])
def test_every_paper_has_a_table_in_which_each_empty_cell_has_a_reason(name: str) -> None:
    paper = get_paper(name)
    searched = any(isinstance(how, Search) for how in paper.methods.values())
    found = reproduce(paper, runs=2 if searched else None)
    text = to_markdown(reproduction_table(found)).replace("\\", "")
    assert all(method in text for method in paper.methods) and "nan" not in text


def test_the_terminal_names_second_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("drnas") == 0
    assert "published values match a second source: " in capsys.readouterr().out
