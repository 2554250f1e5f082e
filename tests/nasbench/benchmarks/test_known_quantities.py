"""What is known without training is computed when it is first looked at, and leads to nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasbench.benchmarks.objectives import find_objective, known_quantities
from nasbench.search.ledger import Budget
from nasbench.testing.optimizer_contract import HIDDEN, reachable

from constrained_table import EPOCHS, constrained_benchmark
from table_protocol import table_protocol


def test_nothing_is_computed_before_it_is_asked_for(tmp_path: Path) -> None:
    benchmark = constrained_benchmark(tmp_path)
    protocol = table_protocol(Budget({"queries": 5}), epochs=(EPOCHS[-1],), training_seed="mean")
    problem = benchmark.problem(protocol, 1, (0, 1))
    known = known_quantities(benchmark.table, benchmark.dataset)
    assert "latency" in known and not any("values" in vars(column) for column in known.values())
    latency = problem.known(("latency",))(problem.space.all)
    assert {name for name, column in known.items() if "values" in vars(column)} == {"latency"}
    stated = find_objective(benchmark.table, benchmark.dataset, "latency", None, None)
    np.testing.assert_array_equal(latency[:, 0], stated.mean())


def test_neither_the_problem_nor_what_it_hands_out_leads_to_a_test_score(tmp_path: Path) -> None:
    benchmark = constrained_benchmark(tmp_path)
    column = benchmark.table.find("data", "accuracy", "test", EPOCHS[-1])
    assert column is not None
    hidden = set(np.round(benchmark.table.measured(column).values, 12).ravel().tolist()) - {0.0, 100.0}
    protocol = table_protocol(Budget({"queries": 5}), epochs=(EPOCHS[-1],), training_seed="mean")
    problem = benchmark.problem(protocol, 1, (0,))
    names = tuple(known_quantities(benchmark.table, benchmark.dataset))
    handed_out = problem.known(names)
    handed_out(problem.space.all)
    for thing in reachable((problem, handed_out)):
        assert type(thing).__name__ not in HIDDEN
        if isinstance(thing, np.ndarray) and thing.dtype.kind == "f":
            values = set(np.round(thing, 12).ravel().tolist())
            assert not hidden & (values | {round(100.0 - value, 12) for value in values})
    assert "TableEvaluator" not in {type(thing).__name__ for thing in reachable(handed_out)}
