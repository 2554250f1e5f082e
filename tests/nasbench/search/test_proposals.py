"""What `ask()` returns is checked: a slip is an error that names the optimizer and what was wanted, never another search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.search.ledger import Budget
from nasbench.search.loop import search
from nasbench.search.observations import MultiFidelityBatch, Observations
from nasbench.search.optimizer import Lockstep, PerRun
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.spaces.constrained import NarrowedSpace
from nasbench.spaces.space import Architectures, Space
from nasbench.testing.toy import toy_space

from table_protocol import table_protocol
from tiny_tables import TinyTable

HELD = np.array([0, 1, 4, 9, 16, 23])
GOOD = np.zeros((2, 3), np.int8)


def problem_on(space: Space, epochs: tuple[int, ...] = (9,)) -> Problem:
    values = np.arange(24.0)
    table = TinyTable(space, values, values, 24, np.arange(24))
    return Problem(table, table_protocol(Budget({"queries": 12}), epochs=epochs, repeat_policy="retrain"), 0, (0, 1))


class Mine:
    """Proposes what it is told to, whatever that is."""

    def __init__(self, problem: Problem, source: Any, *, answer: Any = None) -> None:
        self.answer = answer

    def ask(self) -> Any:
        return self.answer

    def tell(self, observations: Any) -> None:
        pass


def run(kind: Lockstep | PerRun, answer: Any, space: Space | None = None) -> list[Observations]:
    problem = problem_on(toy_space() if space is None else space)
    return search(problem, kind.create(problem, Streams(0, (0, 1)), {"answer": answer}))[0]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (GOOD[0], r"an array of int8 of shape \(3,\); it should be an integer array of shape \(B, 3\)"),
        (GOOD[None], r"of shape \(1, 2, 3\)"),
        (GOOD[:, :2], r"of shape \(2, 2\)"),
        (GOOD.astype(float), "an array of float64"),
        (GOOD.astype(object), "an array of object"),
        (GOOD.astype(bool), "an array of bool"),
        (GOOD.astype(str), "an array of <U"),
        (GOOD.tolist(), "an object of type list"),
        ("0,1,0", "an object of type str"),
        (None, "None"),
        (7, "an object of type int"),
        ((GOOD,), "an object of type tuple"),
        (GOOD.astype(np.int64) + 256, "choices from 256 to 256"),
        (GOOD - 1, "a negative choice"),
        (GOOD + 3, "a choice outside space 'toy'"),
        ((GOOD, np.array([9])), r"an array of int64 of shape \(1,\) as the epochs of its proposal; .* shape \(2,\)"),
        ((GOOD, np.array([9.0, 9.0])), "an array of float64"),
        ((GOOD, [9, 9]), "an object of type list"),
        ((GOOD, np.array([9, 8])), "a fidelity that is not offered; epochs are 9"),
        ((None, np.array([9, 9])), "None"),
    ],
)
def test_a_slip_of_an_optimizer_for_one_run_is_named(answer: Any, fault: str) -> None:
    with pytest.raises(NasbenchError, match=f"^Mine .*{fault}") as caught:
        run(PerRun(Mine), answer)
    assert "\n" not in str(caught.value)


BOTH = np.zeros((2, 1, 3), np.int8)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (BOTH[0], r"an array of int8 of shape \(1, 3\); it should be an integer array of shape \(2, B, 3\)"),
        (BOTH[:1], r"of shape \(1, 1, 3\)"),
        (BOTH.astype(np.float32), "an array of float32"),
        (None, "None"),
        (BOTH.astype(np.int64) + 300, "choices from 300 to 300"),
        (BOTH - np.array([1, 0, 0], np.int8), "a choice outside space"),
        (BOTH - 2, "a choice outside space"),
        (MultiFidelityBatch(BOTH, np.array([[9, 9], [9, 9]])), r"of shape \(2, 2\) as the epochs"),
        (MultiFidelityBatch(BOTH[0], np.array([9])), "integer array of shape"),
        (MultiFidelityBatch(BOTH, np.array([[9], [3]])), "not offered"),
        ((BOTH, np.array([[9], [9]])), "an object of type tuple"),
    ],
)
def test_a_slip_of_an_optimizer_in_lockstep_is_named(answer: Any, fault: str) -> None:
    with pytest.raises(NasbenchError, match=f"^Mine .*{fault}") as caught:
        run(Lockstep(Mine), answer)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.int16])
def test_integers_of_any_width_are_taken_where_they_fit(kind: type) -> None:
    for optimizer, answer in ((PerRun(Mine), GOOD), (Lockstep(Mine), BOTH)):
        batches = run(optimizer, answer.astype(kind))
        assert sum(int(batch.answered.sum()) for batch in batches) == 24
        assert all(batch.architectures.dtype == np.int8 for batch in batches)


@pytest.mark.parametrize("empty", [GOOD[:0], BOTH[:, :0]])
def test_an_empty_proposal_ends_the_run(empty: Architectures) -> None:
    assert run(PerRun(Mine) if empty.ndim == 2 else Lockstep(Mine), empty) == []


def test_infeasible_combinations_are_an_error_unless_the_algorithm_says_that_they_are_repaired() -> None:
    space = NarrowedSpace(toy_space(), HELD)
    for kind, answer in ((PerRun(Mine), GOOD + np.int8(1)), (Lockstep(Mine), BOTH + np.int8(1))):
        with pytest.raises(NasbenchError, match=r"^Mine proposed \[1, 1, 1\], which is no architecture of space 'toy'"):
            run(kind, answer, space)
    problem = problem_on(space)
    search(problem, get_optimizer("local_search").create(problem, Streams(0, (0, 1))))
    assert problem.ledger.exhausted.all()
