"""Partition of a task's examples among clients: uniformly at random, or with Dirichlet class proportions.

`dirichlet:ALPHA` draws the proportions of each class over clients from a symmetric Dirichlet distribution (Hsu, Qi and
Brown 2019; Li, Diao, Chen and He, ICDE 2022, section 4.1). A small ALPHA gives clients few classes and unequal numbers
of examples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError
from nasbench.live.tasks.task import Split, Splits, Task

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Partition:
    """A partition scheme.

    Attributes:
        alpha: concentration of the Dirichlet distribution; None for a uniform random partition ("iid").
    """

    alpha: float | None = None

    def __str__(self) -> str:
        return "iid" if self.alpha is None else f"dirichlet:{self.alpha:g}"

    @classmethod
    def parse(cls, text: str) -> Partition:
        """Parse `iid` or `dirichlet:ALPHA`, or raise NasbenchError."""
        if text == "iid":
            return cls()
        name, _, value = text.partition(":")
        try:
            alpha = float(value)
        except ValueError:
            alpha = float("nan")
        if name != "dirichlet" or not 0 < alpha < float("inf"):
            raise NasbenchError(
                f"The partition is {text!r}; it should be iid or dirichlet:ALPHA with a positive number for ALPHA."
            )
        return cls(alpha)


def partition_examples(task: Task, splits: Splits, clients: int, partition: Partition, seed: int) -> list[Splits]:
    """Partition the training and search examples; every client keeps the whole test split, used for scoring only.

    Training and search examples of a class have the same proportions, so a client searches and trains on the same
    distribution.

    Args:
        task: the task.
        splits: pooled examples of all clients.
        clients: number of clients K.
        partition: partition scheme.
        seed: seed of the proportions and the assignment.

    Raises:
        NasbenchError: if there are too few clients or examples, the task has no classes, or a client cannot take part.
    """
    if clients < 1:
        raise NasbenchError(f"The number of clients is {clients}; it should be 1 or more.")
    least = min(len(splits.train), len(splits.search))
    if clients > least:
        raise NasbenchError(
            f"There are {clients} clients and {least} examples to deal out; there should be no more clients than that."
        )
    if partition.alpha is not None and task.shape.kind != "classification":
        raise NasbenchError(
            f"Task {task.name!r} has no classes for {partition} to divide; its partition should be iid."
        )
    rng = np.random.default_rng([seed, clients])
    shares = _shares(task, clients, partition, rng)
    train, search = (_cut(split, shares, rng) for split in (splits.train, splits.search))
    dealt = [
        Splits(_take(splits.train, t), _take(splits.search, s), splits.test) for t, s in zip(train, search, strict=True)
    ]
    for number, part in enumerate(dealt):
        try:
            check_client(task, part, number)
        except NasbenchError as fault:
            hint = "try fewer clients, another seed" + (", or a larger alpha." if partition.alpha else ".")
            raise NasbenchError(f"The partition {partition} does not serve: {str(fault).rstrip('.')}; {hint}") from None
    return dealt


def check_client(task: Task, splits: Splits, number: int) -> None:
    """Raise NasbenchError unless a client has enough examples to take part."""
    name = f"client {number} of task {task.name}"
    if not len(splits.train) or not len(splits.search):
        raise NasbenchError(f"{name} has no data; it should have training and search examples.")
    if len(splits.train) < 2:
        raise NasbenchError(f"{name} has a single training example; batch normalisation needs two or more.")
    if task.shape.kind == "classification" and len(np.unique(splits.train.y)) < 2:
        raise NasbenchError(f"{name} has examples of one class alone; it should have two classes or more.")


def _shares(task: Task, clients: int, partition: Partition, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the proportion of each client in each class, `(classes, clients)`; one row where there are no classes to
    divide.
    """
    if partition.alpha is None:
        return np.full((1, clients), 1 / clients)
    return rng.dirichlet(np.full(clients, partition.alpha), size=task.shape.outputs)


def _cut(split: Split, shares: NDArray[np.float64], rng: np.random.Generator) -> list[Indices]:
    """Return the examples of each client, in their order."""
    order = rng.permutation(len(split))
    groups = [order] if len(shares) == 1 else [order[split.y[order] == c] for c in range(len(shares))]
    pieces = [
        np.split(group, np.rint(np.cumsum(share)[:-1] * len(group)).astype(np.int64))
        for group, share in zip(groups, shares, strict=True)
    ]
    return [np.sort(np.concatenate(client_authority)) for client_authority in zip(*pieces, strict=True)]


def _take(split: Split, where: Indices) -> Split:
    return Split(split.x[where], split.y[where])
