"""Validation of proposals, i.e. of the return values of `ask()`.

Nothing is broadcast, and only integers whose values fit are cast, so that the commonest mistake, `(d,)` instead of `(1,
d)`, is an error that names the optimizer instead of a wrong result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Architectures, Ints, Space

_INT8 = np.dtype(np.int8)


@dataclass(frozen=True)
class Asker:
    """The optimizer that proposes a batch, for validation.

    Attributes:
        name: name in errors.
        repaired: whether infeasible combinations are replaced by the nearest architecture instead of being an error.
            Declared by a class attribute `REPAIRED = True`, as in algorithms that enumerate all neighbours of an
            architecture.
    """

    name: str = "The optimizer"
    repaired: bool = True

    @classmethod
    def from_instance(cls, algorithm: object) -> Asker:
        """Return an instance of an algorithm, or of a wrapper that names it as its `asker`, as an `Asker`."""
        if isinstance(named := getattr(algorithm, "asker", None), cls):
            return named
        kind = type(algorithm)
        return cls(kind.__name__, bool(getattr(kind, "REPAIRED", False)))


def as_architectures(proposed: object, lead: tuple[int, ...], d: int, asker: Asker) -> Architectures:
    """Return proposed architectures as `int8`, `(*lead, B, d)` for any `B`.

    Raises:
        NasbenchError: unless it is an integer array of that shape whose values fit.
    """
    if not isinstance(proposed, np.ndarray) or proposed.dtype.kind not in "iu" or not _fits(proposed.shape, lead, d):
        raise NasbenchError(
            f"{asker.name} proposed {_describe(proposed)}; it should be an integer array of shape {_shape((*lead, 'B', d))}."
        )
    if proposed.dtype == _INT8:
        return proposed
    if proposed.size and not (proposed.min() >= -128 and proposed.max() <= 127):
        raise NasbenchError(
            f"{asker.name} proposed choices from {proposed.min()} to {proposed.max()}; they run from 0 to k - 1."
        )
    return proposed.astype(_INT8)


def as_epochs(given: object, shape: tuple[int, ...], asker: Asker) -> Ints:
    """Return the fidelities of a batch as integers of that shape; raises NasbenchError if they are not."""
    if not isinstance(given, np.ndarray) or given.dtype.kind not in "iu" or given.shape != shape:
        raise NasbenchError(
            f"{asker.name} gave {_describe(given)} as the epochs of its proposal; it should be an integer array of shape {_shape(shape)}."
        )
    return given.astype(np.int64, copy=False)


def refuse_infeasible(architectures: Architectures, space: Space, asker: Asker) -> None:
    """Raise NasbenchError if one of `(n, d)` combinations is not an architecture of the space."""
    feasible = space.is_feasible(architectures)
    if not feasible.all():
        fault = architectures[int(feasible.argmin())].tolist()
        raise NasbenchError(
            f"{asker.name} proposed {fault}, which is no architecture of space {space.name!r}; `space.is_feasible` tells which are."
        )


def _fits(found: tuple[int, ...], lead: tuple[int, ...], d: int) -> bool:
    return len(found) == len(lead) + 2 and found[-1] == d and found[:-2] == lead


def _shape(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _describe(thing: object) -> str:
    if thing is None:
        return "None"
    if not isinstance(thing, np.ndarray):
        return f"an object of type {type(thing).__name__}"
    return f"an array of {thing.dtype} of shape {_shape(thing.shape)}"
