r"""How much the best of k cells on n validation examples flatters itself.

Let the k cells be fixed before the n examples are drawn, m_i their errors over all examples and M_i over the n. Then M_i - m_i is a mean of n
independent terms in an interval of length 1, sub-Gaussian with variance 1 / (4n), so that the chosen J has

    E[m_J - M_J] <= E max_i (m_i - M_i) <= sqrt(ln k / (2 n)).

For k = 2 the optimism is known exactly: it depends on the examples on which one cell errs and the other does not, a trinomial.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import binom

from nasbench.live.searchers.rsps import Rsps
from nasbench.theory.families.live.small_search import small_search
from nasbench.theory.machinery.claim import Context, Verdict
from nasbench.theory.machinery.statistical_checks import mean_equals, means_at_most

Floats = NDArray[np.float64]


@torch.no_grad()
def predictions(context: Context, name: str, cells: int, examples: int = 512) -> Floats:
    """Return which examples of a pool each of some random cells of a trained supernet gets wrong, `(cells, examples)`: 0 or 1."""
    search = small_search(context.rng(name), "rsps", batches=examples // 64, batch_size=64, double=False)
    searcher = search.searcher
    assert isinstance(searcher, Rsps)
    with torch.enable_grad():
        for batch in search.train:
            searcher.step(batch, batch)
    x, y = (torch.cat(parts) for parts in zip(*search.search, strict=True))
    outputs = (searcher.supernet.path(x, a) for a in searcher.random(cells))
    return np.stack([(found.argmax(dim=1) != y).numpy() for found in outputs]).astype(float)


def optimism(wrong: Floats, rng: np.random.Generator, n: int, repeats: int) -> Floats:
    """Return the error over the pool of the cell chosen on n examples, drawn with replacement, less its error on them, `(repeats,)`."""
    drawn = rng.multinomial(n, np.full(wrong.shape[1], 1 / wrong.shape[1]), size=repeats)
    seen = drawn @ wrong.T / n
    chosen = seen.argmin(axis=1)
    return np.asarray(wrong.mean(axis=1)[chosen] - seen[np.arange(repeats), chosen])


def check_bound(context: Context, examples: float = 1.0, repeats: int = 2000) -> Verdict:
    """Compare the mean optimism of the best of k cells with its bound, for several k and n; a mutant states too many examples."""
    wrong = predictions(context, "live.selection-optimism", 32)
    rng = context.rng("live.selection-optimism.draws")
    sizes = [(k, n) for k in (4, 32) for n in (16, 64, 256)]
    samples = [optimism(wrong[:k], rng, n, repeats) for k, n in sizes]
    bounds = [sqrt(log(k) / (2 * examples * n)) for k, n in sizes]
    return means_at_most(samples, bounds, note="k in 4, 32 and n in 16, 64, 256; the tightest")


def expected_optimism(wrong: Floats, n: int) -> tuple[float, float]:
    """Return mean and variance of the optimism of the better of two cells, the first where they are equal, `(2, examples)`."""
    first, second = (float((wrong[i] > wrong[1 - i]).mean()) for i in (0, 1))
    both = float((wrong[0] * wrong[1]).mean())
    true = wrong.mean(axis=1)
    value = square = 0.0
    for either in range(n + 1):
        weight = binom.pmf(either, n, first + second)
        ones = np.arange(either + 1)
        share = weight * binom.pmf(ones, either, first / (first + second) if first + second else 0.0)
        chosen = np.where(ones <= either - ones, 0, 1)
        alone = np.where(chosen == 0, ones, either - ones)
        rate = both / (1 - first - second) if first + second < 1 else 0.0
        mean = true[chosen] - (alone + rate * (n - either)) / n
        spread = rate * (1 - rate) * (n - either) / n**2
        value += float(share @ mean)
        square += float(share @ (mean**2 + spread))
    return value, square - value**2


def check_law(context: Context, examples: float = 1.0, repeats: int = 20_000, n: int = 24) -> Verdict:
    """Compare the optimism of the better of two cells with its law; a mutant states another number of examples."""
    wrong = predictions(context, "live.selection-law", 12)
    order = np.argsort(wrong.mean(axis=1))
    pair = wrong[order[4:6]]
    mean, variance = expected_optimism(pair, max(round(examples * n), 1))
    drawn = optimism(pair, context.rng("live.selection-law.draws"), n, repeats)
    note = f"{n} examples; the two cells err on {100 * pair[0].mean():.3g} and {100 * pair[1].mean():.3g} %"
    return mean_equals(drawn, mean, variance, test_variance=True, note=note)
