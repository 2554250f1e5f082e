"""Bit-string problems of run-time theory. Objectives are small integers and maximised, as in that literature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class BitStringProblem:
    """A problem on bit strings of length n.

    Attributes:
        evaluate: bits (..., n) to objectives (..., m), integers in 0..n, maximised.
        front_size: number of objective vectors on the Pareto front, given n.
        on_front: objectives (..., m) and n to a Boolean (...): is the vector on the Pareto front?
    """

    name: str
    evaluate: Callable[[Bits], Integers]
    front_size: Callable[[int], int]
    on_front: Callable[[Integers, int], NDArray[np.bool_]]


def one_min_max(bits: Bits) -> Integers:
    """Return (number of zeros, number of ones): every string is Pareto-optimal (Giel and Lehre 2010)."""
    ones = bits.sum(axis=-1, dtype=np.int64)
    return np.stack([bits.shape[-1] - ones, ones], axis=-1)


def leading_ones_trailing_zeroes(bits: Bits) -> Integers:
    """Return (leading ones, trailing zeros): the front is {1^i 0^(n-i)} (Laumanns, Thiele and Zitzler 2004)."""
    n = bits.shape[-1]
    first_zero = np.where((bits == 0).any(axis=-1), (bits == 0).argmax(axis=-1), n)
    reverse = bits[..., ::-1] == 1
    trailing = np.where(reverse.any(axis=-1), reverse.argmax(axis=-1), n)
    return np.stack([first_zero, trailing], axis=-1).astype(np.int64)


def three_one_min_max(bits: Bits) -> Integers:
    """Return (zeros, ones of the first half, ones of the second half): every string is Pareto-optimal, n even.

    Zheng and Doerr (2024, arXiv 2211.13084) and Wietheger and Doerr (2023), 3-OneMinMax.
    """
    half = bits.shape[-1] // 2
    left = bits[..., :half].sum(axis=-1, dtype=np.int64)
    right = bits[..., half:].sum(axis=-1, dtype=np.int64)
    return np.stack([bits.shape[-1] - left - right, left, right], axis=-1)


def _sums_to(objectives: Integers, n: int) -> NDArray[np.bool_]:
    return objectives.sum(axis=-1) == n


ONE_MIN_MAX = BitStringProblem("OneMinMax", one_min_max, lambda n: n + 1, _sums_to)
LOTZ = BitStringProblem("LOTZ", leading_ones_trailing_zeroes, lambda n: n + 1, _sums_to)
THREE_ONE_MIN_MAX = BitStringProblem("3-OneMinMax", three_one_min_max, lambda n: (n // 2 + 1) ** 2, _sums_to)


def vector_code(objectives: Integers, n: int) -> Integers:
    """Number objective vectors (..., m) injectively, by their first m - 1 entries and their last, in base n + 1."""
    code = np.zeros(objectives.shape[:-1], dtype=np.int64)
    for column in range(objectives.shape[-1]):
        code = code * (n + 1) + objectives[..., column]
    return code


def covered(problem: BitStringProblem, objectives: Integers, n: int) -> Integers:
    """Return how many vectors of the Pareto front each run holds: objectives (R, N, m) to (R,)."""
    code = np.sort(np.where(problem.on_front(objectives, n), vector_code(objectives, n), -1), axis=-1)
    new = np.diff(code, axis=-1, prepend=-1) > 0
    return new.sum(axis=-1)
