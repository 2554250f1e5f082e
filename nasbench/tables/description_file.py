"""Models of the TOML tables of a description; see `nasbench.tables.description`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from nasbench.errors import NasbenchError, quoted
from nasbench.files.schema import FileModel
from nasbench.spaces.catalogue import space_names
from nasbench.spaces.cell import CellSpace
from nasbench.spaces.decisions import from_mapping
from nasbench.tables.column import Column
from nasbench.tables.units import FRACTION

Name = Annotated[str, Field(min_length=1)]


class DecisionTable(FileModel):
    """A decision of a space, and the column with its choices or values."""

    name: Annotated[str, Field(description="the name of a decision")]
    column: Name | None = None
    choices: tuple[str | int | float, ...] | None = None
    low: int | float | None = None
    high: int | float | None = None
    step: int | float | None = None
    levels: int | None = None
    values: tuple[int | float, ...] | None = None
    log: bool | None = None
    unit: str | None = None
    when: Mapping[str, tuple[str | int | float, ...]] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is a list of choices and nothing more, as in a `Space`."""
        return self.model_fields_set <= {"name", "column", "choices"}

    @property
    def entry(self) -> dict[str, Any]:
        """The keys that `nasbench.spaces.decisions.from_mapping` reads."""
        return self.model_dump(exclude={"column"}, exclude_unset=True)

    @model_validator(mode="after")
    def _is_a_decision(self) -> DecisionTable:
        if self.choices is None and self.low is None and self.values is None:
            raise ValueError("it lacks the key 'choices'; it should be a list of choices, or low and high, or values.")
        if not self.is_plain:
            try:
                from_mapping(self.entry)
            except NasbenchError as fault:
                raise ValueError(str(fault)) from None
        return self


class SpaceTable(FileModel):
    """The space: a known one with the column of its strings, or a custom one."""

    name: Annotated[str, Field(description="the name of a space")]
    architecture: str | None = None
    decisions: Annotated[tuple[DecisionTable, ...], Field(min_length=1)] | None = None
    edges: tuple[tuple[int, int], ...] | None = None
    zero: str = ""
    identity: str = ""

    @model_validator(mode="after")
    def _is_a_cell(self) -> SpaceTable:
        if self.edges is None:
            if self.zero or self.identity:
                raise ValueError("it lacks the key 'edges'; zero and identity are operations on the edges of a cell.")
            return self
        if self.decisions is None or not all(decision.is_plain for decision in self.decisions):
            raise ValueError("it has edges, so each needs a decision of [[space.decisions]] with a list of choices.")
        choices = tuple(tuple(map(str, decision.choices or ())) for decision in self.decisions)
        names = tuple(decision.name for decision in self.decisions)
        try:
            CellSpace(self.name, names, choices, self.edges, zero=self.zero, identity=self.identity)
        except NasbenchError as fault:
            raise ValueError(str(fault)) from None
        return self

    @model_validator(mode="after")
    def _known_or_described(self) -> SpaceTable:
        known = self.name in space_names()
        if self.decisions is None and not known:
            raise ValueError(
                f"{quoted(self.name)} is no space that the suite knows ({', '.join(space_names())}), so it needs [[space.decisions]]."
            )
        if self.decisions is None and self.architecture is None:
            raise ValueError(
                f"it lacks the key 'architecture'; it should be the column with the strings of {self.name}."
            )
        if self.decisions is not None and known:
            raise ValueError(f"{quoted(self.name)} is a space of the suite; give yours another name.")
        if self.decisions is not None and self.architecture is not None:
            raise ValueError("it has both architecture and decisions; each decision has a column of its own.")
        return self


class ColumnTable(FileModel):
    """A quantity and its columns."""

    dataset: Annotated[str, Field(description="the name of a data set")]
    quantity: Annotated[str, Field(description="the name of a quantity")]
    split: str = ""
    epochs: Annotated[int, Field(ge=0)] = 0
    unit: Annotated[str, Field(description="a unit")]
    direction: Literal["max", "min"] | None = None
    column: Name | None = None
    seeds: Mapping[str, str] | None = None
    missing: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _is_a_column(self) -> ColumnTable:
        if self.column is not None and self.seeds is not None:
            raise ValueError("it has both column and seeds; a column for each seed replaces the one.")
        if self.column is None and self.seeds is None:
            raise ValueError("it lacks the key 'column'; it should be a column of the file.")
        named = {"0": self.column} if self.seeds is None else self.seeds
        if not named or not all(re.fullmatch("[0-9]{1,19}", seed) and column for seed, column in named.items()):
            raise ValueError('seeds should map numbers to columns, such as { 777 = "acc_777" }.')
        try:
            self.described()
        except NasbenchError as fault:
            raise ValueError(str(fault)) from None
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the file's columns."""
        return tuple(self.seeds.values()) if self.seeds is not None else (str(self.column),)

    def described(self) -> Column:
        """Return the column of the table; raises NasbenchError for a unit, split or name that it cannot have."""
        return Column(
            dataset=self.dataset,
            quantity=re.sub("^error(?=@|$)", "accuracy", self.quantity),
            split=self.split or None,
            epochs=self.epochs or None,
            seeds=None if self.seeds is None else tuple(int(seed) for seed in self.seeds),
            unit="%" if self.unit == FRACTION else self.unit,
            note=self.note,
            direction=self.direction or "",
        )


class DescriptionFile(FileModel):
    """The complete file."""

    name: Annotated[str, Field(min_length=1, description="the name of the table")]
    data: Annotated[str, Field(min_length=1, description="the name of a .parquet or .csv file")]
    provenance: Annotated[str, Field(description="a sentence on where the numbers come from")]
    space: Annotated[SpaceTable, Field(description="a [space] table")]
    seed: str = ""
    columns: Annotated[tuple[ColumnTable, ...], Field(min_length=1, description="at least one [[columns]] table")]

    @model_validator(mode="after")
    def _each_once(self) -> DescriptionFile:
        keys = [column.described().key for column in self.columns]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"it describes {twice[0]} twice; put its seeds into one entry.")
        return self
