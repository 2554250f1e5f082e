"""The hypotheses that were registered before the runs, read from `registered.toml`: a model for each kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nasbench.errors import NasbenchError, unknown_name
from nasbench.files.schema import NO_KEYS, FileModel, Table, read_model
from nasbench.renamed import HYPOTHESIS, New


class Baseline(FileModel):
    """An optimizer that a hypothesis names.

    Attributes:
        name: registered name of the optimizer.
        settings: settings that the study's entry must have, defaults of the algorithm included.
    """

    name: str
    settings: Table = NO_KEYS

    def __str__(self) -> str:
        """Return the name with the settings."""
        if not self.settings:
            return self.name
        return f"{self.name} ({', '.join(f'{key} {value}' for key, value in self.settings.items())})"


class AblatedPart(FileModel):
    """A part of the method and what the study calls the method without it."""

    RENAMED: ClassVar[Mapping[str, New]] = HYPOTHESIS

    part: str
    ablated_label: str


class Hypothesis(FileModel):
    """What every registered hypothesis says.

    Attributes:
        name: its name.
        statement: what is stated.
        decision_rule: when it holds.
        falsified_by: what would change the verdict once it holds.
    """

    RENAMED: ClassVar[Mapping[str, New]] = HYPOTHESIS

    name: str
    statement: str
    decision_rule: str
    falsified_by: str

    @property
    def bound(self) -> float | None:
        """The threshold of the evidence, where that is one number."""
        return None


class StudyHypothesis(Hypothesis):
    """A hypothesis about the results of a study.

    Attributes:
        study: name of the study.
        method: label of the method that it is about.
        query_cap: unique queries that a run may take.
        runs: least number of runs.
        benchmarks: that the study must have.
        baselines: that the method is compared with, if any.
        seed: of the study; None where any will do.
        training_seed: what a query of the study returns.
        objectives: of the study; None where any will do.
    """

    study: str
    method: str
    query_cap: int
    runs: int
    benchmarks: tuple[str, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    seed: int | None = None
    training_seed: str | int = "random"
    objectives: tuple[str, ...] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that the study must have."""
        return (self.method,)


class TimeToTargetRatio(StudyHypothesis):
    """The method reaches a target in less than a fraction of each baseline's time, in each account."""

    kind: Literal["time to target"]
    target: str
    accounts: tuple[str, ...]
    threshold: float

    @property
    def bound(self) -> float:
        """The largest ratio."""
        return self.threshold


class MedianToTarget(StudyHypothesis):
    """The method reaches a target within a median number of queries by benchmark, and in a share of the runs at all."""

    kind: Literal["median to target"]
    target: str
    share: float
    medians: Mapping[str, float]


class QueriesToHypervolume(StudyHypothesis):
    """The method dominates a fraction of the hypervolume of all architectures within an error, sooner than the baselines."""

    kind: Literal["queries to hypervolume"]
    dataset: str
    error_at_most: float
    fraction: float
    threshold: float

    @property
    def bound(self) -> float:
        """The largest ratio."""
        return self.threshold


class Ablation(StudyHypothesis):
    """Each part of the method helps: without it the measure is worse."""

    kind: Literal["ablation"]
    measure: Literal["restricted mean of unique queries", "final regret"]
    target: str = ""
    parts: Annotated[tuple[AblatedPart, ...], Field(min_length=1)]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that the study must have."""
        return (self.method, *(part.ablated_label for part in self.parts))


class TrainedNetwork(Hypothesis):
    """A network that was found and trained from scratch reaches a test accuracy in %, under one of the registered plans."""

    kind: Literal["trained network"]
    plans: tuple[str, ...]
    target: float

    @property
    def bound(self) -> float:
        """The least accuracy."""
        return self.target


class VerifiedTheory(Hypothesis):
    """No claim of the theory is violated, and every mutant is rejected."""

    kind: Literal["theory"]


Registered = TimeToTargetRatio | MedianToTarget | QueriesToHypervolume | Ablation | TrainedNetwork | VerifiedTheory


class _File(FileModel):
    RENAMED: ClassVar[Mapping[str, New]] = {"claims": New("hypotheses")}

    hypotheses: tuple[Annotated[Registered, Field(discriminator="kind")], ...]


@dataclass(frozen=True)
class Registration:
    """All hypotheses with the fingerprint of their file.

    Attributes:
        hypotheses: in the order of the file.
        sha256: of the file's bytes.
    """

    hypotheses: tuple[Registered, ...]
    sha256: str

    def select(self, names: list[str]) -> tuple[Registered, ...]:
        """Return the named hypotheses, or all; raises UnknownNameError for a name that is not registered."""
        known = {hypothesis.name: hypothesis for hypothesis in self.hypotheses}
        for name in names:
            if name not in known:
                raise unknown_name("registered hypothesis", name, known)
        return tuple(known[name] for name in dict.fromkeys(names)) if names else self.hypotheses


@lru_cache(maxsize=1)
def registered() -> Registration:
    """Return the project's registration."""
    return parse(files("nasbench.reports.hypotheses").joinpath("registered.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Registration:
    """Read a registration.

    Raises:
        NasbenchError: if a hypothesis lacks a key, has an unknown key or kind, or its name twice.
    """
    hypotheses = read_model(_File, text, "registration").hypotheses
    if len({hypothesis.name for hypothesis in hypotheses}) != len(hypotheses):
        raise NasbenchError("Two registered hypotheses share a name; each needs its own.")
    return Registration(hypotheses, hashlib.sha256(text.encode()).hexdigest())
