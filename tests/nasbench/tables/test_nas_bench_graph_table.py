from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.observations import PADDING
from nasbench.spaces.nas_bench_graph import NasBenchGraphSpace
from nasbench.tables.cache import place_table
from nasbench.tables.catalogue import get_table
from nasbench.tables.sources import nas_bench_graph, nas_bench_graph_proteins
from nasbench.tables.table import open_table

from table_protocol import table_protocol


def test_every_combination_has_the_record_of_its_network(fresh_cache: Path) -> None:
    table = get_table("nas-bench-graph")
    column = table.find("cora", "accuracy", "test")
    assert column is not None
    test = table.measured(column).mean()
    space = table.space
    # Read by hand: key 10000 is wiring 0001 with gat on every node.
    row = int(table.rows(space.from_string("0001,gat,gat,gat,gat")))
    assert test[row] == pytest.approx(100 * nas_bench_graph.records("cora")[10000]["perf"])
    assert np.array_equal(test, test[table.rows(space.canonical(space.all))])
    # Skipping twice and then gcn twice is the two-layer GCN, one of the authors' anchors.
    anchor = int(table.rows(space.from_string("0123,skip,skip,gcn,gcn")))
    assert test[anchor] == pytest.approx(100 * nas_bench_graph.records("cora")[88811]["perf"])


def test_it_has_the_four_quantities_of_all_nine_data_sets(fresh_cache: Path) -> None:
    for source in (nas_bench_graph, nas_bench_graph_proteins):
        table = get_table(source.NAME)
        assert table.datasets == source.DATASETS
        for dataset in table.datasets:
            assert objective_names(table, dataset) == ("error", "latency", "parameters", "memory")
            parameters = find_objective(table, dataset, "parameters", "validation", None)
            assert parameters.cheap
            memory = find_objective(table, dataset, "memory", "validation", None)
            assert np.allclose(memory.values, 4 * parameters.values)
    assert len(nas_bench_graph.DATASETS + nas_bench_graph_proteins.DATASETS) == 9


def test_a_lost_record_is_an_error(fresh_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = nas_bench_graph.records("cora")
    lost = {key: record for key, record in whole.items() if key != 10000}
    monkeypatch.setattr(nas_bench_graph, "records", lambda dataset: lost)
    with pytest.raises(NasbenchError, match="26205 records on cora"):
        nas_bench_graph.write(tmp_path, NasBenchGraphSpace(), ("cora",), "")


def test_opening_reads_the_manifest_alone(fresh_cache: Path) -> None:
    place_table(fresh_cache / "graph", nas_bench_graph_proteins.build)
    times = []
    for _ in range(5):
        before = time.perf_counter()
        open_table(fresh_cache / "graph")
        times.append(time.perf_counter() - before)
    assert min(times) < 0.1


def test_a_query_outside_the_space_is_answered_for_the_nearest_inside(fresh_cache: Path) -> None:
    benchmark = get_benchmark("nas-bench-graph-proteins/proteins")
    budget = Budget({"queries": 10})
    protocol = table_protocol(budget, epochs=(1,), repeat_policy="retrain")
    problem = benchmark.problem(protocol, seed=0, runs=(0, 1))
    batch = np.array([[[3, 4, 4, 4, 4], [0, 0, 0, 0, 0]], [[PADDING] * 5, [3, 0, 4, 4, 4]]], dtype=np.int8)
    before = batch.copy()
    observed = problem.query(batch)
    assert np.array_equal(batch, before)
    assert observed.architectures.tolist() == [[[3, 0, 4, 4, 4], [0, 0, 0, 0, 0]], [[PADDING] * 5, [3, 0, 4, 4, 4]]]
    assert observed.objectives[0, 0, 0] == observed.objectives[1, 1, 0]
    assert observed.answered.tolist() == [[True, True], [False, True]]
