"""Batches: several architectures that are proposed from one fit of the surrogate, while others may be in training.

Between two proposals a batch rule accounts for what is pending, which is what is in training and what the batch has so far, and no
candidate of a pending isomorphism class is left. Nothing is learned from that: the next batch begins from the history alone.

Evolution and the gradient make a batch more diverse, but on development tables that is worth less than the kriging believer, and nothing
beside it (docs/HYBRID.md, section Batches); in batches they are on and off as they are in sequential search.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nasbench.hybrid.batch_rules import BatchRule
from nasbench.hybrid.candidate_selection import CandidateSelection
from nasbench.hybrid.multi_objective_surrogate import MultiObjectiveSurrogate
from nasbench.spaces.space import Architectures


class Batch:
    """What is pending while a batch is proposed, and the candidates that are left.

    Args:
        selection: from all candidates.
        surrogate: None if off.
        make_rule: of a surrogate that was just fitted; None for a batch of one with nothing pending, which needs no rule.
        in_training: architectures `(P, d)`.

    Attributes:
        selection: from the candidates that are left.
        pending: architectures in training, then the batch.
    """

    def __init__(
        self,
        selection: CandidateSelection,
        surrogate: MultiObjectiveSurrogate | None,
        make_rule: Callable[[MultiObjectiveSurrogate], BatchRule] | None,
        in_training: Architectures,
    ) -> None:
        self.selection = selection.copy()
        self.pending: list[Architectures] = []
        self._surrogate = surrogate
        self._make_rule = make_rule
        self._rule: BatchRule | None = None
        self._is_fitted = False
        for architecture in in_training:
            self.add(architecture)

    def fit(self) -> None:
        """Condition the surrogate on the history and the rule on what is pending, when they are needed for the first time."""
        if self._surrogate is None or self._is_fitted:
            return
        self._is_fitted = True
        self._surrogate.update()
        if self._make_rule is not None:
            self._rule = self._make_rule(self._surrogate)
            self.selection.score_by(self._rule)
            self._account_for(self.pending)

    def add(self, architecture: Architectures) -> None:
        """Let an architecture `(d,)` be pending from now on."""
        self.pending.append(architecture)
        self.selection.add_pending(architecture)
        self._account_for([architecture])

    def _account_for(self, architectures: list[Architectures]) -> None:
        if self._rule is not None and architectures:
            rungs = np.array([self.selection.rung(architecture) for architecture in architectures])
            self._rule.add(np.array(architectures), rungs)
