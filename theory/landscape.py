"""A complete table of values over a product of choices, as the theorems see it: minimised, and totally ordered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")


@dataclass(frozen=True, eq=False)
class Landscape:
    """Values of every architecture of a product space, minimised.

    Ties are broken by index: of two equal values the lower index is the better one. That total order is what `rank` and
    `order` express and what every exact result of this package refers to.

    Attributes:
        values: shape (N,), the error of each architecture in mixed-radix order, first decision most significant.
        cardinalities: number of choices of each decision, length n, with product N.
    """

    values: NDArray[np.float64]
    cardinalities: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.values.shape != (int(np.prod(self.cardinalities)),) or not np.isfinite(self.values).all():
            raise NasbenchError(
                f"A landscape of cardinalities {self.cardinalities} needs one finite value for each of its "
                f"{int(np.prod(self.cardinalities))} architectures, not an array of shape {self.values.shape}."
            )

    @property
    def size(self) -> int:
        """Number of architectures N."""
        return len(self.values)

    @property
    def decisions(self) -> int:
        """Number of decisions n."""
        return len(self.cardinalities)

    @cached_property
    def architectures(self) -> NDArray[np.int8]:
        """All architectures, shape (N, n)."""
        return np.stack(np.unravel_index(np.arange(self.size), self.cardinalities), axis=1).astype(np.int8)

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Indices from best to worst, shape (N,)."""
        return np.argsort(self.values, kind="stable")

    @cached_property
    def rank(self) -> NDArray[np.intp]:
        """Rank of each architecture, 0 the best, shape (N,)."""
        rank = np.empty(self.size, dtype=np.intp)
        rank[self.order] = np.arange(self.size)
        return rank

    @cached_property
    def neighbours(self) -> NDArray[np.intp]:
        """Indices of the architectures that differ in one decision, shape (N, sum of (k - 1))."""
        columns = []
        strides = np.cumprod((1, *self.cardinalities[:0:-1]))[::-1]
        index = np.arange(self.size)
        for decision, (k, stride) in enumerate(zip(self.cardinalities, strides, strict=True)):
            digit = self.architectures[:, decision].astype(np.intp)
            columns += [index + ((digit + step) % k - digit) * stride for step in range(1, k)]
        return np.stack(columns, axis=1)


@lru_cache(maxsize=8)
def load(dataset: str, epochs: int = 200) -> Landscape:
    """Return the validation error (%) of all 15,625 NAS-Bench-201 cells on `dataset` after `epochs` epochs.

    Raises:
        NasbenchError: an unknown data set or fidelity, or reference data that are not there.
    """
    import os
    from pathlib import Path

    import pandas as pd

    if dataset not in DATASETS:
        raise unknown_name("data set", dataset, DATASETS)
    folder = os.environ.get("NASBENCH_DATA")
    if not folder:
        raise NasbenchError("This needs the reference data: set NASBENCH_DATA to its folder.")
    frame = pd.read_parquet(Path(folder) / "nas-bench-201" / "accuracy.parquet")
    frame = frame.sort_values([f"op{i}" for i in range(6)])
    short = {"cifar10": "cifar10", "cifar100": "cifar100", "ImageNet16-120": "imagenet16"}[dataset]
    column = f"{short}_val_200_mean_v11"
    if dataset == "cifar10" and epochs == 200:
        column = "cifar10valid_val_200_mean_v11"
    if epochs == 12:
        column = f"e12_{short.replace('imagenet16', 'imagenet')}_val"
    return Landscape(100.0 - frame[column].to_numpy(dtype=float), (5,) * 6)
