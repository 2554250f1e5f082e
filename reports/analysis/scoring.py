"""Which split a search saw and which one scores what it found: every sentence about splits is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nasbench.reports.wording import join_names, pluralize

Kind = Literal["table", "closed form", "surrogate", "recorded"]
UNSPLIT: Mapping[Kind, str] = {
    "table": "value in the table",
    "closed form": "exact value",
    "surrogate": "prediction of the surrogate",
    "recorded": "mean recorded value",
}
"""What scores where the objective knows no splits."""


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """How one benchmark of a study is scored.

    Attributes:
        name: of the benchmark, in headings.
        searched: split on which the search optimised; empty where the objective knows no splits.
        scored: split that scores; empty where the objective knows no splits.
        epochs: length of the training that scores; 0 where the table does not count epochs.
        trained: epochs of the trainings that answered the search; empty where the table does not count them.
        has_test: whether the benchmark has a test split.
        kind: where values come from.
    """

    name: str
    searched: str
    scored: str
    epochs: int = 0
    trained: tuple[int, ...] = ()
    has_test: bool = False
    kind: Kind = "table"

    @property
    def is_exact(self) -> bool:
        """Whether scores are values of a closed form."""
        return self.kind == "closed form"

    @property
    def is_unseen(self) -> bool:
        """Whether the split that scores is not the one that was searched."""
        return self.scored != self.searched

    @property
    def score(self) -> str:
        """What scores an architecture."""
        if not self.scored:
            return UNSPLIT[self.kind]
        after = f" after {pluralize(self.epochs, 'epoch')}" if self.epochs else ""
        return f"mean over training seeds on the {self.scored} split{after}"

    @property
    def training(self) -> str:
        """The training that answered the search."""
        if self.is_exact or not self.searched:
            return ""
        lengths = join_names([f"{epochs:,}" for epochs in self.trained]) if self.trained else ""
        unit = "epoch" if self.trained == (1,) else "epochs"
        return f"{lengths} {unit}" if lengths else "the one that the table records, in epochs that it does not count"


LIVE_SCORING = Scoring(name="each task", searched="search", scored="test", has_test=True)
"""On a live task the search uses the training and search splits, and the final network is scored on the test split."""


def scored_by(scorings: Sequence[Scoring]) -> str:
    """Return what scores the architectures of some benchmarks, in words."""
    return join_names(list(dict.fromkeys(one.score for one in scorings)), "or")


def searched_on(scorings: Sequence[Scoring]) -> str:
    """Return what the search ranked architectures by: `seed mean on the validation split, which the search used`."""
    texts = [
        f"seed mean on the {s.searched} split, which the search used" if s.searched else s.score
        for s in scorings
    ]  # fmt: skip
    return join_names(list(dict.fromkeys(texts)), "or")


def exposure(scorings: Sequence[Scoring]) -> tuple[str, ...]:
    """Return sentences on whether scores come from data that the search did not use; none where there are no splits."""
    known = [s for s in scorings if not s.is_exact and s.scored]
    unseen = [s for s in known if s.is_unseen]
    lacking = [s for s in known if not s.is_unseen and not s.has_test]
    used = [s for s in known if not s.is_unseen and s.has_test]
    sentences = []
    for (split, searched), names in _by(unseen).items():
        of = f" of {join_names(names)}" if len(unseen) < len(known) else ""
        sentences.append(
            f"The search used the {searched} split; scores{of} are those of the {split} split, which no optimizer sees."
        )
    for (split, _), names in _by(lacking).items():
        sentences.append(
            f"There is no test split of {join_names(names)} in the table: scores are seed means on the {split} split that the search optimised, "
            "so they are somewhat optimistic."
        )
    for (split, _), names in _by(used).items():
        sentences.append(
            f"On {join_names(names)} the search used the {split} split itself: scores are values that the search optimised, so they are "
            "optimistic and do not estimate performance on unseen data."
        )
    return tuple(sentences)


def is_held_out(scorings: Sequence[Scoring]) -> bool:
    """Return whether every score that knows splits comes from one that the search did not use."""
    return all(s.is_exact or not s.scored or s.is_unseen for s in scorings)


def _by(scorings: Sequence[Scoring]) -> dict[tuple[str, str], list[str]]:
    """Return the names by (split that scores, split that was searched)."""
    groups: dict[tuple[str, str], list[str]] = {}
    for scoring in scorings:
        groups.setdefault((scoring.scored, scoring.searched), []).append(scoring.name)
    return groups
