"""The description of a table in TOML: what the columns of a Parquet or CSV file mean.

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

With `seed = "run"` at the top a row is one training, `run` the column with its seed, and rows of one architecture belong together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nasbench.errors import NasbenchError, quoted
from nasbench.files.documents import parse_toml
from nasbench.reader import Reader
from nasbench.spaces.catalogue import get_space, space_names
from nasbench.spaces.space import Space
from nasbench.tables.column import Column
from nasbench.tables.units import factor

FRACTION = "fraction"


@dataclass(frozen=True)
class Described:
    """A column of the table and where its numbers are.

    Attributes:
        column: what it is.
        sources: names of the file's columns, one a seed of `column.seeds`, or one alone.
        factor: what the file's numbers are multiplied with.
        missing: whether empty cells are allowed.
        wrong: whether the numbers are errors, of which 100 % less is the accuracy.
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
        NasbenchError: if it is not one, saying what is wrong and what would be right.
    """
    raw = Reader(parse_toml(text, f"description {where}"), f"description {where}")
    space, architecture, decisions = _space(raw)
    description = Description(
        name=raw.take("name", str, "the name of the table"),
        data=raw.take("data", str, "the name of a .parquet or .csv file"),
        provenance=raw.take("provenance", str, "a sentence on where the numbers come from"),
        space=space,
        architecture=architecture,
        decisions=decisions,
        seed=raw.take("seed", str, "the column with the training seed", ""),
        columns=tuple(_described(entry) for entry in _tables(raw, "columns")),
    )
    raw.finish()
    if not all((description.name, description.data, *description.decisions)):
        raise NasbenchError(f"The description {where} has an empty name of the table, its data or a column.")
    keys = [described.column.key for described in description.columns]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise NasbenchError(f"The description {where} describes {twice[0]} twice; put its seeds into one entry.")
    return description


def _tables(raw: Reader, key: str) -> list[Reader]:
    entries = raw.take(key, list, f"[[{key}]] tables")
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise NasbenchError(f"The {raw.where}: {key} should be at least one [[{key}]] table.")
    return [Reader(entry, f"{raw.where}, entry {number} of {key}") for number, entry in enumerate(entries, start=1)]


def _space(raw: Reader) -> tuple[Space, str, tuple[str, ...]]:
    entry = Reader(raw.take("space", dict, "a [space] table"), f"{raw.where}, space")
    name = entry.take("name", str, "the name of a space")
    if "decisions" not in entry.raw:
        if name not in space_names():
            raise NasbenchError(
                f"The {entry.where}: {quoted(name)} is no space that the suite knows ({', '.join(space_names())}), so it needs [[space.decisions]]."
            )
        architecture = entry.take("architecture", str, f"the column with the strings of {name}")
        entry.finish()
        return get_space(name), architecture, ()
    if name in space_names():
        raise NasbenchError(f"The {entry.where}: {quoted(name)} is a space of the suite; give yours another name.")
    decisions = _tables(entry, "decisions")
    names = [decision.take("name", str, "the name of a decision") for decision in decisions]
    columns = [d.take("column", str, "a column of the file", n) for d, n in zip(decisions, names, strict=True)]
    choices = [_choices(d) for d in decisions]
    for decision in decisions:
        decision.finish()
    entry.finish()
    return Space(name, tuple(names), tuple(choices)), "", tuple(columns)


def _choices(decision: Reader) -> tuple[str, ...]:
    choices = decision.take("choices", list, "a list of choices")
    if not all(isinstance(choice, str | int | float) and not isinstance(choice, bool) for choice in choices):
        raise NasbenchError(f"The {decision.where}: choices should be texts or numbers.")
    return tuple(map(str, choices))


def _described(entry: Reader) -> Described:
    unit = entry.take("unit", str, "a unit")
    dataset = entry.take("dataset", str, "the name of a data set")
    quantity = entry.take("quantity", str, "the name of a quantity")
    if "column" in entry.raw and "seeds" in entry.raw:
        raise NasbenchError(f"The {entry.where} has both column and seeds; a column for each seed replaces the one.")
    seeds, sources = _sources(entry)
    epochs = entry.take("epochs", int, "a whole number", 0)
    if epochs < 0:
        raise NasbenchError(f"The {entry.where}: epochs is {epochs:.3g}; it should be positive.")
    try:
        column = Column(
            dataset=dataset,
            quantity=re.sub("^error(?=@|$)", "accuracy", quantity),
            split=entry.take("split", str, "the name of a split", "") or None,
            epochs=epochs or None,
            seeds=seeds,
            unit="%" if unit == FRACTION else unit,
            note=entry.take("note", str, "a text", ""),
            direction=entry.take("direction", str, "'max' or 'min'", ""),
        )
    except NasbenchError as fault:
        raise NasbenchError(f"The {entry.where}: {fault}") from None
    missing = entry.take("missing", bool, "true or false", False)
    entry.finish()
    wrong = column.quantity != quantity
    return Described(column, sources, factor(FRACTION, "%") if unit == FRACTION else 1.0, missing, wrong)


def _sources(entry: Reader) -> tuple[tuple[int, ...] | None, tuple[str, ...]]:
    if "seeds" not in entry.raw:
        column = entry.take("column", str, "a column of the file")
        if not column:
            raise NasbenchError(f"The {entry.where}: column is empty; it should name a column of the file.")
        return None, (column,)
    named: Mapping[str, Any] = entry.take("seeds", dict, 'a table such as { 777 = "acc_777" }')
    if not named or not all(
        re.fullmatch("[0-9]{1,19}", seed) and isinstance(column, str) and column for seed, column in named.items()
    ):
        raise NasbenchError(f'The {entry.where}: seeds should map numbers to columns, such as {{ 777 = "acc_777" }}.')
    return tuple(int(seed) for seed in named), tuple(named.values())
