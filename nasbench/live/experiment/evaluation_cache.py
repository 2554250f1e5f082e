"""Cache of the trainings of a search from scratch, from which a killed search is replayed."""

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
    """Evaluations by query, written after each; without a path they are only kept in this process.

    A search is deterministic given its evaluations, so a search restarted with the cache of a killed one repeats its
    queries, is charged the seconds measured then, and continues where it stopped.

    Args:
        path: the file; None for no file.
        identity: everything that the trainings depend on; another identity is refused.
        upgrade: converts the identity in a file of the first edition to the current one.

    Attributes:
        replayed_seconds: measured seconds of the evaluations read from the file.
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
        """Return the evaluation at (row, level, run, repetition), training now unless it is cached."""
        key = "/".join(map(str, place))
        if key in self.answers:
            self.replayed_seconds += self.answers[key][2]
            return self.answers[key]
        self.answers[key] = train()
        if self.path:
            write_sealed(self.path, {"identity": self.identity, "answers": self.answers})
        return self.answers[key]
