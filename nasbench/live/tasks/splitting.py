"""Division of examples into a training, a search and a test part, by class and, where groups are given, by whole groups.

Half of the examples are for training, a quarter for the search and a quarter for the test, in every class alike.
Examples of a group (the images of one patient, say) all fall into one part, since a network may recognise the group
rather than what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError

TRAIN, SEARCH, TEST = 0, 1, 2
THREE_PARTS = (TRAIN, SEARCH, TRAIN, TEST)
"""Parts of four successive examples of a class."""
NO_TEST = (TRAIN, SEARCH, TRAIN, TRAIN)
"""The same where the test part is given."""
FEWEST = 4
"""Examples of a class that put one at least into each part."""


def divide(
    strata: NDArray[Any],
    seed: int,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    pattern: Sequence[int] = THREE_PARTS,
) -> list[NDArray[np.int64]]:
    """Return the examples of each part, in random order.

    Args:
        strata: class of each example, or the number to be predicted, whose low and high values are then spread evenly.
        seed: seed of the division.
        groups: group of each example; None for no groups.
        pattern: parts of successive examples, in the proportions that are wanted.
    """
    rng = np.random.default_rng(seed)
    if groups is None:
        part = np.empty(len(strata), np.int64)
        order = np.lexsort((rng.permutation(len(strata)), strata))
        part[order] = np.resize(np.asarray(pattern), len(strata))
    else:
        part = _by_group(strata, groups, rng, pattern)
    return [rng.permutation(np.flatnonzero(part == one)) for one in range(max(pattern) + 1)]


def _by_group(
    strata: NDArray[Any], groups: Sequence[Any] | NDArray[Any], rng: np.random.Generator, pattern: Sequence[int]
) -> NDArray[np.int64]:
    """Return the part of each example: large groups first, each into the part that lacks most of its classes."""
    names, of = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    classes = np.zeros(len(strata), np.int64) if strata.dtype.kind == "f" else strata
    counts = np.zeros((len(names), int(classes.max()) + 1))
    np.add.at(counts, (of, classes), 1)
    shares = np.bincount(pattern) / len(pattern)
    lacking = shares[:, None] * counts.sum(axis=0)
    order = rng.permutation(len(names))
    part = np.empty(len(names), np.int64)
    for group in order[np.argsort(-counts[order].sum(axis=1), kind="stable")]:
        part[group] = np.argmax(lacking / shares[:, None] @ counts[group])
        lacking[part[group]] -= counts[group]
    return part[of]


def check_parts(parts: Sequence[NDArray[np.int64]], labels: NDArray[np.int64], names: Sequence[str], what: str) -> None:
    """Raise NasbenchError unless every class occurs in every part; `what` names the data."""
    for part, where in zip(parts, ("training", "search", "test"), strict=False):
        absent = sorted({*range(len(names))} - {*labels[part].tolist()})
        if absent:
            raise NasbenchError(
                f"The {where} part of {what} has no example of class {names[absent[0]]!r}; add groups with that class, "
                "remove the class, or try another seed."
            )


def check_counts(labels: NDArray[np.int64], names: Sequence[str], what: str, grouped: bool = False) -> None:
    """Raise NasbenchError unless there are two classes, and enough examples of each for three parts.

    Args:
        labels: classes, from 0.
        names: of the classes.
        what: the data, for the error.
        grouped: whether parts consist of whole groups, which `check_parts` judges.
    """
    if len(names) < 2:
        only = f", {names[0]!r}" if len(names) else ""
        raise NasbenchError(
            f"{what} has {len(names)} class{'' if len(names) == 1 else 'es'}{only}; it should have two or more."
        )
    counts = np.bincount(labels, minlength=len(names))
    rarest = int(counts.argmin())
    if counts[rarest] < FEWEST and not grouped:
        raise NasbenchError(
            f"{what} has {counts[rarest]} of class {names[rarest]!r}, too few for a training, a search and a test part; "
            f"give {FEWEST} or more of each class, or leave the class out."
        )
