"""A study: benchmarks x optimizers x runs x budget, written in TOML, with nothing left to a hidden default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from nasbench.benchmarks.catalogue import expand_benchmarks
from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.documents import parse_toml, read_text
from nasbench.files.path_names import path_components
from nasbench.reader import Reader
from nasbench.search.ledger import Budget
from nasbench.search.search_protocol import SearchProtocol

MAX_RUNS = 100_000
LONGEST = "longest"
"""In place of a list of epochs: the longest training that each benchmark has."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One optimizer of a study.

    Attributes:
        name: registered name.
        label: how reports call it; unique within the study.
        settings: its settings, where they differ from the algorithm's defaults.
    """

    name: str
    label: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The work that one file of traces holds: one optimizer on one benchmark for a range of runs.

    Attributes:
        benchmark: which.
        entry: the optimizer.
        runs: one after another.
        folder: `benchmark/label` as `nasbench.files.path_names.path_components` writes them in this study.
    """

    benchmark: str
    entry: Entry
    runs: tuple[int, ...]
    folder: str

    @property
    def path(self) -> str:
        """Place below a results folder, without ending: `benchmark/label/first-last`."""
        return f"{self.folder}/{self.runs[0]:06d}-{self.runs[-1]:06d}"


@dataclass(frozen=True, kw_only=True)
class Study:
    """A plan of runs; `load_study` reads one.

    Attributes:
        name: name of the study.
        description: a sentence on what it is for.
        seed: seed of every random stream.
        runs: runs of each optimizer on each benchmark, numbered from 0.
        chunk: runs that advance in lockstep and share a file.
        benchmarks: names, each `table/dataset`; in a file also patterns such as `nas-bench-graph/*`, which stand for those of
            the tables at hand.
        objectives, split, epochs, training_seed, repeats: see `nasbench.search.search_protocol.SearchProtocol`; epochs may be
            "longest".
        budget: see `nasbench.search.ledger.Budget`.
        optimizers: the entries.
        added_at: numbers of runs that the study had, in order, when more were added; a file ends there.
    """

    name: str
    description: str
    seed: int
    runs: int
    chunk: int
    benchmarks: tuple[str, ...]
    objectives: tuple[str, ...]
    split: str
    epochs: tuple[int, ...] | str
    training_seed: str | int
    repeats: str
    budget: Budget
    optimizers: tuple[Entry, ...]
    added_at: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for what, number in (("number of runs", self.runs), ("chunk", self.chunk)):
            if not 1 <= number <= MAX_RUNS:
                raise NasbenchError(f"The {what} is {number}; it should be between 1 and {MAX_RUNS:,}.")
        if self.seed < 0:
            raise NasbenchError(f"The seed is {self.seed}; it should be 0 or more.")
        for what, names in (
            ("benchmarks", self.benchmarks),
            ("labels of optimizers", [entry.label for entry in self.optimizers]),
        ):
            if not names or len(set(names)) != len(names):
                raise NasbenchError(f"The {what} are {list(names)}; name at least one, each once.")
        if list(self.added_at) != sorted(set(self.added_at) & set(range(1, self.runs))):
            raise NasbenchError(
                f"Runs were added at {list(self.added_at)} of {self.runs}; these should be numbers of runs that rise."
            )

    def protocol(self, longest: int) -> SearchProtocol:
        """The search side of the study on a benchmark whose longest training has that many epochs."""
        epochs = (longest,) if isinstance(self.epochs, str) else self.epochs
        return SearchProtocol(
            objectives=self.objectives,
            split=self.split,
            epochs=epochs,
            training_seed=self.training_seed,
            repeats=self.repeats,
            budget=self.budget,
        )

    def units(self) -> list[Unit]:
        """All work of the study, in a fixed order."""
        edges = sorted({*range(0, self.runs, self.chunk), *self.added_at, self.runs})
        chunks = [tuple(range(*edge)) for edge in pairwise(edges)]
        folders, labels = path_components(self.benchmarks), path_components(entry.label for entry in self.optimizers)
        return [
            Unit(benchmark=b, entry=e, runs=c, folder=f"{folders[b]}/{labels[e.label]}")
            for b in self.benchmarks
            for e in self.optimizers
            for c in chunks
        ]

    def with_runs(self, runs: int) -> Study:
        """The same study planned with another number of runs."""
        return replace(self, runs=runs, added_at=())

    def with_seed(self, seed: int) -> Study:
        """The same study with another seed."""
        return replace(self, seed=seed)

    def extended(self, runs: int) -> Study:
        """The same study with runs added: its units stay what they are, and others follow."""
        if runs == self.runs:
            return self
        ended = () if self.runs % self.chunk == 0 else (self.runs,)
        return replace(self, runs=runs, added_at=(*self.added_at, *ended))

    def to_mapping(self) -> dict[str, Any]:
        """The study as plain data, every key present but `added_at` where no runs were added."""
        return {
            "name": self.name,
            "description": self.description,
            "seed": self.seed,
            "runs": self.runs,
            "chunk": self.chunk,
            "benchmarks": list(self.benchmarks),
            "objectives": list(self.objectives),
            "split": self.split,
            "epochs": self.epochs if isinstance(self.epochs, str) else list(self.epochs),
            "training_seed": self.training_seed,
            "repeats": self.repeats,
            "budget": dict(self.budget.limits),
            "optimizers": [{"name": e.name, "label": e.label, "settings": dict(e.settings)} for e in self.optimizers],
            **({"added_at": list(self.added_at)} if self.added_at else {}),
        }

    def to_toml(self) -> str:
        """The study as TOML; `load_study` reads it back to an equal one."""
        import tomli_w  # only here: to read studies and to search needs it not

        return tomli_w.dumps(self.to_mapping())


