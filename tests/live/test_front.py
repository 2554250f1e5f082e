"""Several objectives at once: counts edge by edge, the front that a search finds, and what is refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from nasbench.errors import NasbenchError
from nasbench.live.experiment import commands
from nasbench.live.experiment import search as search_phase
from nasbench.live.experiment import training_benchmark as benchmark
from nasbench.live.experiment.config import ExperimentConfig, config_as_dict
from nasbench.live.experiment.experiment import Experiment
from nasbench.live.experiment.pareto_search import run_pareto_search
from nasbench.live.hardware.cost_counters import COUNTED, CostCounters
from nasbench.live.hardware.counting import macs, memory, parameters
from nasbench.live.hardware.latency import LatencyTable
from nasbench.live.hardware.latency_command import latency
from nasbench.live.networks.mixed_operation import Edge
from nasbench.live.networks.space_networks import get_cell_networks
from nasbench.live.searchers.catalogue import searcher_names
from nasbench.live.tasks.catalogue import get_task
from nasbench.live.tasks.shape import TaskShape
from nasbench.live.training.recipe import SMALL
from nasbench.search.ledger import Budget
from nasbench.search.registry import optimizer_names

from table_protocol import table_protocol

CPU = torch.device("cpu")
RECIPE = replace(SMALL, epochs=1, channels=4)
PLAN = ExperimentConfig(
    task="digits",
    optimizer="nsga2",
    optimizer_params={"population_size": 4},
    recipe=RECIPE,
    search_recipe=RECIPE,
    budget={"queries": 6},
    subset_size=(96, 32),
    objectives=("error", "parameters", "flops"),
)


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.mark.parametrize("auxiliary", [False, True])
@pytest.mark.parametrize("space", ["nas-bench-201", "darts", "hierarchical"])
def test_counts_edge_by_edge_are_those_of_the_whole_network(space: str, auxiliary: bool) -> None:
    plan, shape, cells = get_cell_networks(space), TaskShape(2, 1, 8, 10), 3 if space == "darts" else 2
    where = plan.make_space()
    cells_of = where.sample(np.random.default_rng(0).random((3, where.d)))
    found = CostCounters(plan, shape, 4, cells, auxiliary)(list(COUNTED), cells_of)
    for row, architecture in zip(found, cells_of, strict=True):
        network = plan.build_standalone(architecture, shape, 4, cells, auxiliary=auxiliary)
        counted = [parameters(network), macs(network, shape), memory(network, shape)["total"]]
        np.testing.assert_allclose(row * 1e6, counted, rtol=1e-12)


def test_counting_leaves_global_chance_alone_and_counts_each_choice_once() -> None:
    facts = CostCounters(get_cell_networks("nas-bench-201"), TaskShape(2, 1, 8, 10), 4, 1)
    state = torch.random.get_rng_state()
    facts(["parameters"], get_cell_networks("nas-bench-201").make_space().all[::50])
    assert torch.equal(state, torch.random.get_rng_state())
    assert len(facts.table) <= 1 + 6 * 4
    assert facts([], np.zeros((2, 6), np.int8)).shape == (2, 0)


def test_the_front_is_what_no_other_answer_dominates(tmp_path: Path) -> None:
    rows = run_pareto_search(PLAN, CPU, tmp_path, quiet)
    journal = json.loads((tmp_path / "trainings.json").read_text())
    seen = np.array([values for values, _, _ in journal["answers"].values()])
    expected = {tuple(point) for point in seen if not ((seen <= point).all(axis=1) & (seen < point).any(axis=1)).any()}
    found = [tuple(row[f"search_{name}"] for name in PLAN.objectives) for row in rows]
    assert set(found) == expected and found == sorted(found)
    assert all(0 <= row["test_error"] <= 100 and row["queries"] == 6 for row in rows)
    assert all(row["search_parameters"] * 1e6 == pytest.approx(row["parameters"]) for row in rows)
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("checkpoint.pt")}
    assert len(stamps) == len(rows)
    again = run_pareto_search(PLAN, CPU, tmp_path, quiet)
    assert [row["test_error"] for row in again] == [row["test_error"] for row in rows]
    assert stamps == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("checkpoint.pt")}


def test_the_hybrid_minimises_what_onnx_measures(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs the extra edge")
    pytest.importorskip("onnxruntime", reason="needs the extra edge")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(commands.search)
    arguments = ["digits", "--objectives", "error,latency@onnx-1-thread,bytes", "--queries", "5", "--epochs", "1"]
    sizes = ["--subset-size", "96", "--channels", "4", "--json"]
    result = CliRunner().invoke(app, [*arguments, *sizes], catch_exceptions=False)
    rows = json.loads(result.stdout)["rows"]
    assert rows and all(row["optimizer"] == "hybrid" for row in rows)
    for row in rows:
        # Dead weights are left out, so a file is larger than its parameters only if all of them are used.
        assert row["bytes"] > 3_000 and 0 < row["latency@onnx-1-thread"] < 1000
        assert abs(row["bytes"] - row["search_bytes"]) < 1_000


def test_error_measured_latency_and_memory_are_searched_together() -> None:
    plan = replace(PLAN, objectives=("error", "latency", "memory"), budget={"queries": 4})
    rows = run_pareto_search(plan, CPU, None, quiet)
    assert rows and all(row["queries"] == 4 for row in rows)
    for row in rows:
        assert 0 <= row["search_error"] <= 100 and row["search_memory"] * 1e6 == pytest.approx(row["memory_bytes"])
        assert 0 < row["search_latency"] < 1000 and 0 < row["latency"] < 1000  # measured twice, so nothing closer
    points = np.array([[row[f"search_{name}"] for name in plan.objectives] for row in rows])
    for point in points:
        assert not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()


def test_predicted_latency_is_free_and_is_the_sum_of_its_measured_operations() -> None:
    task = get_task("digits")
    splits = task.load().reduced(96, 32)
    live = benchmark.LiveBenchmark(task, splits.train, splits.search, "nas-bench-201", RECIPE, CPU)
    protocol = table_protocol(
        Budget({"queries": 2}),
        objectives=("error", benchmark.PREDICTED, "parameters"),
        split="search",
        epochs=(1,),
        training_seed="random",
    )
    problem = live.problem(protocol, 0, (0,))
    assert problem.cheap == (False, True, True)
    cells = problem.space.all[[0, 1000, 15_000]]
    facts = problem.facts(cells)
    table = problem._evaluator._latency  # type: ignore[attr-defined]
    for (predicted, counted), cell in zip(facts, cells, strict=True):
        assert predicted == pytest.approx(table.base + sum(table.table[key] for key in table.keys(cell)))
        alone = get_cell_networks("nas-bench-201").build_standalone(cell, task.shape, 4, 1)
        assert counted * 1e6 == pytest.approx(parameters(alone))
    answer = problem.query(cells[None, :1]).objectives[0, 0]
    assert answer[1:].tolist() == facts[0].tolist()
    assert problem.facts(problem.space.all[::5]).shape == (3_125, 2)


@pytest.mark.parametrize("space", ["nas-bench-201", "darts", "hierarchical"])
def test_operations_edge_by_edge_are_those_that_a_pass_computes(space: str) -> None:
    plan, shape, cells = get_cell_networks(space), TaskShape(2, 1, 8, 10), 3 if space == "darts" else 1
    where = plan.make_space()
    table = LatencyTable(plan, shape, 4, cells)
    for architecture in where.sample(np.random.default_rng(1).random((2, where.d))):
        network = plan.build_standalone(architecture, shape, 4, cells).eval()
        edges = [m for m in network.modules() if isinstance(m, Edge) and m.only not in (None, "none")]
        met: list[str] = []

        def meet(module: torch.nn.Module, *_: object, met: list[str] = met) -> None:
            met.append(str(module.only))

        for edge in edges:
            edge.register_forward_hook(meet)
        network(torch.zeros(1, 1, 8, 8))
        assert sorted(key[0] for key in table.keys(architecture)) == sorted(met)


def test_the_latency_command_compares_predictions_and_measurements() -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(latency)
    arguments = [
        "digits",
        "--channels",
        "4",
        "--sampled",
        "3",
        "--calibration",
        "1",
        "--seconds",
        "0.001",
        "--processor-time",
        "--json",
    ]
    rows = json.loads(CliRunner().invoke(app, arguments, catch_exceptions=False).stdout)["rows"]
    assert [row["compared"] for row in rows] == ["predicted, measured", "measured, repeated"]
    assert all(row["n"] == 3 and row["relative_error"] >= 0 and -1 <= row["kendall_tau"] <= 1 for row in rows)
    for least in (["--sampled", "1"], ["--calibration", "0"], ["--batch", "0"], ["--channels", "0"]):
        assert CliRunner().invoke(app, least, catch_exceptions=False).exit_code == 2
    with pytest.raises(NasbenchError, match="--seconds is -1"):
        CliRunner().invoke(app, ["--seconds", "-1"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objectives": ("error",)}, "they should be error and one or more others"),
        ({"objectives": ("bytes", "error")}, "they should be error and one or more others"),
        ({"objectives": ("error", "byte")}, "did you mean 'bytes'"),
        ({"task": "co2"}, "they should be mse and"),
        ({"early_stopping": "max-skip-connections"}, "nsga2 trains alone; leave out --early-stopping"),
        ({"architecture_selection": "perturbation"}, "nsga2 trains alone; leave out --early-stopping"),
        ({"optimizer": "darts"}, "darts searches on shared weights for one objective"),
        ({"optimizer": "hybrid_supernet"}, "hybrid_supernet searches on shared weights for one objective"),
        ({"optimizer": "random_serch"}, "did you mean 'random_search'"),
        (
            {"optimizer": "regularized_evolution", "optimizer_params": {}},
            "minimises one objective and the study asks for 3",
        ),
    ],
)
def test_what_cannot_have_a_front_says_so(change: dict[str, object], message: str) -> None:
    with pytest.raises(NasbenchError, match=message):
        run_pareto_search(replace(PLAN, **change), CPU, None, quiet)  # type: ignore[arg-type]


def test_a_plan_that_cannot_run_says_so_before_it_does() -> None:
    task = get_task("digits")
    with pytest.raises(NasbenchError, match="did you mean 'darts'"):
        search_phase.search_architecture(
            Experiment(replace(PLAN, optimizer="dart", objectives=()), task, task.load(), CPU)
        )
    for arguments, message in (
        (["--subset-size", "0"], "--subset-size is 0"),
        (["--search-epochs", "0"], "epochs of the"),
    ):
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(commands.search)
        with pytest.raises(NasbenchError, match=message):
            CliRunner().invoke(app, ["digits", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named_before_anything_is_trained(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(benchmark, "build_trainer", None)
    with pytest.raises(NasbenchError, match=r"nas-verify\[edge\]"):
        run_pareto_search(replace(PLAN, objectives=("error", "bytes")), CPU, None, quiet)


def test_a_plan_for_one_objective_reads_as_it_did() -> None:
    assert "objectives" not in config_as_dict(replace(PLAN, objectives=()))
    assert config_as_dict(PLAN)["objectives"] == PLAN.objectives


def test_no_name_is_two_algorithms() -> None:
    """`hybrid` was a searcher on shared weights with one objective, and the registered optimizer with several."""
    assert not {*searcher_names()} & {*optimizer_names()}
    for objectives in ((), PLAN.objectives):
        assert not replace(PLAN, optimizer="hybrid", objectives=objectives).shares_weights
    assert ExperimentConfig(task="digits", optimizer="hybrid_supernet").shares_weights
