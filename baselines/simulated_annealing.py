"""Simulated annealing (Kirkpatrick, Gelatt and Vecchi, Science 1983; constants of Johnson, Aragon, McGeoch and Schevon 1989)."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nasbench.ranges import INSIDE, count
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_ranges import FloatRange, IntRange
from nasbench.spaces.mixed import STEP
from nasbench.spaces.space import Architectures, Floats

FROZEN = 5
"""Number of consecutive temperatures without an accepted move after which a run is frozen (Johnson et al., FREEZE_LIM).
"""


class SimulatedAnnealing:
    """Metropolis walk over one-decision mutations, accepting a worse one with probability `exp(-difference /
    temperature)`. Numbers of a `MixedSpace` move by one level.

    The first temperature is set by the walk's first `warmup` moves, all accepted, so that their mean uphill move would
    be accepted with probability `initial_acceptance_prob` (Johnson et al., INITPROB 0.4). It falls by
    `temperature_decay` (Kirkpatrick et al., 0.9) after every `proposals_per_temperature` proposals. Johnson et al. use
    16 neighbourhood sizes per temperature; budgets here are a few hundred queries, so the default is one proposal per
    decision. A frozen run restarts from a random architecture at its first temperature.

    What is told without having been proposed counts too: where a start is due it is the start, a neighbour of the current
    architecture is a move like any other, and the walk goes on from any other architecture that is better than the current one.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        initial_acceptance_prob: probability of an average uphill move at the first temperature.
        temperature_decay: factor from one temperature to the next.
        proposals_per_temperature: proposals at each temperature, `d` if None.
        warmup: number of moves that determine the first temperature.
    """

    NUMBERS = "in order"

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        initial_acceptance_prob: Annotated[float, INSIDE, FloatRange(0.05, 0.9)] = 0.4,
        temperature_decay: Annotated[float, INSIDE, FloatRange(0.5, 0.99)] = 0.9,
        proposals_per_temperature: Annotated[int, count(1_000_000), IntRange(2, 60, log=True)] | None = None,
        warmup: Annotated[int, count(1_000_000), IntRange(2, 20)] = 10,
    ) -> None:
        runs = len(streams)
        self._space = problem.space
        self._streams = streams
        self._mutation = STEP if STEP in self._space.mutations else "uniform"
        self._initial_acceptance_prob, self._temperature_decay = initial_acceptance_prob, temperature_decay
        self._proposals_per_temperature, self._warmup = proposals_per_temperature or self._space.d, warmup
        self._incumbent = np.zeros((runs, self._space.d), dtype=np.int8)
        self._incumbent_error = np.full(runs, np.inf)
        self._needs_restart = np.ones(runs, dtype=bool)
        self._proposal = np.zeros((runs, self._space.d), dtype=np.int8)
        self._is_pending = np.zeros(runs, dtype=bool)
        self._threshold = np.zeros(runs)
        self._first_temperature = np.zeros(runs)
        self._uphill = np.zeros((2, runs))
        self._proposed = np.zeros(runs, dtype=np.int64)
        self._accepted = np.zeros(runs, dtype=np.int64)
        self._idle = np.zeros(runs, dtype=np.int64)
        self.temperature = np.full(runs, np.inf)

    def ask(self) -> Architectures:
        """Propose one architecture per run, `(R, 1, d)`: a starting point, or a mutation of the current architecture."""
        uniform = self._streams.uniform(3)
        self._threshold = uniform[:, 2]
        proposal = self._space.mutate(self._incumbent, uniform[:, :2], self._mutation)
        if self._needs_restart.any():
            fresh = self._space.sample(self._streams.uniform(self._space.d, self._needs_restart))
            proposal = np.where(self._needs_restart[:, None], fresh, proposal)
        self._proposal, self._is_pending = proposal, np.ones(len(proposal), dtype=bool)
        return proposal[:, None]

    def tell(self, observations: Observations) -> None:
        """Apply the Metropolis criterion, then update the temperature."""
        for b in range(observations.answered.shape[1]):
            self._learn(observations.architectures[:, b], observations.objectives[:, b, 0], observations.answered[:, b])

    def _learn(self, architecture: Architectures, error: Floats, answered: NDArray[np.bool_]) -> None:
        """Take note of one observation of each run that was told one: `(R, d)`, `(R,)` and `(R,)`."""
        error = np.where(answered, error, np.inf)
        own = self._is_pending & (architecture == self._proposal).all(axis=1)
        started, walked = answered & self._needs_restart, answered & ~self._needs_restart & own
        strange = answered & ~self._needs_restart & ~own
        if strange.any():
            around = self._space.neighbours(self._incumbent)
            near = strange & (around == architecture[:, None]).all(axis=-1).any(axis=-1)
            self._threshold = np.where(near, self._streams.uniform(1, near)[:, 0], self._threshold)
            walked |= near
            started |= strange & ~near & (error < self._incumbent_error)
        self._is_pending &= ~(answered & own)
        rise = np.where(walked, error, 0.0) - np.where(walked, self._incumbent_error, 0.0)
        accepted = walked & (self._threshold < acceptance_probability(rise, self.temperature))
        moved = started | accepted
        self._incumbent[moved], self._incumbent_error[moved] = architecture[moved], error[moved]
        self._needs_restart &= ~started
        self._proposed += walked
        self._accepted += accepted
        warming = walked & np.isinf(self.temperature)
        if warming.any():
            self._uphill += np.stack([np.where(warming, np.maximum(rise, 0.0), 0.0), warming & (rise > 0)])
        warm = warming & (self._proposed >= self._warmup)
        stage = walked & ~warming & (self._proposed >= self._proposals_per_temperature)
        if (warm | stage).any():
            self._end(warm, stage)

    def _end(self, warm: NDArray[np.bool_], stage: NDArray[np.bool_]) -> None:
        """Finish the warm-up of some runs and a temperature of others."""
        mean = self._uphill[0] / np.maximum(self._uphill[1], 1)
        self._first_temperature[warm] = mean[warm] / -np.log(self._initial_acceptance_prob)
        self.temperature[warm] = self._first_temperature[warm]
        self.temperature[stage] *= self._temperature_decay
        self._idle[stage] = np.where(self._accepted[stage] == 0, self._idle[stage] + 1, 0)
        frozen = stage & (self._idle >= FROZEN)
        self.temperature[frozen] = self._first_temperature[frozen]
        self._idle[frozen] = 0
        self._needs_restart |= frozen
        self._proposed[warm | stage] = 0
        self._accepted[warm | stage] = 0


def acceptance_probability(rise: Floats, temperature: Floats) -> Floats:
    """Return the Metropolis acceptance probability: 1 for moves that are not worse, else `exp(-rise / temperature)` (0
    at temperature 0).
    """
    cold = temperature <= 0
    with np.errstate(over="ignore", under="ignore"):
        worse = np.exp(-np.maximum(rise, 0.0) / np.where(cold, 1.0, temperature))
    return np.where(rise <= 0, 1.0, np.where(cold, 0.0, worse))


OPTIMIZER = Lockstep(SimulatedAnnealing)
