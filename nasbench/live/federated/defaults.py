"""What a federated search should have, derived from the central one and from what clients hold.

A client that holds a share 1/K of the examples takes, in as many epochs, a share 1/K of the steps, and an average of K clients
replaces no step of theirs. So the number of rounds is such that a client takes a given multiple of the steps of the central search
and training, in batches small enough for several steps a round.
"""

from __future__ import annotations

import math
from dataclasses import replace

from nasbench.live.experiment.config import ExperimentConfig
from nasbench.live.federated.federated_config import FederatedConfig
from nasbench.live.tasks.task import Splits

ARCH_LEARNING_RATE = 1.0
"""Rate of theta: about `sqrt(2 log k / T) / G`, the best for T steps of mirror descent under entropy whose gradients have
entries up to G (Beck and Teboulle 2003), with 5 choices, the 70 steps of a small task and G taken to be 0.2; it was not tuned.
"""

LEAST_BATCH = 8
"""Below it the statistics of batch normalisation say little."""

STEPS_IN_A_ROUND = 4
"""Least number of steps that a client takes in a round, where its examples are enough for it."""

TRAINING_STEPS = 2
"""Steps of the final training for each step of the central one, if there is more than one client: part of what clients with other
classes learn between two averages cancels in the average.
"""


def scaled_config(
    central: ExperimentConfig,
    splits: Splits,
    clients: int,
    rounds: int | None = None,
    train_rounds: int | None = None,
    finalists: int = 2,
) -> FederatedConfig:
    """Return the configuration of a federated search with as many steps a client as the central search has, and
    `TRAINING_STEPS` times those of the central training.

    With one client it is the central search: its epochs are the rounds, and its batches are kept.

    Args:
        central: configuration of a central search by GAEA; its epochs are those of the search and of the training.
        splits: pooled examples of all clients.
        clients: number of clients.
        rounds: communication rounds of the search; None for as many as follow.
        train_rounds: communication rounds of the final training; likewise.
        finalists: architectures that are trained and compared, in the first two thirds of the final training.
    """
    examples, clients = len(splits.train), max(clients, 1)  # the partition refuses a number below 1
    batch = min(central.recipe.batch_size, max(_power_of_two(examples / clients / STEPS_IN_A_ROUND), LEAST_BATCH))
    everything = examples + len(splits.search)
    searching = _rounds(central.supernet.epochs, examples, central.recipe.batch_size, clients, batch)
    passes = central.recipe.epochs * (TRAINING_STEPS if clients > 1 else 1)
    training = _rounds(passes, everything, central.recipe.batch_size, clients, batch)
    searching, training = rounds or searching, train_rounds or training
    return FederatedConfig(
        task=central.task,
        space=central.space,
        optimizer_params={"arch_learning_rate": ARCH_LEARNING_RATE, **central.optimizer_params},
        supernet=replace(
            central.supernet, epochs=searching, batch_size=batch, learning_rate=central.recipe.learning_rate
        ),
        recipe=replace(central.recipe, epochs=training, batch_size=batch),
        seed=central.seed,
        warmup_rounds=searching // 2,
        n_finalists=finalists if training > 1 else 1,
        finalist_rounds=max(2 * training // 3, 1) if finalists > 1 and training > 1 else 0,
    )


def _rounds(epochs: int, examples: int, central_batch: int, clients: int, batch: int) -> int:
    """Return the rounds in which a client with a fair share of the examples takes as many steps as the central training."""
    steps = epochs * max(examples // central_batch, 1)
    return max(round(steps / max(examples // clients // batch, 1)), 1)


def _power_of_two(bound: float) -> int:
    """Return the largest power of two that is at most `bound`, and at least 1."""
    return 2 ** max(int(math.log2(max(bound, 1))), 0)
