"""Composites of a benchmark with a permuted copy of itself: two realistic basins, of which the deeper one is the narrower.

With `T` the error of an architecture `x`, `p` a permutation of choices (of operations, or of the channels of a layer), `b` the least
error and `m` its median, the error of the composite is

    min(T(x), b - depth (m - b) + slope (T(p(x)) - b)),

by seed means on the split that is searched. All of an architecture's values, of every split, seed and length of training, are those of
the basin that has the smaller mean there: its own, or those of `p(x)` after the same transformation. Costs and training times are its own.
A search that settles in the basin of `T` misses the ten best architectures, which lie in the other one.

Partners of isomorphic architectures are isomorphic (see `find_partners`), so a composite has the space, the canonical form and the paths of
its source; a closed form that is small enough to list may be a source as well. Composites are `composite/NAME`, with NAME from
`composites.toml`, which says by which rule they were chosen.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.objectives import TRAINED, find_longest, find_quantity
from nasbench.benchmarks.synthetic import is_synthetic, synthetic_benchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError, unknown_name
from nasbench.spaces.space import Architectures, Floats, Ints, Space
from nasbench.tables.catalogue import get_table
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import Table

FAMILY = "composite"


@dataclass(frozen=True)
class Composite:
    """What a composite is made of.

    Attributes:
        name: name of the composite.
        source: name of its source, a data set of a table or a closed form.
        cycles: the permutation: each choice of a cycle is replaced by the next one, the last by the first.
        depth: by how much the second basin is the deeper one, as a share of the median minus the least error.
        slope: factor of the second basin's errors above its least one; above 1 that basin is the narrower.
        decisions: decisions that are permuted; all that have the choices if empty.
    """

    name: str
    source: str
    cycles: tuple[tuple[str, ...], ...]
    depth: float
    slope: float = 1.0
    decisions: tuple[str, ...] = ()

    def permute(self, space: Space, architectures: Architectures) -> Architectures:
        """Return `p` of each architecture, `(..., d)` to `(..., d)`."""
        permuted = architectures.copy()
        for i, (decision, choices) in enumerate(zip(space.decisions, space.choices, strict=True)):
            if self.decisions and decision not in self.decisions:
                continue
            image = np.arange(len(choices), dtype=np.int8)
            for cycle in self.cycles:
                if set(cycle) <= set(choices):
                    at = [choices.index(name) for name in cycle]
                    image[at] = np.roll(at, -1)
            permuted[..., i] = image[architectures[..., i]]
        return permuted


def find_partners(space: Space, composite: Composite, architectures: Architectures) -> Architectures:
    """Return the architecture whose values each takes in the second basin, `(n, d)` to `(n, d)`, so that those of isomorphic ones are isomorphic.

    It is `p(x)`. Where the canonical form has another function there, it is `p` of the canonical form: in NAS-Bench-201 two poolings of one
    input are one, and two convolutions are not.
    """
    permuted = composite.permute(space, architectures)
    representatives = composite.permute(space, space.canonical(architectures))
    agree = (space.canonical(permuted) == space.canonical(representatives)).all(axis=-1)
    return np.where(agree[..., None], permuted, representatives)


@dataclass(frozen=True)
class Basin:
    """Where the second basin is, and how values change in it.

    Attributes:
        partners: row of the partner of each architecture, see `find_partners`, `(N,)`.
        inside: which architectures belong to it, `(N,)`.
        offset: by how much its least error is below the source's.
        slope: see `Composite`.
    """

    partners: Ints
    inside: NDArray[np.bool_]
    offset: float
    slope: float

    def transform(self, values: NDArray[np.float64], best: float) -> NDArray[np.float64]:
        """Return values of a composite, from those of its source that are maximised and the best of their seed means: `(N, ...)`."""
        second = best + self.offset - self.slope * (best - values[self.partners])
        return np.where(self.inside.reshape(-1, *[1] * (values.ndim - 1)), second, values)


def find_basin(errors: Floats, partners: Ints, depth: float, slope: float) -> Basin:
    """Return the second basin of a composite, from the errors of its source and the row of each partner, `(N,)`."""
    best = errors.min()
    offset = float(depth * (np.median(errors) - best))
    inside = best - offset + slope * (errors[partners] - best) < errors
    return Basin(partners, inside, offset, slope)


class CompositeTable(Table):
    """The table of a composite: that of its source, with the values of the second basin in their places.

    Learning curves and losses are left out. Where the source has no validation split, its test split is searched under that name.

    Args:
        composite: what it is made of.
        source: the table of its source.
        dataset: the data set of its source.
    """

    def __init__(self, composite: Composite, source: Table, dataset: str) -> None:
        self._composite, self._source, self._dataset = composite, source, dataset
        content = json.dumps([asdict(composite), source.checksum], sort_keys=True)
        super().__init__(
            source.folder,
            {
                **source.manifest,
                "name": FAMILY,
                "columns": [],
                "provenance": f"composed of {composite.source} and a permuted copy of it",
                "notes": [
                    f"{composite.name} is made from {composite.source} by a permutation; it is no measured data set."
                ],
                "fingerprint": hashlib.sha256(content.encode()).hexdigest(),
                "supersedes": [],
            },
        )
        self._quantity = find_quantity(source, dataset, "error")
        kept = [c for c in source.columns if c.dataset == dataset and not c.curve and self._is_kept(c)]
        self._search_split = "validation" if any(c.split == "validation" for c in kept) else "test"
        self._originals = {self._renamed(column): column for column in kept}
        self.columns = tuple(self._originals)

    def _is_kept(self, column: Column) -> bool:
        return column.quantity == self._quantity or column.quantity.partition("@")[0] not in TRAINED

    def _renamed(self, column: Column) -> Column:
        split = "validation" if column.split == self._search_split else column.split
        return replace(column, dataset=self._composite.name, split=split)

    @property
    def base_space(self) -> Space:
        """The space of the source."""
        return self._source.base_space

    @property
    def row_index(self) -> Ints:
        """See `Table`."""
        return self._source.row_index

    @cached_property
    def basin(self) -> Basin:
        """The second basin, by the seed means of the longest training on the split that is searched."""
        composite, source = self._composite, self._source
        errors = find_longest(source, self._dataset, "error", self._search_split).mean()
        partners = source.rows(find_partners(source.base_space, composite, source.architectures))
        if (partners < 0).any():
            raise NasbenchError(
                f"{composite.source} lacks {int((partners < 0).sum())} permuted architectures; a composite needs them all."
            )
        return find_basin(errors, partners, composite.depth, composite.slope)

    def measured(self, column: Column) -> Measured:
        """Return the values of a column; see `Table`."""
        if column not in self._originals:
            raise unknown_name(f"column of {FAMILY}/{self._composite.name}", column.key, [c.key for c in self.columns])
        found = self._source.measured(self._originals[column])
        if column.quantity != self._quantity:
            return replace(found, column=column)
        values = self.basin.transform(np.asarray(found.values, dtype=np.float64), float(found.mean().max()))
        missing = found.missing
        if missing is not None:
            inside = self.basin.inside.reshape(-1, *[1] * (missing.ndim - 1))
            missing = np.where(inside, missing[self.basin.partners], missing)
        return Measured(column, values, missing)


class _ListedTable(Table):
    """A closed form of a small space as a table of accuracies."""

    def __init__(self, name: str) -> None:
        self._function = synthetic_benchmark(name).function
        manifest = {"name": name, "columns": [], "architectures": self._function.space.size, "complete": True}
        super().__init__(Path(), manifest | {"sha256": {}, "fingerprint": name})
        self.columns = (Column(dataset=name.partition("/")[2], quantity="accuracy", unit="%", split="validation"),)

    @property
    def base_space(self) -> Space:
        """The space of the function."""
        return self._function.space

    def measured(self, column: Column) -> Measured:
        """Return 100% minus the error of every architecture."""
        return Measured(column, 100.0 - self._function(self.architectures))


@cache
def composites() -> dict[str, Composite]:
    """Return the composites by name."""
    text = (files("nasbench.benchmarks") / "composites.toml").read_text(encoding="utf-8")
    return {entry["name"]: _read(entry) for entry in tomllib.loads(text)["composites"]}


def _read(entry: dict[str, Any]) -> Composite:
    cycles = tuple(tuple(cycle) for cycle in entry["cycles"])
    return Composite(**{**entry, "cycles": cycles, "decisions": tuple(entry.get("decisions", ()))})


def composite_names() -> tuple[str, ...]:
    """Return the names of the composites as benchmarks, `composite/NAME`."""
    return tuple(f"{FAMILY}/{name}" for name in composites())


def is_composite(name: str) -> bool:
    """Return whether a name of a benchmark belongs to the family of this module."""
    return name.partition("/")[0] == FAMILY


def composite_benchmark(name: str) -> TabularBenchmark:
    """Return the benchmark of a name such as `composite/nas-bench-360-darcy-1`.

    Raises:
        NasbenchError: if there is none of that name, or its source is not available.
    """
    if name not in composite_names():
        raise unknown_name("benchmark", name, composite_names())
    return compose(composites()[name.partition("/")[2]])


def compose(composite: Composite) -> TabularBenchmark:
    """Return the benchmark of a composite."""
    return TabularBenchmark(compose_table(composite), composite.name)


@lru_cache(maxsize=32)
def compose_table(composite: Composite) -> CompositeTable:
    """Return the table of a composite."""
    # Cached, since a process opens the same benchmark for every unit of a study, and canonical forms may take seconds.
    table, _, dataset = composite.source.partition("/")
    source = _ListedTable(composite.source) if is_synthetic(composite.source) else get_table(table)
    return CompositeTable(composite, source, dataset)
