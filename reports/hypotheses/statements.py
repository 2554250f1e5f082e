"""What the project states before it runs anything, read from `statements.toml`: a model for each kind of hypothesis.

A statement may be edited; what binds is its registration, see `nasbench.reports.hypotheses.registration`.
"""

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
    """What every hypothesis says.

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
        """What the evidence is compared with, where that is one number."""
        return None


class StudyHypothesis(Hypothesis):
    """A hypothesis about the results of studies: it holds only if it does in each of them.

    What is not said here (seeds, settings, budget, split, epochs) is that of the studies, and a registration writes it down.

    Attributes:
        studies: names of presets; a repetition is one more study of the same hypothesis, not another hypothesis.
        runs: of each method, exactly.
        method: label of the method that it is about.
        query_cap: unique queries that a run may take, which is the budget of the studies.
        benchmarks: on which it is judged.
        baselines: that the method is compared with, if any.
        assumed_effect: what the power is computed for: how far each number is expected beyond its threshold, in standard deviations
            of one run.
        history: what was known when it was written.
    """

    studies: Annotated[tuple[str, ...], Field(min_length=1)]
    runs: int
    method: str
    query_cap: int
    benchmarks: Annotated[tuple[str, ...], Field(min_length=1)]
    baselines: tuple[Baseline, ...] = ()
    assumed_effect: float
    history: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that the studies must have."""
        return (self.method,)

    @property
    def measures(self) -> tuple[str, ...]:
        """What is taken of each run: an account in which the target is timed, or another number."""
        return ("unique_queries",)


class TimeToTargetRatio(StudyHypothesis):
    """The method reaches a target in less than a fraction of each baseline's time, in each account.

    Attributes:
        horizon_share: times in another account than unique queries are restricted at this share of what `query_cap` queries of mean cost
            take on the table, to which every run should have been followed: the least of 99 development runs spent 0.997 of it.
    """

    kind: Literal["time to target"]
    target: str
    accounts: tuple[str, ...]
    threshold: float
    horizon_share: Annotated[float, Field(gt=0)] = 0.8

    @property
    def bound(self) -> float:
        """The largest ratio."""
        return self.threshold

    @property
    def measures(self) -> tuple[str, ...]:
        """The accounts."""
        return self.accounts


class MedianToTarget(StudyHypothesis):
    """The method reaches a target within a median number of queries by benchmark, and in a share of the runs at all."""

    kind: Literal["median to target"]
    target: str
    share: Annotated[float, Field(gt=0, lt=1)]
    medians: Mapping[str, float]


class QueriesToHypervolume(StudyHypothesis):
    """The method dominates a fraction of the hypervolume of all architectures within an error, sooner than the baselines."""

    kind: Literal["queries to hypervolume"]
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
        """Labels that the studies must have."""
        return (self.method, *(part.ablated_label for part in self.parts))

    @property
    def measures(self) -> tuple[str, ...]:
        """Regret at the end, or the time to the target."""
        return ("final regret",) if self.measure == "final regret" else ("unique_queries",)


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


Stated = TimeToTargetRatio | MedianToTarget | QueriesToHypervolume | Ablation | TrainedNetwork | VerifiedTheory
"""A hypothesis of any kind."""

AnyHypothesis = Annotated[Stated, Field(discriminator="kind")]


class _File(FileModel):
    RENAMED: ClassVar[Mapping[str, New]] = {"claims": New("hypotheses")}

    hypotheses: tuple[AnyHypothesis, ...]


@dataclass(frozen=True)
class Statements:
    """All hypotheses with the fingerprint of their file.

    Attributes:
        hypotheses: in the order of the file.
        sha256: of the file's bytes.
    """

    hypotheses: tuple[Stated, ...]
    sha256: str

    def select(self, names: list[str]) -> tuple[Stated, ...]:
        """Return the named hypotheses, or all; raises UnknownNameError for a name that is not there."""
        known = {hypothesis.name: hypothesis for hypothesis in self.hypotheses}
        for name in names:
            if name not in known:
                raise unknown_name("hypothesis", name, known)
        return tuple(known[name] for name in dict.fromkeys(names)) if names else self.hypotheses


@lru_cache(maxsize=1)
def load_statements() -> Statements:
    """Return the project's hypotheses."""
    return parse(files("nasbench.reports.hypotheses").joinpath("statements.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Statements:
    """Read hypotheses from TOML.

    Raises:
        NasbenchError: if a hypothesis lacks a key, has an unknown key or kind, or its name twice.
    """
    hypotheses = read_model(_File, text, "file of hypotheses").hypotheses
    if len({hypothesis.name for hypothesis in hypotheses}) != len(hypotheses):
        raise NasbenchError("Two hypotheses share a name; each needs its own.")
    return Statements(hypotheses, hashlib.sha256(text.encode()).hexdigest())
