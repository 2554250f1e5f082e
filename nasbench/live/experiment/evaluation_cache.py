"""What a search that trains alone has trained already: a killed search asks again and is answered from here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.sealed import read_sealed, write_sealed

Evaluation = tuple[list[float], int, float]
"""Objectives, training seed, measured seconds."""


class EvaluationCache:
    """Answers to queries by their place, written after each; one without a path remembers nothing beyond this process.

    A search is deterministic in what it is answered, so one that starts anew with the journal of one that was killed
    asks the same, pays the seconds measured then, and goes on where that one stopped.

    Args:
        path: the file; None keeps none.
        identity: what the trainings depend on; a cache of something else is refused.
        upgrade: the identity in a file of the first edition to that of today.

    Attributes:
        replayed_seconds: measured seconds of the answers that came from the file.
    """

    def __init__(
        self,
        path: Path | None = None,
        identity: Mapping[str, Any] | None = None,
        upgrade: Callable[[Mapping[str, Any]], dict[str, Any]] = dict,
    ) -> None:
        self.path, self.replayed_seconds = path, 0.0
        self.identity = json.loads(json.dumps(dict(identity or {})))
        self.answers: dict[str, Evaluation] = {}
        if path and path.exists():
            content = read_sealed(path, "evaluation cache")
            if upgrade(content["identity"]) != self.identity:
                raise NasbenchError(f"{path} is the evaluation cache of another search; choose another folder.")
            self.answers = {key: (list(v), int(seed), float(s)) for key, (v, seed, s) in content["answers"].items()}

    def answer(self, place: tuple[int, ...], train: Callable[[], Evaluation]) -> Evaluation:
        """Return the answer at a place (row, level, run, repetition), trained now unless the file has it."""
        key = "/".join(map(str, place))
        if key in self.answers:
            self.replayed_seconds += self.answers[key][2]
            return self.answers[key]
        self.answers[key] = train()
        if self.path:
            write_sealed(self.path, {"identity": self.identity, "answers": self.answers})
        return self.answers[key]
