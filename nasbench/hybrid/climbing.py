"""The hybrid with the acquisition climbed from incumbents in every space, as it is in spaces that are too large to list; to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np

from nasbench.hybrid.candidate_selection import CandidateSelection
from nasbench.hybrid.optimizer import Hybrid
from nasbench.hybrid.parts import Parts
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem


class ClimbingSelection(CandidateSelection):
    """Candidate selection that does not list the space; the surrogate and its exploration are those of a space that is listed."""

    @property
    def enumeration(self) -> None:
        """None."""
        return None


class ClimbingHybrid(Hybrid):
    """The hybrid that scores incumbents' neighbours and uniform architectures and climbs from there, where it could score everything.

    Args:
        problem: the search problem.
        rng: random numbers of the run.
        settings: those of `Hybrid`.
    """

    def __init__(self, problem: Problem, rng: np.random.Generator, **settings: Any) -> None:
        super().__init__(problem, rng, Parts(selection=ClimbingSelection), **settings)


OPTIMIZER = PerRun(ClimbingHybrid, objectives="many")
