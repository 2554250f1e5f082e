"""A benchmark from a Python function of one architecture."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.benchmarks.function_benchmark import SAMPLED
from nasbench.errors import NasbenchError
from nasbench.search.methods import source_sha256
from nasbench.spaces.mixed import mixed_part
from nasbench.spaces.space import Architectures, Floats, Space

EXHAUSTIVE = 10_000
"""Maximum number of architectures that are enumerated to find an optimum that was not stated."""


@dataclass(frozen=True)
class PythonFunction:
    """A function of one architecture as a landscape, minimised; it should be deterministic, since values are cached.

    Attributes:
        space: the space.
        function: function of a vector `(d,)`, or of one keyword argument per decision if `values` are given or the space is a
            `MixedSpace` or part of one, whose values it gets, None for inactive ones; returns a number.
        values: values of the choices of each decision; None if the function takes the vector.
        stated_optimum: the smallest value, if known.
    """

    space: Space
    function: Callable[..., float]
    values: Mapping[str, Sequence[Any]] | None = None
    stated_optimum: float | None = None
    _known: dict[bytes, float] = field(default_factory=dict, repr=False, compare=False)

    def __call__(self, architectures: Architectures) -> Floats:
        """Return the values of architectures, `(..., d)` to `(...)`."""
        flat = np.ascontiguousarray(architectures.reshape(-1, self.space.d))
        if self._is_mixed:
            flat = np.ascontiguousarray(self.space.canonical(flat))
        return np.array([self._value(one) for one in flat]).reshape(architectures.shape[:-1])

    @cached_property
    def _is_mixed(self) -> bool:
        return mixed_part(self.space) is not None

    def _value(self, architecture: Architectures) -> float:
        key = architecture.tobytes()
        if key not in self._known:
            if self._is_mixed:
                value = self.function(**self.space.values(architecture))
            elif self.values is None:
                value = self.function(architecture)
            else:
                pairs = zip(self.values.items(), architecture, strict=True)
                value = self.function(**{name: choices[int(at)] for (name, choices), at in pairs})
            if not np.isfinite(value):
                name = getattr(self.function, "__name__", "The function")
                raise NasbenchError(
                    f"{name} gave {value} for {self.space.to_string(architecture)}; it should give a finite number."
                )
            self._known[key] = float(value)
        return self._known[key]

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the source of the function and the values of its choices, which identifies the function in
        results.
        """
        told = f"{source_sha256(inspect.unwrap(self.function))} {self.space.name} {self.space.choices} {self.values}"
        if (mixed := mixed_part(self.space)) is not None:
            told += f" {[decision.to_mapping() for decision in mixed.definitions]}"
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def knows_optimum(self) -> bool:
        """Whether the optimum was stated, or the space is small enough to evaluate all of it."""
        return self.stated_optimum is not None or self.space.size <= EXHAUSTIVE

    @cached_property
    def optimum(self) -> float:
        """Smallest value: the stated one, else that of all architectures.

        Raises:
            NasbenchError: if none was stated and there are more than `EXHAUSTIVE` architectures.
        """
        if self.stated_optimum is not None:
            return self.stated_optimum
        if self.space.size > EXHAUSTIVE:
            raise NasbenchError(
                f"The optimum of {self.space.name} is not known, and regret needs it; register the function with optimum=."
            )
        return float(self(self.space.all).min())

    @cached_property
    def mean(self) -> float:
        """Mean value: of all architectures, or of `SAMPLED` random ones where there are more than `EXHAUSTIVE`."""
        if self.space.size <= EXHAUSTIVE:
            return float(self(self.space.all).mean())
        uniform = np.random.default_rng(0).random((SAMPLED, self.space.d))
        return float(self(self.space.sample(uniform)).mean())
