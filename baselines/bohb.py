"""BOHB (Falkner, Klein and Hutter, ICML 2018): Hyperband whose new architectures come from kernel density estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from nasbench.baselines.successive_halving import Eta, SuccessiveHalving, hpbandster_bracket
from nasbench.ranges import Probability, count, positive
from nasbench.search.observations import RunObservations
from nasbench.search.operation_counter import record
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.spaces.space import Architectures, Floats, Ints

SMALLEST = 1e-32
"""Lower bound on densities (HpBandSter)."""


class Bohb(SuccessiveHalving):
    """Hyperband with a model of good and bad architectures at the highest fidelity with enough observations.

    Follows the authors' HpBandSter (`config_generators/bohb.py`, `optimizers/bohb.py`); defaults are those of the NATS-Bench
    experiments (AutoDL-Projects `bohb.py`): 4 samples per proposal, no random fraction, bandwidth at least 0.3. Two
    differences from HpBandSter: the kernel uses the number of choices of a decision (statsmodels uses those observed),
    and a bandwidth is at most `(k - 1) / k`, where the kernel is flat (the rule of thumb can exceed it, and makes
    densities negative).

    Args:
        problem: the benchmark; it needs several fidelities.
        rng: the run's generator.
        eta: factor between rungs.
        n_candidates: samples around good architectures; the one with the best density ratio is proposed.
        random_fraction: fraction of uniform proposals.
        min_bandwidth: smallest bandwidth of a decision.
        top_fraction: fraction of a fidelity's architectures that count as good, at least `d + 1`.
        overlap: whether a worker for which every bracket waits starts the next one (HpBandSter does); otherwise it waits, too.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        eta: Eta = 3.0,
        n_candidates: Annotated[int, count(10_000), IntRange(2, 128, log=True)] = 4,
        random_fraction: Annotated[Probability, FloatRange(0.0, 0.5)] = 0.0,
        min_bandwidth: Annotated[float, positive(1), FloatRange(0.01, 0.5, log=True)] = 0.3,
        top_fraction: Annotated[float, positive(0.5), FloatRange(0.05, 0.4)] = 0.15,
        overlap: bool = False,
    ) -> None:
        super().__init__(problem, rng, eta=eta, overlap=overlap)
        self._samples, self._random_fraction = n_candidates, random_fraction
        self._min_bandwidth, self._good_share = min_bandwidth, top_fraction
        self._seen: dict[int, list[tuple[Architectures, float]]] = {}
        self._models: dict[int, tuple[Density, Density]] = {}

    def _next_size(self) -> tuple[int, int]:
        return hpbandster_bracket(self._epochs, self._eta, self._brackets)

    def _propose(self, number: int) -> Architectures:
        """Return one architecture, since each result may change the model."""
        uniform = self._space.sample(self._rng.random((1, self._space.d)))
        if not self._models or self._rng.random() < self._random_fraction:
            return uniform
        good, bad = self._models[max(self._models)]
        drawn = good.draw(self._samples, self._rng)
        drawn = drawn[self._space.is_feasible(drawn)]
        if len(drawn) == 0:
            return uniform
        ratio = np.maximum(bad.pdf(drawn), SMALLEST) / np.maximum(good.pdf(drawn), SMALLEST)
        return drawn[ratio.argmin()][None]

    def tell(self, observations: RunObservations) -> None:
        """Add the observations to the bracket and to the model of their fidelity."""
        super().tell(observations)
        for architecture, error, epochs in zip(
            observations.architectures, observations.objectives[:, 0], observations.epochs.tolist(), strict=True
        ):
            if epochs >= max(self._models, default=0):
                self._seen.setdefault(epochs, []).append((architecture, float(error)))
                self._fit(epochs)

    def _fit(self, epochs: int) -> None:
        seen = self._seen[epochs]
        least = self._space.d + 1
        if len(seen) < 2 * least:
            # There must be at least d + 1 bad ones, too, so the first model needs twice that.
            return
        order = np.argsort([error for _, error in seen], kind="stable")
        data = np.array([architecture for architecture, _ in seen])[order]
        n_good = max(least, int(self._good_share * len(seen) + 1e-9))
        n_bad = max(least, int((1 - self._good_share) * len(seen) + 1e-9))
        self._models[epochs] = (
            Density.fit(data[:n_good], self._space.cardinalities, self._min_bandwidth),
            Density.fit(data[n_good : n_good + n_bad], self._space.cardinalities, self._min_bandwidth),
        )


@dataclass(frozen=True)
class Density:
    """A product kernel density estimate on categorical decisions, with the kernel of Aitchison and Aitken (1976).

    Attributes:
        data: `(n, d)`.
        bandwidth: `(d,)`; a decision keeps its value with probability `1 - bandwidth`.
        cardinalities: `(d,)`.
    """

    data: Architectures
    bandwidth: Floats
    cardinalities: Ints

    @classmethod
    def fit(cls, data: Architectures, cardinalities: Ints, min_bandwidth: float) -> Density:
        """Return normal-reference bandwidths `1.06 sigma n^(-1 / (4 + d))` on the integer codes as in HpBandSter,
        clipped.
        """
        record("density_fit", data.size)
        n, d = data.shape
        rule = 1.06 * data.std(axis=0) * n ** (-1.0 / (4 + d))
        return cls(data, np.minimum(np.maximum(rule, min_bandwidth), 1.0 - 1.0 / cardinalities), cardinalities)

    def pdf(self, architectures: Architectures) -> Floats:
        """Return the density at each of `(m, d)`, `(m,)`."""
        record("density", len(architectures) * self.data.size)
        same = architectures[:, None] == self.data
        kernel = np.where(same, 1.0 - self.bandwidth, self.bandwidth / (self.cardinalities - 1))
        return kernel.prod(axis=-1).mean(axis=-1)

    def draw(self, number: int, rng: np.random.Generator) -> Architectures:
        """Return samples around data points, `(number, d)`: a decision is kept or, with its bandwidth as probability,
        resampled.
        """
        around = self.data[rng.integers(len(self.data), size=number)]
        anew = rng.random(around.shape) >= 1.0 - self.bandwidth
        return np.where(anew, rng.integers(self.cardinalities, size=around.shape), around).astype(np.int8)


OPTIMIZER = PerRun(Bohb, fidelities=True)
