"""The optimizer protocol and its two implementations.

The file of an algorithm ends with `OPTIMIZER = Lockstep(Algorithm)` if its arrays have a leading run axis (all runs
advance in lockstep), or with `OPTIMIZER = PerRun(Algorithm)` if it is written for a single run.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.extras import PACKAGES, require_modules
from nasbench.ranges import Allowed, as_plain
from nasbench.renamed import New, with_new_names
from nasbench.search.observations import PADDING, MultiFidelityBatch, Observations, RunObservations
from nasbench.search.problem import Problem
from nasbench.search.proposals import Asker, as_architectures, as_epochs
from nasbench.search.random_streams import Streams
from nasbench.search.settings import allowed_settings, check_settings, default_settings
from nasbench.spaces.space import Architectures, Ints


class Optimizer(Protocol):
    """Proposes batches for `R` runs at once and receives their observations.

    `tell` accepts observations of any architectures, proposed or not, in any order, also before the first `ask`: evaluations that a
    search is given at its start, results that come back out of order. Rows that are not `answered` are to be ignored. An algorithm
    that cannot take what it did not propose says why in the class attribute `OWN_PROPOSALS_ONLY`, in one sentence, which users see.

    An optimizer with several operators may have an attribute `operators`: for each run, the short name of the operator
    that proposed the last batch, which is recorded in traces.

    With several machines (`nasbench.search.parallelism`) each run has an optimizer of its own, and what the algorithm declares decides
    how it is asked. The class attribute `ASYNCHRONOUS = True` says that it may be asked while proposals are pending, and is told results
    one by one in the order in which they finish; an empty proposal then means that there is nothing until a result comes back. A method
    `ask_many(count, pending)` returns at most `count` architectures `(B, d)`, or a tuple with fidelities, given those in training,
    `(P, d)`; results are told one by one, and an attribute `batch_operators` may name the operator of each proposal. Any other
    optimizer is run through the constant liar.
    """

    def ask(self) -> Architectures | MultiFidelityBatch:
        """Propose a batch `(R, B, d)`; an empty batch, or only padding, means that nothing is left to evaluate."""
        ...

    def tell(self, observations: Observations) -> None:
        """Receive observations, usually of the last batch."""
        ...


class RunOptimizer(Protocol):
    """Single-run optimizer; one with several operators may have an attribute `operator`, the name of the last one
    selected.
    """

    def ask(self) -> Architectures | tuple[Architectures, Ints]:
        """Propose `(B, d)`, or a tuple with fidelities `(B,)` if the algorithm chooses fidelities."""
        ...

    def tell(self, observations: RunObservations) -> None:
        """Receive observations, usually of the last batch; fewer than proposed if the budget ended."""
        ...


def selected_operators(optimizer: Optimizer) -> tuple[str, ...] | None:
    """Return the operator that proposed the last batch in each run; None if not reported."""
    names: Sequence[str] | None = getattr(optimizer, "operators", None)
    return None if names is None else tuple(names)


def check_proposal(answer: object, d: int, asker: Asker) -> tuple[Architectures, Ints | None]:
    """Return the batch that a single-run optimizer proposed, `(B, d)`, and its epochs, `(B,)`, where it names them.

    Raises:
        NasbenchError: if it is neither architectures nor architectures with epochs.
    """
    batch, epochs = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
    architectures = as_architectures(batch, (), d, asker)
    if architectures.min(initial=0) < 0:
        raise NasbenchError(f"{asker.name} proposed a negative choice; choices run from 0 to k - 1.")
    return architectures, None if epochs is None else as_epochs(epochs, (len(architectures),), asker)


def own_proposals_only(optimizer: Optimizer) -> str:
    """Return why an optimizer cannot be told what it did not propose, in one sentence; empty if it can."""
    algorithm = optimizer.members[0] if isinstance(optimizer, RunByRun) else optimizer
    return str(getattr(type(algorithm), "OWN_PROPOSALS_ONLY", ""))


def identify_asker(optimizer: Optimizer) -> Asker:
    """Return the `Asker` of an optimizer."""
    return (
        Asker.from_instance(optimizer.members[0]) if isinstance(optimizer, RunByRun) else Asker.from_instance(optimizer)
    )


@dataclass(frozen=True)
class _OptimizerSpec:
    """Description of an algorithm in the registry.

    Attributes:
        algorithm: the class; its keyword-only parameters are the settings.
        objectives: "one" for single-objective algorithms, else "many".
        fidelities: whether it chooses fidelities and needs a benchmark with several.
        label: qualifier that reports print after the name (such as "replayed"), usually empty.
        modules: optional packages that it imports when it is built, by the names of `nasbench.extras.PACKAGES`.
        renamed: old names of settings, accepted for one release.
    """

    algorithm: Callable[..., Any]
    objectives: str = "one"
    fidelities: bool = False
    label: str = ""
    modules: tuple[str, ...] = ()
    renamed: Mapping[str, New] = field(default_factory=dict, compare=False)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and default of each setting."""
        return default_settings(self.algorithm)

    @property
    def allowed(self) -> Mapping[str, Allowed]:
        """Range of each setting."""
        ranges = allowed_settings(self.algorithm)
        return {setting: ranges[setting] for setting in self.settings}

    @property
    def name(self) -> str:
        """Name in errors."""
        return str(getattr(self.algorithm, "__name__", "The optimizer"))

    @property
    def numbers(self) -> str:
        """How it takes the numbers of a `MixedSpace`: "as categories" unless a class attribute `NUMBERS` says "in order" or "refused"."""
        return str(getattr(self.algorithm, "NUMBERS", "as categories"))

    @property
    def workers(self) -> str:
        """How it is run on several machines: by its "batch rule", "asynchronous", or through the "constant liar"."""
        if callable(getattr(self.algorithm, "ask_many", None)):
            return "batch rule"
        return "asynchronous" if getattr(self.algorithm, "ASYNCHRONOUS", False) else "constant liar"

    @property
    def extras(self) -> tuple[str, ...]:
        """Extras of this suite that it needs, each once."""
        return tuple(dict.fromkeys(PACKAGES[module][0] for module in self.modules))

    @property
    def summary(self) -> str:
        """First sentence of the algorithm's docstring."""
        paragraph = " ".join((inspect.getdoc(self.algorithm) or "").partition("\n\n")[0].split())
        return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]

    def with_new_names(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings with current names; old names are accepted with a warning."""
        return with_new_names(settings, self.renamed, f"setting of {self.name}")

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Raise `NasbenchError` for an unknown, invalid or missing setting."""
        settings = self.with_new_names(settings)
        check_settings(self.name, "setting", settings, self.allowed)
        for setting, default in self.settings.items():
            if default is inspect.Parameter.empty and setting not in settings:
                raise NasbenchError(f"{self.name} lacks the setting {setting}, which has no default.")

    def check(self, problem: Problem, settings: Mapping[str, Any]) -> None:
        """Raise `NasbenchError` if a package is missing, the algorithm does not support this problem or a setting is unknown."""
        name = self.name
        require_modules(self.modules)
        self.check_settings(settings)
        if self.objectives == "one" and len(problem.objectives) > 1:
            raise NasbenchError(
                f"{name} minimises one objective and the study asks for {len(problem.objectives)}; choose one, or another optimizer."
            )
        if self.fidelities and len(problem.epochs) < 2:
            raise NasbenchError(
                f"{name} needs a benchmark with several fidelities and the study names {problem.epochs[0]} epochs alone; name more."
            )

    def create(self, problem: Problem, streams: Streams, settings: Mapping[str, Any] | None = None) -> Optimizer:
        """Return the optimizer of all runs of a problem; raises `NasbenchError` as `check` does."""
        settings = self.with_new_names(as_plain(settings or {}))
        self.check(problem, settings)
        return self._build(problem, streams, settings)

    def _build(self, problem: Problem, streams: Streams, settings: Mapping[str, Any]) -> Optimizer:
        raise NotImplementedError


@dataclass(frozen=True)
class Lockstep(_OptimizerSpec):
    """An algorithm `Algorithm(problem, streams, *, settings)` with a leading run axis (vectorised over runs)."""

    lockstep = True

    def _build(self, problem: Problem, streams: Streams, settings: Mapping[str, Any]) -> Optimizer:
        optimizer: Optimizer = self.algorithm(problem, streams, **settings)
        return optimizer


@dataclass(frozen=True)
class PerRun(_OptimizerSpec):
    """An algorithm `Algorithm(problem, rng, *, settings)` written for a single run."""

    lockstep = False

    def _build(self, problem: Problem, streams: Streams, settings: Mapping[str, Any]) -> Optimizer:
        return RunByRun(
            [self.algorithm(problem, streams.generator(r), **settings) for r in range(len(streams))],
            problem.space.d,
        )


class RunByRun:
    """Adapter that runs one instance per run and pads batches to equal length."""

    def __init__(self, members: list[RunOptimizer], d: int) -> None:
        self.members = members
        self.finished = np.zeros(len(members), dtype=bool)
        self._d = d

    @property
    def operators(self) -> tuple[str, ...] | None:
        """Operator selected last in each run, if every instance reports it."""
        names = [getattr(member, "operator", None) for member in self.members]
        return None if None in names else tuple(map(str, names))

    def ask(self) -> Architectures | MultiFidelityBatch:
        """Propose the batches of all runs, `(R, B, d)`, the shorter ones padded."""
        answers = [self._ask_one(r) for r in range(len(self.members))]
        lengths = np.array([len(batch) for batch, _ in answers])
        self.finished |= lengths == 0
        width = int(lengths.max(initial=0))
        padded = np.full((len(answers), width, self._d), PADDING, dtype=np.int8)
        for r, (batch, _) in enumerate(answers):
            padded[r, : len(batch)] = batch
        if all(epochs is None for _, epochs in answers):
            return padded
        fidelities = np.zeros((len(answers), width), dtype=np.int64)
        for r, (_, epochs) in enumerate(answers):
            if epochs is not None:
                fidelities[r, : len(epochs)] = epochs
        return MultiFidelityBatch(padded, fidelities)

    def _ask_one(self, run: int) -> tuple[Architectures, Ints | None]:
        """Return the batch of a run, `(B, d)`, and its epochs, `(B,)`, where it names them."""
        if self.finished[run]:
            return np.empty((0, self._d), dtype=np.int8), None
        asker = Asker.from_instance(self.members[run])
        return check_proposal(self.members[run].ask(), self._d, asker)

    def tell(self, observations: Observations) -> None:
        """Tell each instance what was answered of its batch."""
        told = observations.answered.any(axis=1)
        for r in np.flatnonzero(told):
            self.members[r].tell(observations.select_run(int(r)))
        # A batch truncated by the budget is the last of its run; one that proposed nothing may propose again when it is told more.
        unanswered = ~observations.answered & (observations.architectures[..., 0] != PADDING)
        self.finished = (self.finished & ~told) | unanswered.any(axis=1)
