"""Random search against its exact laws on the real table (each test: stated level, fixed seed)."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import gammaln

from nasbench.baselines.random_search import OPTIMIZER
from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.search.ledger import Budget
from nasbench.search.random_streams import Streams

from table_protocol import table_protocol

RUNS, DRAWS = 2000, 60
BENCHMARK = get_benchmark("nas-bench-201/cifar100")
N = BENCHMARK.space.size


def queried(replacement: bool) -> tuple[np.ndarray, np.ndarray]:
    """Cells `(RUNS, DRAWS)` that random search queried, and the seed-mean error of every cell."""
    protocol = table_protocol(Budget({"queries": DRAWS}), repeat_policy="retrain")
    problem = BENCHMARK.problem(protocol, 11, tuple(range(RUNS)))
    optimizer = OPTIMIZER.create(problem, Streams(11, range(RUNS)), {"replacement": replacement, "batch_size": DRAWS})
    return BENCHMARK.space.index(problem.query(optimizer.ask()).architectures), BENCHMARK.oracle(protocol).search_means


def ranks(errors: np.ndarray) -> np.ndarray:
    rank = np.empty(N, dtype=np.int64)
    rank[np.argsort(errors, kind="stable")] = np.arange(1, N + 1)
    return rank


def test_best_rank_without_replacement_has_its_law() -> None:
    """P(B > r) = C(N - r, n) / C(N, n): chi-square over 20 equally likely bins, level 1e-3."""
    cells, errors = queried(replacement=False)
    assert all(len(np.unique(run)) == DRAWS for run in cells[:50])
    best = ranks(errors)[cells].min(axis=1)
    r = np.arange(0, N - DRAWS + 1)
    log_tail = gammaln(N - r + 1) - gammaln(N - r - DRAWS + 1) - gammaln(N + 1) + gammaln(N - DRAWS + 1)
    cdf = 1 - np.exp(log_tail)
    edges = np.searchsorted(cdf, np.linspace(0, 1, 21)[1:-1])
    bins = np.concatenate([[-1], edges, [N]])
    expected = np.diff(np.concatenate([[0], cdf[edges], [1]])) * RUNS
    observed = np.histogram(best, bins + 0.5)[0]
    assert stats.chisquare(observed, expected).pvalue > 1e-3
    mean = (N + 1) / (DRAWS + 1)
    assert abs(best.mean() - mean) < 4 * best.std() / np.sqrt(RUNS), "the mean of the best rank is (N + 1) / (n + 1)"


def test_expected_regret_with_and_without_replacement() -> None:
    """Sum over ranks of P(best = r) times regret, within four standard errors."""
    for replacement in (False, True):
        cells, errors = queried(replacement)
        ordered = np.sort(errors)
        r = np.arange(0, N + 1)
        if replacement:
            tail = (1 - r / N) ** DRAWS
        else:
            top = np.minimum(r, N - DRAWS)
            tail = np.where(
                r <= N - DRAWS,
                np.exp(gammaln(N - top + 1) - gammaln(N - top - DRAWS + 1) - gammaln(N + 1) + gammaln(N - DRAWS + 1)),
                0,
            )
        exact = float(((tail[:-1] - tail[1:]) * (ordered - ordered[0])).sum())
        regret = errors[cells].min(axis=1) - ordered[0]
        assert abs(regret.mean() - exact) < 4 * regret.std() / np.sqrt(RUNS)


def test_with_replacement_cells_are_uniform() -> None:
    """Chi-square over 125 classes of cells, level 1e-3."""
    cells, _ = queried(replacement=True)
    assert stats.chisquare(np.bincount(cells.ravel() // 125, minlength=125)).pvalue > 1e-3


def test_without_replacement_it_ends_when_the_space_does() -> None:
    protocol = table_protocol(Budget({"queries": 10**6}), repeat_policy="retrain")
    problem = BENCHMARK.problem(protocol, 11, (0,))
    optimizer = OPTIMIZER.create(problem, Streams(11, (0,)), {"replacement": False, "batch_size": 4000})
    seen: list[int] = []
    while len(batch := np.asarray(optimizer.ask())[0]):
        seen += BENCHMARK.space.index(problem.query(batch[None]).architectures)[0].tolist()
    assert sorted(seen) == list(range(N))
