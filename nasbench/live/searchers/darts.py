"""DARTS (Liu, Simonyan and Yang, ICLR 2019).

Gradient descent on a softmax mixture, by turns with the shared weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from torch import Tensor

from nasbench.errors import NasbenchError
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.searchers.searcher import LogitSearcher
from nasbench.live.supernets.hypergradient import unrolled_hypergradient
from nasbench.live.training.batches import Batch


class Darts(LogitSearcher):
    """Algorithm 1 of the paper.

    Args:
        order: 1 takes the gradient of the search loss at the present weights (xi = 0), 2 through one unrolled step
            of SGD (equation 7).
        hypergradient: how order 2 multiplies the mixed second derivative by a vector: "finite-difference" is the paper's
            (equation 8), which on a supernet with ReLU mostly measures where the gradient jumps; "exact" is a second
            backward pass.
        options: see `LogitSearcher`.
    """

    def __init__(
        self,
        *args: Any,
        order: Literal[1, 2] = 1,
        hypergradient: Literal["finite-difference", "exact"] = "finite-difference",
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.order, self.hypergradient = order, hypergradient
        if order == 2 and self.supernet.arithmetic.bfloat16:
            raise NasbenchError("DARTS of order 2 takes differences of gradients, which need the precision float32.")

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Move the logits down the search loss, then the weights down the training loss."""
        if self.order == 1:
            (gradient,) = self.gradients([self.alpha], search, partial(self._mix, self.noise_of_mixture()))
        else:
            gradient = self.microbatching.run(partial(self._hypergradient, train, search, self.noise_of_mixture()))
        self.update_alpha(gradient)
        return self.update_weights(train, partial(self._detached, self.noise_of_mixture()))

    def _hypergradient(self, train: Batch, search: Batch, noise: Tensor | None) -> Tensor:
        return unrolled_hypergradient(
            lambda: self.loss(train, self._mix(noise)),
            lambda: self.loss(search, self._mix(noise)),
            self.weights,
            self.alpha,
            rate=self.optimizer.param_groups[0]["lr"],
            direction=self._direction,
            exact=self.hypergradient == "exact",
        )

    def _mix(self, noise: Tensor | None = None) -> OperationWeights:
        return OperationWeights(weights=self.networks.relaxation(self.soften_with(noise)))

    def _detached(self, noise: Tensor | None) -> OperationWeights:
        return OperationWeights(weights=self.networks.relaxation(self.soften_with(noise).detach()))

    def _direction(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Return the direction that SGD would take: momentum times its buffer, plus gradient, plus weight decay."""
        group = self.optimizer.param_groups[0]
        result = []
        for w, gradient in zip(self.weights, gradients, strict=True):
            buffer = self.optimizer.state[w].get("momentum_buffer")
            old = 0.0 if buffer is None else group["momentum"] * buffer
            result.append(gradient + group["weight_decay"] * w.detach() + old)
        return result
