"""Descriptions of tables in TOML: the meaning of the columns of a Parquet or CSV file.

    name = "my-benchmark"
    data = "measurements.csv"             # beside the description; .parquet or .csv
    provenance = "who measured it, when"

    [space]                               # either a space that the suite knows ...
    name = "nas-bench-201"
    architecture = "cell"                 # and the column that holds its strings,
                                          # ... or one of your own:
    name = "my-space"
    [[space.decisions]]
    name = "kernel"
    column = "kernel_size"                # the name of the decision if left out
    choices = ["3", "5", "7"]
    [[space.decisions]]                   # a number: a grid whose levels the column holds
    name = "learning_rate"
    low = 1e-4
    high = 1e-1
    levels = 16                           # or step = ...; integers where low and high are whole, by default each of them
    log = true                            # or values = [...] in place of all of these
    unit = ""
    [[space.decisions]]
    name = "momentum"
    values = [0.0, 0.9, 0.99]
    when = { optimizer = ["sgd"] }        # what it holds elsewhere is not read, and may be empty

    [[columns]]
    dataset = "cifar10"
    quantity = "accuracy"                 # "train_time", "latency@pixel3", "energy@pixel3", "parameters", "score", "loss" ...
    split = "validation"                  # "train", "validation", "test"; left out where it has no meaning
    epochs = 200                          # length of the training; left out where there is one only
    unit = "%"                            # or "fraction", which becomes %; see nasbench.tables.units
    direction = "max"                     # or "min"; needed for a quantity that the suite does not know, such as f1
    column = "val_acc"                    # or, with one column a training seed: seeds = { 777 = "acc_777", 888 = "acc_888" }
    missing = false                       # true allows empty cells; they are masked and raise when asked for
    note = "how it was measured"

Decisions may be the edges of a cell, in a graph whose node 0 is the input and whose last node is the output:

    [space]
    name = "my-cells"
    edges = [[0, 1], [0, 2], [1, 2]]      # the nodes that each decision joins
    zero = "none"                         # the operation that cuts an edge, and the one that passes its input on,
    identity = "skip_connect"             # where there are such
    [[space.decisions]]
    name = "0-1"
    choices = ["none", "skip_connect", "conv"]

Cells of equal function, path features and graph kernels follow from that; see `nasbench.spaces.cell`.

In a space with conditions a row is a configuration: combinations that differ in inactive decisions only are one architecture. A file that
holds them all makes a table of every combination, as that of NAS-Bench-201 is; another one a table of the rows that it has.

With `seed = "run"` at the top a row is one training, `run` the column with its seed, and rows of one architecture belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nasbench.spaces.catalogue import get_space
from nasbench.spaces.cell import CellSpace
from nasbench.spaces.mixed import MixedSpace
from nasbench.spaces.space import Space
from nasbench.tables.column import Column
from nasbench.tables.units import FRACTION, factor

if TYPE_CHECKING:
    from nasbench.tables.description_file import SpaceTable


@dataclass(frozen=True)
class Described:
    """A column of the table and its source columns.

    Attributes:
        column: what it is.
        sources: names of the file's columns, one per seed of `column.seeds`, or a single one.
        factor: conversion factor for the file's numbers.
        missing: whether empty cells are allowed.
        wrong: whether the numbers are errors, i.e. 100% minus the accuracy.
    """

    column: Column
    sources: tuple[str, ...]
    factor: float
    missing: bool
    wrong: bool = False


@dataclass(frozen=True)
class Description:
    """A described table.

    Attributes:
        name, data, provenance: as in the file.
        space: the space.
        architecture: column that holds the space's strings, or empty if each decision has a column of its own.
        decisions: columns of the decisions, in the order of the space.
        seed: column that holds the training seed of a row, or empty.
        columns: the rest.
    """

    name: str
    data: str
    provenance: str
    space: Space
    architecture: str
    decisions: tuple[str, ...]
    seed: str
    columns: tuple[Described, ...]


def parse_description(text: str, where: str) -> Description:
    """Read a description; `where` names it in errors.

    Raises:
        NasbenchError: if it is invalid.
    """
    from nasbench.files.schema import read_model  # imported here, since searching does not need pydantic
    from nasbench.tables.description_file import DescriptionFile

    file = read_model(DescriptionFile, text, f"description {where}")
    space, decisions = _space(file.space)
    return Description(
        name=file.name,
        data=file.data,
        provenance=file.provenance,
        space=space,
        architecture=file.space.architecture or "",
        decisions=decisions,
        seed=file.seed,
        columns=tuple(
            Described(
                column=(column := entry.described()),
                sources=entry.sources,
                factor=factor(FRACTION, "%") if entry.unit == FRACTION else 1.0,
                missing=entry.missing,
                wrong=column.quantity != entry.quantity,
            )
            for entry in file.columns
        ),
    )


def _space(table: SpaceTable) -> tuple[Space, tuple[str, ...]]:
    """Return the space and the columns of its decisions, if any."""
    if table.decisions is None:
        return get_space(table.name), ()
    names = tuple(decision.name for decision in table.decisions)
    columns = tuple(decision.column or decision.name for decision in table.decisions)
    if not all(decision.is_plain for decision in table.decisions):
        return MixedSpace(table.name, [decision.entry for decision in table.decisions]), columns
    choices = tuple(tuple(map(str, decision.choices or ())) for decision in table.decisions)
    if table.edges is not None:
        return CellSpace(table.name, names, choices, table.edges, zero=table.zero, identity=table.identity), columns
    return Space(table.name, names, choices), columns
