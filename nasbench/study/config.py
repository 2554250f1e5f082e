"""A study: problems x methods x runs x budget, without hidden defaults.

A problem is a benchmark of a table (`nas-bench-201/cifar10`), a function (`nk/10x6-k2`) or a live task (`live/digits`), on which
networks are trained. A method is an ask-tell optimizer or, on live tasks, possibly a weight-sharing searcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nasbench.errors import NasbenchError, quoted, unknown_name
from nasbench.files.path_names import default_folder, path_components
from nasbench.ranges import SEED, SIZE, as_names, as_plain, count
from nasbench.search.constraints import Constraint, as_constraints
from nasbench.search.ledger import Budget
from nasbench.search.parallelism import LIES, Parallelism
from nasbench.search.search_protocol import REPEAT_POLICIES, SearchProtocol, as_epochs
from nasbench.study.live_config import LiveConfig, is_live, task_of
from nasbench.study.methods import MethodConfig, method_config
from nasbench.study.warm_start import WarmStart, as_warm_start

if TYPE_CHECKING:
    from nasbench.study.runner import Summary

MAX_RUNS = 100_000
LONGEST = "longest"
"""Value of `epochs` for the longest training of each benchmark."""
SCHEMA = 2
"""Schema version of `study.toml` and `environment.json`; files of version 1 do not state it."""


@dataclass(frozen=True, kw_only=True)
class WorkUnit:
    """The smallest unit of work and storage: a method, or a reference model, on a problem for a range of runs.

    Attributes:
        problem: name of the problem.
        label: label of the method, or name of the reference model.
        method: the method; None for a reference model of a live task.
        runs: consecutive run numbers; a unit of a live task has one.
        seed: base seed, from which the random streams of each run are derived.
        path: relative path of its files, without extension.
    """

    problem: str
    label: str
    method: MethodConfig | None
    runs: tuple[int, ...]
    seed: int
    path: str


@dataclass(frozen=True, init=False)
class Study:
    """A study; read from TOML by `load_study`, or constructed in Python from problems, methods and a budget.

    Attributes:
        problems: names of the problems; one alone, here and of the methods and objectives, is also accepted as a text.
        methods: methods, given as names, as `MethodConfig`, or as anything that `nasbench.study.methods.method_config`
            accepts.
        budget: budget of a run, also accepted as a mapping from accounts to limits.
        runs: runs of each method on each problem, numbered from 0.
        seed: base seed; on a live task run i has the seed `seed + i`.
        name, description: name and a sentence on the purpose.
        names: how reports call methods and problems, by label of a method and name of a problem.
        runs_per_file: number of runs that advance in lockstep and share a file.
        objectives, split, epochs, training_seed, repeat_policy: see `nasbench.search.search_protocol.SearchProtocol`; epochs may be
            "longest". On a live task `error` stands for the metric of the task, and the other four do not apply.
        workers, batch_size, lie: how many trainings run at once, simulated; see `nasbench.search.parallelism.Parallelism`. Each run is then
            driven alone. They do not apply to live tasks.
        constraints: limits that an architecture must keep, also accepted as texts such as "parameters <= 0.8"; see
            `nasbench.search.constraints`. They do not apply to live tasks.
        warm_start: evaluations that runs are told before their first query: what `nasbench.study.warm_start.as_warm_start` accepts, such as
            the path of a CSV file or a DataFrame. They do not apply to live tasks.
        added_at: numbers of runs at which more runs were added, in order; files end there.
        live: settings of live tasks: space, supernet, training recipes, reference models.
    """

    problems: tuple[str, ...]
    methods: tuple[MethodConfig, ...]
    budget: Budget
    runs: int
    seed: int
    name: str
    description: str
    names: Mapping[str, str]
    runs_per_file: int
    objectives: tuple[str, ...]
    split: str
    epochs: tuple[int, ...] | str
    training_seed: str | int
    repeat_policy: str
    workers: int
    batch_size: int | None
    lie: str
    constraints: tuple[Constraint, ...]
    warm_start: WarmStart | None
    added_at: tuple[int, ...]
    live: LiveConfig

    def __init__(
        self,
        *,
        problems: str | Iterable[str],
        methods: MethodConfig | str | Iterable[MethodConfig | str | Any],
        budget: Budget | Mapping[str, float],
        runs: int = 1,
        seed: int = 0,
        name: str = "study",
        description: str = "",
        names: Mapping[str, str] = MappingProxyType({}),
        runs_per_file: int = 100,
        objectives: str | Iterable[str] = ("error",),
        split: str = "validation",
        epochs: int | Iterable[int] | str = LONGEST,
        training_seed: str | int = "random",
        repeat_policy: str = "cache",
        workers: int = 1,
        batch_size: int | None = None,
        lie: str = LIES[0],
        constraints: str | Iterable[str | Constraint] = (),
        warm_start: Any = None,
        added_at: Iterable[int] = (),
        live: LiveConfig | None = None,
    ) -> None:
        each_method = methods if isinstance(methods, Iterable) and not isinstance(methods, str) else (methods,)
        named, limits = as_names("objectives", objectives), as_constraints(constraints)
        values = {
            "problems": as_names("problems", problems),
            "methods": tuple(method_config(method) for method in each_method),
            "budget": budget if isinstance(budget, Budget) else Budget(dict(budget)),
            "runs": as_plain(runs),
            "seed": as_plain(seed),
            "name": name,
            "description": description,
            "names": dict(names),
            "runs_per_file": as_plain(runs_per_file),
            "objectives": named,
            "split": split,
            "epochs": epochs if isinstance(epochs, str) else as_epochs(epochs),
            "training_seed": as_plain(training_seed),
            "repeat_policy": repeat_policy,
            "workers": as_plain(workers),
            "batch_size": as_plain(batch_size),
            "lie": lie,
            "constraints": limits,
            "warm_start": as_warm_start(warm_start, named, constraints=limits),
            "added_at": tuple(map(as_plain, added_at)),
            "live": live or LiveConfig(),
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)
        self._check()

    def _check(self) -> None:
        for what, number in (("number of runs", self.runs), ("runs_per_file", self.runs_per_file)):
            _check_runs(what, number)
        if self.repeat_policy not in REPEAT_POLICIES:
            raise unknown_name("repeat policy", self.repeat_policy, REPEAT_POLICIES)
        if self.seed not in SIZE:
            raise NasbenchError(f"The seed is {quoted(self.seed)}; it should be 0 or more, and whole.")
        for what, names, more in (
            ("problems", self.problems, ""),
            (
                "labels of methods",
                [method.label for method in self.methods],
                "; a method that comes twice needs a label",
            ),
        ):
            if not names or len(set(names)) != len(names):
                raise NasbenchError(f"The {what} are {list(names)}; name at least one, each once{more}.")
        self._check_parallelism()
        if list(self.added_at) != sorted(set(self.added_at) & set(range(1, self.runs))):
            raise NasbenchError(
                f"Runs were added at {list(self.added_at)} of {self.runs}; these should be numbers of runs that rise."
            )
        if self.constraints and self.live_problems:
            raise NasbenchError(
                f"{self.name} has live tasks, which know no constraints; leave constraints out, or search a benchmark of a table."
            )
        if self.warm_start and self.live_problems:
            raise NasbenchError(
                f"{self.name} has live tasks, with which no evaluations can be given; leave warm_start out."
            )
        if self.live_problems and (wrapped := [method.label for method in self.methods if method.no_repeats]):
            raise NasbenchError(
                f"{self.name} has live tasks, on which {wrapped[0]} cannot be run without repeats; leave no_repeats out."
            )
        if self.live_problems:
            self.live.check(self.name, self.live_problems, [method.label for method in self.methods])
            if self.live.seeds and len(self.live.seeds) != self.runs:
                raise NasbenchError(
                    f"The study {self.name} has {self.runs} runs and names {len(self.live.seeds)} seeds; name one for each run."
                )
            for run in (0, self.runs - 1):
                if self.live_seed(run) not in SEED:
                    raise NasbenchError(f"A seed of {self.name} is {self.live_seed(run)}; it should be {SEED.words}.")

    def check_names(self) -> None:
        """Raise NasbenchError if `names` has something that is no method and no problem of the study, or gives it no text."""
        known = [*(method.label for method in self.methods), *self.problems]
        known += [problem.partition("/")[2] for problem in self.problems]
        for name, shown in self.names.items():
            if name not in known:
                raise unknown_name(f"method or problem in the names of {self.name}", name, known)
            if not isinstance(shown, str) or not shown.strip():
                raise NasbenchError(f"{self.name} calls {name} {quoted(shown)}; it should be a text.")

    def _check_parallelism(self) -> None:
        parallelism = self.parallelism
        if parallelism.is_simulated and self.live_problems:
            raise NasbenchError(
                f"{self.name} has live tasks, whose trainings run one by one; leave workers and batch_size out, which are simulated on tables."
            )
        if any("wall_seconds" in self.live.of_problem(p, self.budget.limits)["budget"] for p in self.live_problems):
            raise NasbenchError(
                f"{self.name} has live tasks, whose seconds are measured, and wall_seconds is a simulated clock; limit train_seconds there."
            )
        if not parallelism.is_simulated and self.lie != LIES[0]:
            raise NasbenchError(f"{self.name} names a lie, which one worker never needs; give workers or batch_size.")

    @property
    def parallelism(self) -> Parallelism:
        """How many trainings run at once."""
        return Parallelism(workers=self.workers, batch_size=self.batch_size, lie=self.lie)

    @property
    def live_problems(self) -> tuple[str, ...]:
        """The problems that are live tasks."""
        return tuple(problem for problem in self.problems if is_live(problem))

    def live_seed(self, run: int) -> int:
        """Return the seed of a run on a live task."""
        return self.live.seeds[run] if self.live.seeds else self.seed + run

    def protocol(self, longest: int) -> SearchProtocol:
        """Return the search protocol on a benchmark whose longest training has that many epochs."""
        epochs = (longest,) if isinstance(self.epochs, str) else self.epochs
        return SearchProtocol(
            objectives=self.objectives,
            split=self.split,
            epochs=epochs,
            training_seed=self.training_seed,
            repeat_policy=self.repeat_policy,
            budget=self.budget,
            constraints=self.constraints,
        )

    def units(self) -> list[WorkUnit]:
        """Return all work units in a fixed order, problem by problem."""
        labels = path_components(
            [*(method.label for method in self.methods), *self.live.all_references(self.live_problems)]
        )
        folders = path_components(task_of(problem) if is_live(problem) else problem for problem in self.problems)
        units: list[WorkUnit] = []
        for problem in self.problems:
            make = self._live_units if is_live(problem) else self._ask_tell_units
            units += make(problem, folders[task_of(problem) if is_live(problem) else problem], labels)
        return units

    def _ask_tell_units(self, problem: str, folder: str, labels: Mapping[str, str]) -> list[WorkUnit]:
        edges = sorted({*range(0, self.runs, self.runs_per_file), *self.added_at, self.runs})
        return [
            WorkUnit(
                problem=problem,
                label=method.label,
                method=method,
                runs=tuple(range(first, end)),
                seed=self.seed,
                path=f"{folder}/{labels[method.label]}/{first:06d}-{end - 1:06d}",
            )
            for method in self.methods
            for first, end in pairwise(edges)
        ]

    def _live_units(self, problem: str, folder: str, labels: Mapping[str, str]) -> list[WorkUnit]:
        """Return the units run by run; reference models come first, and deterministic ones run once."""
        methods: list[tuple[str, MethodConfig | None]] = [(method.label, method) for method in self.methods]
        return [
            WorkUnit(
                problem=problem,
                label=label,
                method=method,
                runs=(run,),
                seed=self.live_seed(run),
                path=f"{folder}/{labels[label]}/{self.live_seed(run):06d}",
            )
            for run in range(self.runs)
            for label, method in [*((name, None) for name in self.live.references_of_run(problem, run)), *methods]
        ]

    def replace(self, **changes: Any) -> Study:
        """Return a copy of the study with some fields replaced."""
        return replace(self, **changes)

    def with_runs(self, runs: int) -> Study:
        """Return a copy of the study with another number of runs."""
        _check_runs("number of runs", runs)
        return replace(self, runs=runs, added_at=(), live=self.live.with_runs(runs))

    def with_seed(self, seed: int) -> Study:
        """Return a copy of the study with another seed."""
        return replace(self, seed=seed, live=replace(self.live, seeds=()))

    def with_constraints(self, constraints: Iterable[str | Constraint]) -> Study:
        """Return a copy of the study with further constraints."""
        return replace(self, constraints=(*self.constraints, *as_constraints(constraints)))

    def with_machines(self, workers: int | None, batch_size: int | None, lie: str | None) -> Study:
        """Return a copy of the study with other simulated machines, or another lie; what is None stays where it still applies."""
        asked = Parallelism(workers=1 if workers is None else workers, batch_size=batch_size)
        machines = self.parallelism if workers is None and batch_size is None else asked
        kept = self.lie if machines.is_simulated else LIES[0]
        return replace(self, workers=machines.workers, batch_size=machines.batch_size, lie=kept if lie is None else lie)

    def with_problems(self, problems: str | Iterable[str]) -> Study:
        """Return the study restricted to some of its problems; the prefix `live/` of a task may be omitted.

        Raises:
            NasbenchError: for a problem that it does not have.
        """
        chosen = []
        for name in as_names("problems", problems):
            found = next((p for p in self.problems if name in (p, task_of(p))), None)
            if found is None:
                raise unknown_name(f"problem of {self.name}", name, [task_of(p) for p in self.problems])
            chosen.append(found)
        return replace(self, problems=tuple(dict.fromkeys(chosen)), live=self.live.on(chosen))

    def with_table(self, table: str) -> Study:
        """Return the study on another table, such as one that was imported, wherever that has the space and the data set.

        Raises:
            NasbenchError: if there is no such table, or it can stand for none of the problems.
        """
        from nasbench.benchmarks.catalogue import move_to_table

        return replace(self, problems=move_to_table(self.problems, table))

    def extended(self, runs: int) -> Study:
        """Return the study with runs added: existing units stay unchanged, and new ones follow."""
        if runs == self.runs:
            return self
        only_live = len(self.live_problems) == len(self.problems)
        ended = () if only_live or self.runs % self.runs_per_file == 0 else (self.runs,)
        return replace(self, runs=runs, added_at=(*self.added_at, *ended), live=self.live.with_runs(runs))

    def run(
        self,
        folder: Path | str | None = None,
        *,
        jobs: int = 1,
        device: str = "auto",
        progress: Callable[[float, int], None] = lambda done, units: None,
    ) -> Summary:
        """Run all parts of the study that a results folder lacks; see `nasbench.study.runner.run_study`.

        Args:
            folder: results folder (default: `results/NAME`).
            jobs: number of processes.
            device: device for live tasks: auto, cpu or cuda.
            progress: called with (units done, units in all).
        """
        from nasbench.study.runner import run_study

        return run_study(
            self,
            Path(folder) if folder is not None else default_folder(self.name),
            jobs=jobs,
            device=device,
            progress=progress,
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return the study as plain data with all keys, except `names` and `constraints` if there are none, `added_at` if no runs were
        added, `live` if there are no live tasks, and `workers`, `batch_size` and `lie` if trainings run one by one.
        """
        return {
            "schema": SCHEMA,
            "name": self.name,
            "description": self.description,
            "seed": self.seed,
            "runs": self.runs,
            "runs_per_file": self.runs_per_file,
            "problems": list(self.problems),
            "objectives": list(self.objectives),
            "split": self.split,
            "epochs": self.epochs if isinstance(self.epochs, str) else list(self.epochs),
            "training_seed": self.training_seed,
            "repeat_policy": self.repeat_policy,
            **self._parallelism_mapping(),
            **({"constraints": [str(one) for one in self.constraints]} if self.constraints else {}),
            **({"added_at": list(self.added_at)} if self.added_at else {}),
            **({"warm_start": self.warm_start.to_mapping()} if self.warm_start else {}),
            "budget": dict(self.budget.limits),
            "methods": [method.to_mapping() for method in self.methods],
            **({"live": self.live.to_mapping()} if self.live_problems else {}),
            **({"names": dict(self.names)} if self.names else {}),
        }

    def _parallelism_mapping(self) -> dict[str, Any]:
        if not self.parallelism.is_simulated:
            return {}
        machines = {"workers": self.workers} if self.batch_size is None else {"batch_size": self.batch_size}
        return {**machines, "lie": self.lie}

    def to_toml(self) -> str:
        """Return the study as TOML, from which `load_study` reads an equal study."""
        import tomli_w  # imported here only, since reading studies and searching do not need it

        return tomli_w.dumps(self.to_mapping())


def _check_runs(what: str, number: int) -> None:
    if number not in count(MAX_RUNS):
        raise NasbenchError(f"The {what} is {number!r}; it should be a whole number between 1 and {MAX_RUNS:,}.")
