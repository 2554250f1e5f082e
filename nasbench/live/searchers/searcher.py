"""Base classes of weight-sharing searchers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.networks.mixed_operation import OperationWeights
from nasbench.live.networks.space_networks import Architecture, SpaceNetworks
from nasbench.live.searchers.concrete import concrete, gumbel, temperature
from nasbench.live.searchers.operation_dropout import kept_operations
from nasbench.live.searchers.operation_stopping import OperationStopping
from nasbench.live.searchers.perturbation import adversarial_shift, onto_simplex, radius_at, random_shift
from nasbench.live.searchers.regularizers import regularizer_gradient
from nasbench.live.supernets.supernet import Supernet, simplex_mask
from nasbench.live.training.batches import Batch, DeviceSplit
from nasbench.live.training.metrics import loss
from nasbench.live.training.microbatching import MicrobatchFallback
from nasbench.live.training.recipe import PRECISIONS
from nasbench.live.training.training import stderr_reporter
from nasbench.ranges import (
    COUNT,
    FRACTION,
    NOT_NEGATIVE,
    POSITIVE,
    SEED,
    SINCE_0_2,
    SWITCH,
    OneOf,
    Probability,
    Range,
    between,
    check_ranges,
)

Rate = Annotated[float, between(0, 1_000)]
Radius = Annotated[float, between(0, 1)]
MakeMixture = Callable[[], OperationWeights]
RANGES: dict[str, Range | OneOf] = {
    **dict.fromkeys(("epochs", "batch_size", "channels", "cells"), COUNT),
    **dict.fromkeys(("learning_rate", "gradient_clip"), POSITIVE),
    "momentum": FRACTION,
    "weight_decay": NOT_NEGATIVE,
    "channels_last": SWITCH,
    "seed": SEED,
}


@dataclass(frozen=True, kw_only=True)
class SupernetConfig:
    """All settings of a weight-sharing search; the defaults are those of DARTS (`cnn/train_search.py` of its authors).

    Two differ: the learning rate falls to zero (the authors': to 0.001), and the depth is NAS-Bench-201's (DARTS: 8 cells).
    A setting outside its range (`RANGES`) raises NasbenchError.

    Attributes:
        epochs, batch_size: epochs over the training split; examples per step.
        learning_rate, momentum, weight_decay, gradient_clip: SGD of the shared weights, cosine to zero.
        channels, cells: width and depth of the supernet.
        precision, channels_last: float32 or bfloat16 arithmetic, with weights and losses in float32; memory layout, used
            where it is sound.
        seed: seed of weights, batches and the searcher's own randomness.
    """

    epochs: int = 50
    batch_size: int = 64
    learning_rate: float = 0.025
    momentum: float = 0.9
    weight_decay: float = 3e-4
    gradient_clip: float = 5.0
    channels: int = 16
    cells: int = 5
    precision: str = field(default="float32", metadata=SINCE_0_2)
    channels_last: bool = field(default=False, metadata=SINCE_0_2)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)
        check_ranges("supernet", self, RANGES)


class Searcher:
    """A searcher on a supernet; subclasses define a step and the current point of the relaxation.

    Args:
        supernet: shared weights, on their device.
        settings: see `SupernetConfig`.
        generator: the searcher's random stream, on the CPU.
        operation_dropout: rate at which operations of the mixture are left out while the shared weights are trained, at the end of
            the search; see `nasbench.live.searchers.operation_dropout`.
        perturbation: "random" or "adversarial" trains the shared weights at a perturbed mixture; see
            `nasbench.live.searchers.perturbation`.
        perturbation_radius: the radius at the end of the search.
        operation_stopping: whether operations that overfit are trained no longer; see `nasbench.live.searchers.operation_stopping`.
    """

    trains_mixtures = True
    """Whether the shared weights are trained in mixtures of operations, which the options above need."""

    partial_channels = 1
    """Factor by which operations in this searcher's supernet have fewer channels."""

    moves_theta = True
    """Whether it learns a point of the relaxation, which should then move from the uniform one."""

    scores_paths = False
    """Whether it selects by scores of single paths, whose shared weights should then be trained."""

    trains_finalists = False
    """Whether it selects by training its finalists alone, so that no other selection applies."""

    mixes_probabilities = True
    """Whether the mixture is that of the probabilities of the point."""

    def __init__(
        self,
        supernet: Supernet,
        settings: SupernetConfig,
        generator: torch.Generator,
        *,
        operation_dropout: Probability = 0.0,
        perturbation: Literal["none", "random", "adversarial"] = "none",
        perturbation_radius: Radius = 0.3,
        operation_stopping: bool = False,
    ) -> None:
        if not self.trains_mixtures and (operation_dropout, perturbation, operation_stopping) != (0.0, "none", False):
            raise NasbenchError(
                f"{type(self).__name__} trains single paths, for which there is no operation dropout, perturbation or stopping; leave them out."
            )
        self.operation_dropout, self.perturbation, self.perturbation_radius = (
            operation_dropout,
            perturbation,
            perturbation_radius,
        )
        self.operation_stopping = OperationStopping.of(supernet) if operation_stopping else None
        self.search_batch: Batch | None = None
        """The search batch of the step, set before each step."""
        self.supernet = supernet
        self.settings = settings
        self.generator = generator
        self.device = next(supernet.parameters()).device
        self.weights = [p for p in supernet.parameters() if p.requires_grad]
        self.optimizer = torch.optim.SGD(
            self.weights, settings.learning_rate, settings.momentum, weight_decay=settings.weight_decay
        )
        self.mask = torch.as_tensor(simplex_mask(self.networks.cardinalities)).to(self.device)
        self.microbatching = MicrobatchFallback(settings.batch_size, self.device, stderr_reporter)
        self.progress = 0.0
        """Completed fraction of the search, set before each step."""

    @property
    def networks(self) -> SpaceNetworks:
        """The space that is searched."""
        return self.supernet.networks

    def step(self, train: Batch, search: Batch) -> Tensor:
        """Take one step on a training batch and a search batch; return the training loss, detached.

        Only `gradients` and `update_weights` need much memory, and each repeats only itself when memory is exhausted.
        """
        raise NotImplementedError

    def architecture_probabilities(self) -> Tensor:
        """Return the current point of the relaxation: one row of probabilities per simplex, `(n, k)`, padded with
        zeros.
        """
        raise NotImplementedError

    def discretize(self) -> Architecture:
        """Return the architecture found."""
        return self.networks.discretize(self.architecture_probabilities().double().cpu().numpy())

    def mixture(self) -> OperationWeights:
        """Return the mixture at the current point, which is used to score the supernet."""
        return OperationWeights(weights=self.networks.relaxation(self.architecture_probabilities()))

    def loss(self, batch: Batch, mixture: OperationWeights) -> Tensor:
        """Return the loss of the supernet on a batch under a mixture.

        After memory was exhausted it is computed in halves, each of which is recomputed for the backward pass.
        """
        n_microbatches = self.microbatching.n_microbatches
        if n_microbatches == 1:
            return self._loss(*batch, mixture)
        x, y = batch
        halves = zip(x.chunk(n_microbatches), y.chunk(n_microbatches), strict=True)
        again = partial(checkpoint, self._loss, use_reentrant=False, preserve_rng_state=False)
        return torch.stack([again(a, b, mixture) * (len(a) / len(x)) for a, b in halves]).sum()

    def _loss(self, x: Tensor, y: Tensor, mixture: OperationWeights) -> Tensor:
        return loss(self.supernet.shape, self.supernet(x, mixture), y)

    def gradients(
        self, inputs: Sequence[Tensor], batch: Batch, mixture: Callable[[], OperationWeights]
    ) -> tuple[Tensor, ...]:
        """Return the gradients of the loss on a batch in `inputs`; repeated in halves if memory is exhausted.

        The mixture is rebuilt for each attempt, since a backward pass frees its graph.
        """
        return self.microbatching.run(lambda: torch.autograd.grad(self.loss(batch, mixture()), inputs))

    def update_weights(self, batch: Batch, *mixtures: Callable[[], OperationWeights]) -> Tensor:
        """Take one SGD step of the shared weights down the loss on a batch and return that loss, detached.

        Of several mixtures the step is along the sum of their gradients, and the loss is their mean. If memory is exhausted the
        gradients are repeated in halves, with rebuilt mixtures as in `gradients`.
        """
        altered = [self._altered(batch, mixture) for mixture in mixtures]
        value = self.microbatching.run(partial(self._backward, batch, altered))
        if self.operation_stopping is not None:
            self._compare_gradients(self.operation_stopping, mixtures[0])
        nn.utils.clip_grad_norm_(self.weights, self.settings.gradient_clip)
        self.optimizer.step()
        return value

    def _altered(self, batch: Batch, mixture: MakeMixture) -> MakeMixture:
        """Return a mixture with the perturbation and the dropout of this step, which are drawn once, however often it is rebuilt."""
        if self.perturbation == "none" and self.operation_dropout == 0.0:
            return mixture
        shift, factor = self._changes(batch, mixture())

        def altered() -> OperationWeights:
            given = mixture()
            assert given.weights is not None
            weights = given.weights if shift is None else onto_simplex(given.weights + shift)
            return replace(given, weights=weights if factor is None else weights * factor)

        return altered

    def _changes(self, batch: Batch, given: OperationWeights) -> tuple[Tensor | None, Tensor | None]:
        """Return the shift of a mixture's weights and the factor after it, None where there is none."""
        assert given.weights is not None
        point, radius = given.weights.detach(), radius_at(self.perturbation_radius, self.progress)
        scale = None if given.scale is None else given.scale.detach()
        shift = None
        if self.perturbation == "random":
            shift = random_shift(point, radius, self.generator)
        elif self.perturbation == "adversarial":
            shift = adversarial_shift(
                lambda weights: self.loss(batch, OperationWeights(weights=weights, scale=scale)),
                point,
                radius,
                self.generator,
            )
        if self.operation_dropout == 0.0:
            return shift, None
        moved = point if shift is None else onto_simplex(point + shift)
        return shift, kept_operations(moved, self.operation_dropout * self.progress, self.generator)

    def _compare_gradients(self, stopping: OperationStopping, mixture: MakeMixture) -> None:
        """Tell the early stopping of operations the gradients on the search batch, beside those of the training batch."""
        assert self.search_batch is not None
        batch = self.search_batch
        stopping.tell(
            self.microbatching.run(
                lambda: torch.autograd.grad(self.loss(batch, mixture()), stopping.weights, allow_unused=True)
            )
        )

    def _backward(self, batch: Batch, mixtures: Sequence[Callable[[], OperationWeights]]) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        values = []
        for mixture in mixtures:
            value = self.loss(batch, mixture())
            value.backward()
            values.append(value.detach())
        return values[0] if len(values) == 1 else torch.stack(values).mean()

    def finish_epoch(self, search: DeviceSplit) -> None:
        """Hook after each epoch; does nothing by default."""

    def finish(self, search: DeviceSplit) -> None:
        """Hook after the last step; does nothing by default."""

    def state(self) -> dict[str, Any]:
        """Return the searcher's own tensors, for a checkpoint."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""


class LogitSearcher(Searcher):
    """A searcher with a softmax relaxation of logits `alpha (n, k)`, optimised by Adam (DARTS, section 3.1).

    Args:
        supernet, settings, generator: see `Searcher`.
        arch_learning_rate, arch_weight_decay: Adam's, with betas 0.5 and 0.999.
        arch_activation: "softmax", or "sigmoid" for weights that do not compete (FairDARTS, Chu et al., ECCV 2020, section 4.1).
        arch_regularizer: "beta" or "zero_one" adds a term to the search loss; see `nasbench.live.searchers.regularizers`.
        arch_regularizer_weight: weight of the term; a negative one stands for the authors'.
        arch_sampling: "concrete" draws the mixture of each gradient instead of taking its mean (SNAS; see
            `nasbench.live.searchers.concrete`).
        options: see `Searcher`.
    """

    samples_itself = False
    """Whether the searcher has its own way to draw mixtures."""

    def __init__(
        self,
        supernet: Supernet,
        settings: SupernetConfig,
        generator: torch.Generator,
        arch_learning_rate: Rate = 3e-4,
        arch_weight_decay: Rate = 1e-3,
        arch_activation: Literal["softmax", "sigmoid"] = "softmax",
        arch_regularizer: Literal["none", "beta", "zero_one"] = "none",
        arch_regularizer_weight: Annotated[float, between(-1, 1_000)] = -1.0,
        arch_sampling: Literal["none", "concrete"] = "none",
        **options: Any,
    ) -> None:
        super().__init__(supernet, settings, generator, **options)
        if self.samples_itself and (arch_activation, arch_sampling) != ("softmax", "none"):
            raise NasbenchError(
                f"{type(self).__name__} draws its mixtures in its own way; leave out arch_activation and arch_sampling."
            )
        if (arch_activation, arch_sampling) == ("sigmoid", "concrete"):
            raise NasbenchError(
                "The concrete relaxation draws from a softmax; leave out arch_activation or arch_sampling."
            )
        self.arch_activation, self.arch_sampling = arch_activation, arch_sampling
        self.arch_regularizer = arch_regularizer
        self.arch_regularizer_weight = None if arch_regularizer_weight < 0 else arch_regularizer_weight
        self.mixes_probabilities = arch_activation == "softmax"
        start = 1e-3 * torch.randn(self.mask.shape, generator=generator)
        self.alpha = start.to(self.device).requires_grad_()
        self.arch_optimizer = torch.optim.Adam(
            [self.alpha], arch_learning_rate, betas=(0.5, 0.999), weight_decay=arch_weight_decay
        )

    def soften(self, temperature: float = 1.0) -> Tensor:
        """Return the softmax of `alpha / temperature` over the existing choices, or the sigmoid of `alpha`, differentiable."""
        if self.arch_activation == "sigmoid":
            return torch.sigmoid(self.alpha) * self.mask
        return torch.softmax((self.alpha / temperature).masked_fill(~self.mask, -torch.inf), dim=1)

    def noise_of_mixture(self) -> Tensor | None:
        """Return the noise of the next mixture from the searcher's stream, None where mixtures are not drawn."""
        return gumbel(self.mask.shape, self.generator).to(self.device) if self.arch_sampling == "concrete" else None

    def soften_with(self, noise: Tensor | None) -> Tensor:
        """Return the weights of a mixture with that noise, differentiable in the logits."""
        if noise is None:
            return self.soften()
        return concrete(self.alpha, self.mask, noise, temperature(self.progress))

    def mixture(self) -> OperationWeights:
        """Return the mixture at the current point, without noise."""
        return OperationWeights(weights=self.networks.relaxation(self.soften().detach()))

    def architecture_probabilities(self) -> Tensor:
        """Return the softmax of the logits, or their sigmoids divided by the sum of a row, detached."""
        weights = self.soften().detach()
        return weights / weights.sum(dim=1, keepdim=True) if self.arch_activation == "sigmoid" else weights

    def update_alpha(self, gradient: Tensor) -> None:
        """Take one Adam step of the logits along `gradient` and that of the regulariser."""
        self.alpha.grad = gradient.detach()
        if self.arch_regularizer != "none":
            self.alpha.grad = self.alpha.grad + regularizer_gradient(
                self.arch_regularizer, self.arch_regularizer_weight, self.alpha, self.mask, self.progress
            )
        self.arch_optimizer.step()

    def state(self) -> dict[str, Any]:
        """Return the logits and Adam's moments."""
        return {"alpha": self.alpha.detach(), "arch_optimizer": self.arch_optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        with torch.no_grad():
            self.alpha.copy_(state["alpha"])
        self.arch_optimizer.load_state_dict(state["arch_optimizer"])


def need_edges(networks: SpaceNetworks, name: str) -> None:
    """Raise NasbenchError unless the relaxation of the space is over single edges."""
    if len(networks.cardinalities) != networks.edges:
        raise NasbenchError(f"{name} needs a relaxation over edges, which space {networks.space!r} does not have.")