def preset_names() -> tuple[str, ...]:
    """Names of the studies that come with the suite."""
    return tuple(
        sorted(
            p.name.removesuffix(".toml")
            for p in (files("nasbench.study") / "presets").iterdir()
            if p.name.endswith(".toml")
        )
    )


def load_study(name_or_path: str) -> Study:
    """Read a preset by name, or a TOML file.

    Raises:
        NasbenchError: if there is neither, or the file is not a study, saying where and what would be right.
    """
    if name_or_path in preset_names():
        text = (files("nasbench.study") / "presets" / f"{name_or_path}.toml").read_text(encoding="utf-8")
        return parse_study(text, name_or_path)
    path = Path(name_or_path)
    if path.suffix != ".toml" and not path.exists():
        raise unknown_name("preset", name_or_path, preset_names())
    return parse_study(read_text(path, f"study {name_or_path}"), name_or_path)


def parse_study(text: str, where: str) -> Study:
    """Read a study from TOML; `where` names the source in errors."""
    return _study(Reader(parse_toml(text, f"study {where}"), f"study {where}"))


def parse_entries(raw: Reader) -> tuple[Entry, ...]:
    """Read the [[optimizers]] tables of a study."""
    optimizers = []
    for table in raw.take("optimizers", list, "a list of [[optimizers]] tables"):
        if not isinstance(table, dict):
            raise NasbenchError(f"The {raw.where}: each optimizer should be a [[optimizers]] table with a name.")
        entry = Reader(table, f"{raw.where}, optimizers")
        name = entry.take("name", str, "the name of an optimizer")
        optimizers.append(
            Entry(
                name=name,
                label=entry.take("label", str, "a text", name),
                settings=entry.take("settings", dict, "a table", {}),
            )
        )
        entry.finish()
    return tuple(optimizers)


def _study(raw: Reader) -> Study:
    optimizers = parse_entries(raw)
    epochs = raw.take("epochs", (list, str), f"a list of numbers or {LONGEST!r}")
    if isinstance(epochs, str) and epochs != LONGEST:
        raise NasbenchError(f"The {raw.where}: epochs is {epochs!r}; it should be a list of numbers or {LONGEST!r}.")
    study = Study(
        name=raw.take("name", str, "a text"),
        description=raw.take("description", str, "a text", ""),
        seed=raw.take("seed", int, "a whole number"),
        runs=raw.take("runs", int, "a whole number"),
        chunk=raw.take("chunk", int, "a whole number", 100),
        benchmarks=expand_benchmarks(raw.texts("benchmarks")),
        objectives=tuple(raw.texts("objectives")),
        split=raw.take("split", str, "a text"),
        epochs=epochs if isinstance(epochs, str) else tuple(raw.numbers("epochs", epochs)),
        training_seed=raw.take("training_seed", (str, int), "'random', 'mean' or a seed"),
        repeats=raw.take("repeats", str, "a text"),
        budget=Budget(raw.take("budget", dict, "a [budget] table")),
        optimizers=optimizers,
        added_at=tuple(raw.numbers("added_at", raw.take("added_at", list, "a list of numbers of runs", []))),
    )
    raw.finish()
    return study
