"""Batches of queries and their observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.space import Architectures, Floats, Ints

PADDING = -1
"""Padding value: architectures filled with it are not evaluated. It pads batches of different length in different runs.
"""


@dataclass(frozen=True)
class MultiFidelityBatch:
    """A batch with a fidelity for each query; optimizers with a single fidelity return only architectures.

    Attributes:
        architectures: `(R, B, d)`.
        epochs: `(R, B)`, each one of `Problem.epochs`.
    """

    architectures: Architectures
    epochs: Ints


@dataclass(frozen=True)
class Observations:
    """Observations of a batch. Where `answered` is false nothing was evaluated or charged, and objectives are NaN.

    Attributes:
        architectures: `(R, B, d)`.
        objectives: `(R, B, M)`, minimised, in the order of `Problem.objectives`; of an infeasible architecture what the rule of
            `nasbench.search.constraints` makes of them.
        charged_seconds: seconds charged, `(R, B)`.
        epochs: fidelity, `(R, B)`.
        training_seed: seed of the training observed, `(R, B)`; -1 for a mean over seeds.
        answered: `(R, B)`.
        is_new_architecture: whether the run queried the architecture (at this fidelity) for the first time, `(R, B)`.
        is_new_isomorphism_class: the same up to isomorphism, `(R, B)`.
        operators: name of the operator that proposed the batch in each run, `(R,)`; None if not reported.
        feasible: whether every constraint holds, `(R, B)`; None, as the next two, in a search without constraints.
        constraint_values: value of the quantity of each constraint, minimised, `(R, B, K)`, in the order of `Problem.limits`.
        unpenalised: the objectives without that rule, `(R, B, M)`.
    """

    architectures: Architectures
    objectives: Floats
    charged_seconds: Floats
    epochs: Ints
    training_seed: Ints
    answered: NDArray[np.bool_]
    is_new_architecture: NDArray[np.bool_]
    is_new_isomorphism_class: NDArray[np.bool_]
    operators: tuple[str, ...] | None = None
    feasible: NDArray[np.bool_] | None = None
    constraint_values: Floats | None = None
    unpenalised: Floats | None = None

    @classmethod
    def given(cls, architectures: Architectures, objectives: Floats, epochs: Ints) -> Observations:
        """Return evaluations that were made elsewhere, as observations that cost nothing and are no queries.

        Args:
            architectures: `(R, B, d)`, with `PADDING` where a run is given fewer than others.
            objectives: `(R, B, M)`, minimised.
            epochs: fidelity of each, `(R, B)`.
        """
        shape = architectures.shape[:2]
        nothing = np.zeros(shape, dtype=bool)
        told = architectures[..., 0] != PADDING
        return cls(architectures, objectives, np.zeros(shape), epochs, np.full(shape, -1), told, nothing, nothing)

    def select_run(self, position: int) -> RunObservations:
        """Return the answered queries of one run, compact."""
        kept = self.answered[position]
        return RunObservations(
            self.architectures[position, kept],
            self.objectives[position, kept],
            self.charged_seconds[position, kept],
            self.epochs[position, kept],
            self.training_seed[position, kept],
            *(None if field is None else field[position, kept] for field in self._of_constraints),
        )

    def columns(self) -> list[Observations]:
        """Return the batch one observation of each run at a time, `B` times `(R, 1)`."""
        names = [f.name for f in fields(Observations) if isinstance(getattr(self, f.name), np.ndarray)]
        cut: list[dict[str, Any]] = [
            {name: getattr(self, name)[:, b : b + 1] for name in names} for b in range(self.answered.shape[1])
        ]
        return [replace(self, **one) for one in cut]

    @property
    def _of_constraints(self) -> tuple[NDArray[np.bool_] | None, Floats | None, Floats | None]:
        return self.feasible, self.constraint_values, self.unpenalised


def join(batches: Sequence[Observations]) -> Observations:
    """Return batches of the same runs as one, in their order; without operators, which are of a single batch."""
    arrays = [f.name for f in fields(Observations) if isinstance(getattr(batches[0], f.name), np.ndarray)]
    joined = {name: np.concatenate([getattr(batch, name) for batch in batches], axis=1) for name in arrays}
    return replace(batches[0], **joined, operators=None)


@dataclass(frozen=True)
class RunObservations:
    """The answered queries of a batch of one run; fields as in `Observations` without the run axis."""

    architectures: Architectures
    objectives: Floats
    charged_seconds: Floats
    epochs: Ints
    training_seed: Ints
    feasible: NDArray[np.bool_] | None = None
    constraint_values: Floats | None = None
    unpenalised: Floats | None = None

    def __len__(self) -> int:
        return len(self.architectures)

    def as_batch(self) -> Observations:
        """Return them as a batch of one run, `(1, B)`, in which nothing is new."""
        values = {f.name: value[None] for f in fields(self) if (value := getattr(self, f.name)) is not None}
        nothing = np.zeros((1, len(self)), dtype=bool)
        return Observations(**values, answered=~nothing, is_new_architecture=nothing, is_new_isomorphism_class=nothing)
