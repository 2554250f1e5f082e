"""Tables of a few architectures, drawn by hypothesis, and the ways in which a study may search them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from nasbench.search.ledger import ACCOUNTS, Budget
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import REPEAT_POLICIES, SearchProtocol
from nasbench.spaces.space import Architectures, Floats, Ints, Space

from table_protocol import table_protocol


@dataclass(frozen=True)
class TinyTable:
    """An evaluator that looks up errors and seconds, with noise where a training is repeated."""

    space: Space
    errors: Floats
    costs: Floats
    rows: int | None
    functions: Ints | None
    cheap: tuple[bool, ...] = (False,)

    def row(self, architectures: Architectures) -> Ints:
        return self.space.index(architectures)

    def evaluate(
        self, rows: Ints, architectures: Architectures, level: Ints, key: Any, repetition: Ints
    ) -> tuple[Floats, Ints]:
        return (self.errors[rows] + level + 0.1 * (repetition % 3))[:, None], np.full(len(rows), -1)

    def seconds(self, rows: Ints, architectures: Architectures, level: Ints) -> Floats:
        return self.costs[rows]

    def facts(self, architectures: Architectures) -> Floats:
        return np.empty((*architectures.shape[:-1], 0))


@st.composite
def tiny_tables(draw: st.DrawFn) -> TinyTable:
    """One to three decisions of two or three choices; ties, zero costs and architectures of equal function occur."""
    sizes = draw(st.lists(st.integers(2, 3), min_size=1, max_size=3).filter(lambda sizes: np.prod(sizes) <= 12))
    names = "abc"[: len(sizes)]
    space = Space("tiny", tuple(names), tuple(tuple("xyz"[:k]) for k in sizes))
    few = st.lists(st.sampled_from([10.0, 20.0, 30.0]), min_size=space.size, max_size=space.size)
    costs = st.lists(st.sampled_from([0.0, 1.0, 100.0]), min_size=space.size, max_size=space.size)
    functions = np.arange(space.size) // draw(st.sampled_from([1, 2])) * 1
    spend = draw(costs | st.just([0.0] * space.size))
    return TinyTable(space, np.array(draw(few)), np.array(spend), space.size, functions)


@st.composite
def settings_of(draw: st.DrawFn, optimizer: str) -> SearchProtocol:
    """Any account as the budget, from one that a query spends to one that a table cannot; any policy for repeats."""
    account = draw(st.sampled_from(ACCOUNTS))
    limit = 0.02 if account == "optimizer_seconds" else draw(st.sampled_from([1.0, 7.0, 30.0, 1000.0]))
    several = get_optimizer(optimizer).fidelities or draw(st.booleans())
    limit = min(limit, 30.0) if "queries" in account else limit
    return table_protocol(
        Budget({account: limit}),
        epochs=(1, 3, 9) if several else (9,),
        repeat_policy=draw(st.sampled_from(REPEAT_POLICIES)),
    )
