"""Objectives of a table by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.views import AS_IT_IS, View, minimised
from nasbench.errors import NasbenchError, unknown_name
from nasbench.spaces.space import Floats, Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import Table
from nasbench.tables.units import UNITS, factor

BYTES_A_PARAMETER = 4
CLOSED_FORMS = ("parameters", "flops", "memory")
TRAINED = ("accuracy", "score", "loss")
NOT_SEARCHED = ("train_time",)
"""Quantities of a table that are costs, not objectives."""


@dataclass(frozen=True)
class Objective:
    """One objective of a data set, minimised.

    Attributes:
        name: as in the study.
        unit: unit of the values.
        values: `(N,)`, or `(N, S)` with one column per training seed.
        seeds: the training seeds, empty where values have one axis.
        missing: which values were not measured, or None.
        cheap: whether it is known without training.
        view: conversion to the values shown to users.
    """

    name: str
    unit: str
    values: NDArray[Any]
    seeds: tuple[int, ...] = ()
    missing: NDArray[np.bool_] | None = None
    cheap: bool = False
    view: View = AS_IT_IS

    def mean(self) -> Floats:
        """Return the mean over the measured seeds, `(N,)`; NaN for an architecture without any."""
        values = np.asarray(self.values, dtype=np.float64)
        if values.ndim == 1:
            return values if self.missing is None else np.where(self.missing, np.nan, values)
        if self.missing is None:
            return np.asarray(values.mean(axis=1))
        count = (~self.missing).sum(axis=1)
        total = np.where(self.missing, 0.0, values).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def find_quantity(table: Table, dataset: str, objective: str) -> str:
    """Return the quantity that an objective is made of; see `find_objective`."""
    if objective != "error":
        return "accuracy@" + objective.removeprefix("error@") if objective.startswith("error@") else objective
    held = {c.quantity for c in table.columns if c.dataset == dataset}
    return "score" if "score" in held and "accuracy" not in held else "accuracy"


def objective_names(table: Table, dataset: str) -> tuple[str, ...]:
    """Return the objectives available in a table on a data set."""
    quantities = dict.fromkeys(c.quantity for c in table.columns if c.dataset == dataset)
    scored = find_quantity(table, dataset, "error")
    names = [
        "error" if quantity == scored else re.sub("^accuracy@", "error@", quantity)
        for quantity in quantities
        if quantity not in NOT_SEARCHED
    ]
    closed = [name for name in CLOSED_FORMS if name not in names and _closed_form(table, dataset, name) is not None]
    return tuple(names + closed)


def find_longest(table: Table, dataset: str, name: str, split: str | None) -> Objective:
    """Return the objective of that name on a split, after the longest training; see `find_objective`."""
    timed = table.epochs(dataset, find_quantity(table, dataset, name), split)
    return find_objective(table, dataset, name, split, timed[-1] if timed else None)


def find_objective(table: Table, dataset: str, name: str, split: str | None, epochs: int | None) -> Objective:
    """Return the objective of that name.

    `error` is 100 minus the accuracy in % or, on a data set that has a score in place of an accuracy, minus the score, whose unit
    then says so; `error@x` is made of `accuracy@x` likewise. `accuracy` is minimised as the same numbers, and shown as accuracy; so
    is every column whose direction is "max", of which 100% less or the negative is minimised. `parameters` and `flops` (millions)
    are closed forms where the space has them, and `memory` is that of the parameters in single precision, in MB (10^6 bytes).
    Everything else is a column of that name, but for training times, which are paid. After a number of epochs that no training has, the value is read
    off the learning curve of the shortest training that is longer.

    Raises:
        NasbenchError: if the table has no such objective, split or number of epochs, saying what it has.
    """
    closed = _closed_form(table, dataset, name)
    if closed is not None:
        return Objective(name, "MB" if name == "memory" else "M", closed(), cheap=True)
    quantity = find_quantity(table, dataset, name)
    if quantity in NOT_SEARCHED:
        raise NasbenchError(
            f"{name} is what a training costs, and no objective of {table.name}/{dataset}; objectives are {', '.join(objective_names(table, dataset))}."
        )
    columns = [c for c in table.columns if c.dataset == dataset and c.quantity == quantity and not c.curve]
    if not columns:
        raise unknown_name(f"objective of {table.name}/{dataset}", name, objective_names(table, dataset))
    if all(c.split is None for c in columns):
        return _make_objective(name, table.measured(columns[0]), cheap=not _is_trained(columns[0]))
    at_split = [c for c in columns if c.split == split]
    if not at_split:
        raise NasbenchError(
            f"{table.name}/{dataset} has no {split} {quantity}; it has {', '.join(sorted({str(c.split) for c in columns}))}."
        )
    column = next((c for c in at_split if c.epochs == epochs), None) or (
        at_split[0] if at_split[0].epochs is None else None
    )
    if column is not None:
        return _make_objective(name, table.measured(column), cheap=False)
    curves = [c for c in table.columns if c.curve and (c.dataset, c.quantity, c.split) == (dataset, quantity, split)]
    longer = sorted(
        ((c.epochs, c) for c in curves if c.epochs is not None and epochs is not None and c.epochs > epochs),
        key=itemgetter(0),
    )
    if epochs is None or not longer:
        raise NasbenchError(
            f"{table.name}/{dataset} has no {split} {quantity} after {epochs} epochs; it has {', '.join(str(c.epochs) for c in at_split)}."
        )
    return _make_objective(name, _at_epoch(table.measured(longer[0][1]), epochs), cheap=False)


@dataclass(frozen=True, eq=False)
class KnownColumn:
    """What is known of all architectures without training, computed when it is first looked at.

    Attributes:
        compute: returns the values, minimised, `(N,)`; NaN where one is missing. It leads to no other column.
        price: column of the seconds that each takes, if the table has it.
    """

    compute: Callable[[], Floats]
    price: Measured | None = None

    @cached_property
    def values(self) -> Floats:
        """Values, minimised, `(N,)`."""
        return self.compute()

    @cached_property
    def seconds(self) -> float:
        """Seconds to compute the values of all `N`; 0 where the table does not say."""
        return 0.0 if self.price is None else float(np.nansum(self.price.mean()) * factor(self.price.column.unit, "s"))


@lru_cache(maxsize=64)
def known_quantities(table: Table, dataset: str) -> Mapping[str, KnownColumn]:
    """Return what is known without training, by its name.

    These are closed forms, and columns of no split that are no scores of a training. Their price is the column `train_time@NAME`, where the
    table has one. What a search holds of them leads to no other column.
    """
    known = {}
    for name in objective_names(table, dataset):
        quantity = find_quantity(table, dataset, name)
        columns = [c for c in table.columns if (c.dataset, c.quantity) == (dataset, quantity)]
        if any(c.split is not None for c in columns):
            continue
        compute = _closed_form(table, dataset, name)
        for column in (c for c in columns if compute is None and not c.curve and not _is_trained(c)):
            compute = partial(_minimised_mean, name, table.measured(column))
        if compute is not None:
            price = table.find(dataset, f"train_time@{name}", None)
            known[name] = KnownColumn(compute, None if price is None else table.measured(price))
    return known


def _is_trained(column: Column) -> bool:
    return column.quantity in TRAINED or UNITS[column.unit].dimension == "share"


def _minimised_mean(name: str, measured: Measured) -> Floats:
    return _make_objective(name, measured, cheap=True).mean()


def _at_epoch(curve: Measured, epochs: int) -> Measured:
    missing = None if curve.missing is None else np.ascontiguousarray(curve.missing[..., epochs - 1])
    column = replace(curve.column, epochs=epochs, curve=False)
    return Measured(column, np.ascontiguousarray(curve.values[..., epochs - 1]), missing)


def _make_objective(name: str, measured: Measured, cheap: bool) -> Objective:
    column, values = measured.column, measured.values
    view = AS_IT_IS
    if column.direction == "max":
        view = View("max", 100.0 if UNITS[column.unit].dimension == "share" else 0.0)
        values = minimised(values, view)
    shown = AS_IT_IS if name.startswith("error") else view
    return Objective(name, column.unit, values, column.seeds or (), measured.missing, cheap, shown)


def _closed_form(table: Table, dataset: str, name: str) -> Callable[[], Floats] | None:
    """Return what computes a closed form for all rows, if there is one; the space's own, or one from a column of parameters."""
    if name not in CLOSED_FORMS:
        return None
    form, scale = ("parameters", BYTES_A_PARAMETER) if name == "memory" else (name, 1)
    if getattr(table.space, form, None) is not None and dataset in getattr(table.space, "datasets", ()):
        return partial(_evaluate, table.space, form, dataset, scale)
    column = table.find(dataset, "parameters") if name == "memory" else None
    return None if column is None else partial(_scaled_mean, table.measured(column), factor(column.unit, "M") * scale)


def _evaluate(space: Space, form: str, dataset: str, scale: int) -> Floats:
    return np.asarray(getattr(space, form)(space.all, dataset)) * scale


def _scaled_mean(measured: Measured, scale: float) -> Floats:
    return measured.mean() * scale
