"""REINFORCE with one softmax per decision (Williams, Machine Learning 1992; settings of NATS-Bench, Dong et al., TPAMI
2021).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from scipy.special import ndtri

from nasbench.baselines.adam import Adam
from nasbench.baselines.feasible_sampling import draw
from nasbench.ranges import FRACTION, between, positive
from nasbench.search.observations import Observations
from nasbench.search.optimizer import Lockstep
from nasbench.search.problem import Problem
from nasbench.search.random_streams import Streams
from nasbench.search.search_ranges import FloatRange
from nasbench.search.simplex import support, vertices
from nasbench.spaces.space import Architectures, Floats


class Reinforce:
    """Score-function policy gradient, one sample per step, with a moving-average baseline and Adam.

    As AutoDL-Projects `exps/NATS-algos/reinforce.py`: logits start at 1e-3 times standard normal numbers, the baseline
    is updated with a reward before it is subtracted from it (so the first step is zero and later estimates are shrunk,
    without a change of direction), and the learning rate is 0.01. The reward is minus the objective: the baseline's
    weights sum to one, so this is equivalent to the accuracy used by the authors. Whatever is told is a step along the gradient of
    its probability, proposed or not.

    Args:
        problem: the benchmark.
        streams: one random stream per run.
        learning_rate: step size of Adam.
        momentum: weight of the past in the moving average of rewards.
        initial_scale: standard deviation of the initial logits.
    """

    def __init__(
        self,
        problem: Problem,
        streams: Streams,
        *,
        learning_rate: Annotated[float, positive(1_000), FloatRange(0.001, 1.0, log=True)] = 0.01,
        momentum: Annotated[float, FRACTION, FloatRange(0.0, 0.99)] = 0.9,
        initial_scale: Annotated[float, between(0, 1_000)] = 1e-3,
    ) -> None:
        self._space = problem.space
        self._streams = streams
        self._momentum = momentum
        choices = support(self._space.cardinalities)
        # Half a step of the 53-bit grid is added, since 0 has no finite quantile.
        start = ndtri(streams.uniform(choices.size) + 2.0**-54).reshape(-1, *choices.shape)
        self._logits = np.where(choices, initial_scale * start, -np.inf)
        self._adam = Adam([self._logits], learning_rate)
        self._reward_sum = np.zeros(len(streams))
        self._weight_sum = np.zeros(len(streams))

    @property
    def theta(self) -> Floats:
        """The policy, `(R, d, k)`."""
        return softmax(self._logits)

    def ask(self) -> Architectures:
        """Sample the policy once, `(R, 1, d)`."""
        return draw(self.theta[:, None], self._space, self._streams)

    def tell(self, observations: Observations) -> None:
        """Update the baseline, then take one step of Adam, for each observation."""
        for b in range(observations.answered.shape[1]):
            told = observations.answered[:, b]
            rows = np.flatnonzero(told)
            reward = -observations.objectives[rows, b, 0]
            self._reward_sum[rows] = self._momentum * self._reward_sum[rows] + (1 - self._momentum) * reward
            self._weight_sum[rows] = self._momentum * self._weight_sum[rows] + (1 - self._momentum)
            advantage = reward - self._reward_sum[rows] / self._weight_sum[rows]
            gradient = np.zeros(self._logits.shape)
            gradient[rows] = score(self.theta[rows], observations.architectures[rows, b]) * advantage[:, None, None]
            self._adam.step([self._logits], [-gradient], None if told.all() else told)


def softmax(logits: Floats) -> Floats:
    """Return the distribution of each decision, `(..., k)`; choices with logit minus infinity have probability 0."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def score(theta: Floats, architectures: Architectures) -> Floats:
    """Return the gradient of the log-probability of an architecture in the logits: `(..., d, k)` and `(..., d)` to
    `(..., d, k)`.

    Williams 1992, section 4: for a softmax it is the one-hot vertex minus `theta`.
    """
    return vertices(architectures, theta.shape[-1]) - theta


OPTIMIZER = Lockstep(Reinforce)
