"""MNIST-1D (Greydanus, "Scaling down deep learning", 2020): ten shapes of 40 positions, generated, nothing to fetch.

Each sample is one of ten templates of twelve points: padded, dilated, scaled, shifted, surrounded by correlated noise, sheared and
sampled at 40 positions. Templates and procedure are those of the package `mnist1d` (Apache-2.0), whose random numbers are drawn here in the
same order, so that both make the same samples.

Two of its parameters differ in the task, since with those of the package good NAS-Bench-201 cells of 4 channels err on 3 to 7 % and
differ hardly more than trainings of one cell: less variation in scale (0.2 for 0.4) and stronger correlated noise (0.4 for 0.25).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nasbench.live.tasks.shape import TaskShape
from nasbench.live.tasks.task import Split, Splits, Task

Floats = NDArray[np.float64]

TEMPLATES = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)
"""The shapes of the classes, `(10, 12)`."""
PADDING, LENGTH, POSITIONS = (36, 60), 72, 40
"""Fewest and most zeros behind a template; positions of a sample before and after sampling."""
LARGEST_SHIFT, NOISE_WIDTH, IID_NOISE_SCALE, SHEAR_SCALE = 48, 2, 0.02, 0.75
"""Positions; standard deviation of the filter of correlated noise, in positions; scales."""
SIZES = (4000, 4000, 10000)
"""Training, search and test samples."""
SEED = 42
"""The seed of the package."""


def generate(
    n: int, scale_coeff: float = 0.2, corr_noise_scale: float = 0.4, seed: int = SEED
) -> tuple[Floats, NDArray[np.int64]]:
    """Return `n` samples in random order, not standardised: x `(n, 40)` and classes `(n,)`.

    Args:
        n: a multiple of ten; every class is there equally often.
        scale_coeff: range of the factor on a template.
        corr_noise_scale: standard deviation of the noise around a template, before it is filtered.
        seed: of numpy's legacy generator, whose stream never changes.
    """
    from scipy.ndimage import gaussian_filter1d  # only here: tasks are listed without it

    random = np.random.RandomState(seed)
    y = np.repeat(np.arange(len(TEMPLATES)), n // len(TEMPLATES))
    padding, factor, shift, shear = np.empty(n, int), np.empty(n), np.empty(n, int), np.empty(n)
    noise = np.empty((n, 2, LENGTH))
    for i in range(n):
        padding[i] = int(random.rand() * (PADDING[1] - PADDING[0] + 1))
        factor[i] = 1 + scale_coeff * (random.rand() - 0.5)
        shift[i] = random.randint(LARGEST_SHIFT)
        noise[i] = random.standard_normal((2, LENGTH))
        shear[i] = SHEAR_SCALE * (random.rand() - 0.5)
    x = _dilated()[y, padding] * factor[:, None]
    x = np.take_along_axis(x, (np.arange(LENGTH) - shift[:, None]) % LENGTH, axis=1)
    x = np.where(x != 0, x, gaussian_filter1d(corr_noise_scale * noise[:, 0], NOISE_WIDTH, axis=1))
    x += IID_NOISE_SCALE * noise[:, 1] - shear[:, None] * np.linspace(-0.5, 0.5, LENGTH)
    where = np.linspace(0, LENGTH - 1, POSITIONS)
    low = np.minimum(where.astype(int), LENGTH - 2)
    x = x[:, low] + (where - low) * (x[:, low + 1] - x[:, low])
    order = random.permutation(n)
    return x[order], y[order]


def _dilated() -> Floats:
    """Return each template, padded with each number of zeros and dilated to `LENGTH` positions, `(10, 25, 72)`."""
    shapes = TEMPLATES - TEMPLATES.mean(axis=1, keepdims=True)
    shapes /= shapes.std(axis=1, keepdims=True)
    # The smallest number tells the shape, which starts and ends at zero, from the padding, which becomes noise.
    shapes = (shapes - shapes[:, :1]) / 6.0 + 1e-8
    grid = np.linspace(0, 1, LENGTH)
    padded = [[np.append(shape, np.zeros(p)) for p in range(PADDING[0], PADDING[1] + 1)] for shape in shapes]
    return np.array([[np.interp(grid, np.linspace(0, 1, len(x)), x) for x in row] for row in padded])


@cache  # a study loads its tasks once per search
def load() -> Splits:
    """Return 4,000 / 4,000 / 10,000 samples, standardised by the mean and deviation of the training samples."""
    x, y = generate(sum(SIZES))
    first = x[: SIZES[0]]
    x = ((x - first.mean()) / first.std()).astype(np.float32)[:, None]
    cuts = np.cumsum(SIZES)[:-1]
    return Splits(*(Split(a, b) for a, b in zip(np.split(x, cuts), np.split(y, cuts), strict=True)))


TASK = Task(
    name="mnist-1d",
    shape=TaskShape(dims=1, channels=1, size=POSITIONS, outputs=len(TEMPLATES)),
    metric="error",
    source="generated: MNIST-1D of Greydanus (2020), scale_coeff 0.2, corr_noise_scale 0.4",
    load=load,
)
