"""NAS-BOWL (Ru, Wan, Dong and Osborne, ICLR 2021): Bayesian optimisation with the Weisfeiler-Lehman kernel."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from nasbench.baselines.gp_bo import expected_improvement
from nasbench.baselines.predictor_search import PredictorSearch, mutate_each_decision
from nasbench.errors import NasbenchError
from nasbench.ranges import between, count
from nasbench.search.gaussian_process import factorise, log_marginal_likelihood, posterior
from nasbench.search.operation_counter import record
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import Choice, FloatRange, IntRange
from nasbench.spaces.cell_graphs import Hashes, count_common, occurrences, subtree_hashes
from nasbench.spaces.space import Architectures, Floats

NOISES = (1e-5, 1e-4, 1e-3, 1e-2)
"""Grid for the noise variance, in the range that the authors allow; the targets have variance 1."""
PATIENCE = 50
"""Children of a parent that may be known before it has no more."""


class NasBowl(PredictorSearch):
    """A Gaussian process with the Weisfeiler-Lehman subtree kernel on the graphs of the cells; expected improvement.

    Settings of the authors' code (xingchenwan/nasbowl, `nasbench_optimisation.py` and README): 10 random architectures, batches of
    5 out of a pool of 200, of which some are children of the 10 best that change each decision with probability 1/5 (1.2 of the six
    edges of NAS-Bench-201) and the rest random; the kernel is normalised, its number of rounds is 1, 2 or 3 by the marginal
    likelihood, and targets are the standardised logarithm of the error. The signal's variance is 1. The improvement is over the
    observation with the best posterior mean, and a batch has no two graphs that the kernel cannot tell apart.

    Differences: the noise is chosen from a grid together with the rounds (authors: 20 steps of Adam of size 0.1 between 1e-5 and
    1e-2, which end at one bound or the other); candidates that were evaluated are left out; where the objective is not positive,
    it is not taken the logarithm of; a skip of a skip keeps its path (see `graphs_of_edge_operations`).

    Args:
        problem: the benchmark; its space must have graphs.
        rng: the run's generator.
        n_initial_samples: random architectures at the start.
        batch_size: architectures evaluated between two fits.
        n_candidates: size of the pool.
        n_parents: number of best architectures that have children in the pool.
        mutated_share: share of children in the pool; the authors have 1/2, and 1 on NAS-Bench-201.
        mutation_rate: expected number of decisions that a child changes.
        max_rounds: largest number of rounds of the kernel.
        base_kernel: "linear" on the counts of labels, or "optimal-assignment", which the authors have on NAS-Bench-101.
    """

    NUMBERS = "refused"

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(4, 40, log=True)] = 10,
        batch_size: Annotated[int, count(10_000), IntRange(1, 20)] = 5,
        n_candidates: Annotated[int, count(10_000), IntRange(50, 800, log=True)] = 200,
        n_parents: Annotated[int, count(10_000), IntRange(1, 20)] = 10,
        mutated_share: Annotated[float, between(0, 1), FloatRange(0.0, 1.0)] = 0.5,
        mutation_rate: Annotated[float, between(0, 1_000), FloatRange(0.5, 3.0)] = 1.2,
        max_rounds: Annotated[int, count(20), IntRange(1, 4)] = 3,
        base_kernel: Annotated[
            Literal["linear", "optimal-assignment"], Choice(("linear", "optimal-assignment"))
        ] = "linear",
    ) -> None:
        if not problem.space.has_graphs:
            raise NasbenchError(
                f"NAS-BOWL needs the graphs of cells, which space {problem.space.name!r} does not have; choose gp_bo instead."
            )
        super().__init__(problem, rng, n_initial_samples, batch_size)
        self._n_candidates, self._n_parents = n_candidates, n_parents
        self._n_children = round(mutated_share * n_candidates)
        self._probability = min(1.0, mutation_rate / self.space.d)
        self._max_rounds, self._base_kernel = max_rounds, base_kernel
        self._hashes: Hashes = self._label(self.history.architectures)

    def candidates(self) -> Architectures:
        """Return new children of the best, and random architectures up to the size of the pool."""
        pool = self.history.architectures[:0]
        each = self._n_children // self._n_parents
        for parent in self.history.architectures[self.history.best(self._n_parents)] if each else ():
            parents = np.tile(parent, (each + PATIENCE, 1))
            children = mutate_each_decision(self.space, parents, self._probability, self.rng)
            pool = self.history.unseen(np.concatenate([pool, children]))[: len(pool) + each]
        uniform = self.rng.random((self._n_candidates - len(pool), self.space.d))
        return self.history.unseen(np.concatenate([pool, self.space.sample(uniform)]))

    def scores(self, candidates: Architectures) -> Floats:
        """Return the negative expected improvement of the candidates; infinity for a graph that is there before."""
        known = len(self._hashes)
        self._hashes = np.concatenate([self._hashes, self._label(self.history.architectures[known:])])
        new = self._label(candidates)
        record("subtree_kernel", len(self._hashes) * (len(self._hashes) + len(new)) * self._hashes[0].size)
        targets = standardised_logarithm(self.history.objectives[:, 0])
        grams = subtree_kernels(self._hashes, self._hashes)
        rounds, noise, factor = fit(grams, targets)
        mean, variance = posterior(
            factor, targets, subtree_kernels(self._hashes, new)[rounds], np.ones(len(candidates))
        )
        fitted, _ = posterior(factor, targets, grams[rounds], np.ones(len(targets)))
        gain = expected_improvement(mean, np.sqrt(variance + noise), float(targets[fitted.argmin()]))
        labels = np.sort(new[:, : rounds + 1].reshape(len(new), -1), axis=1)
        _, first = np.unique(labels, axis=0, return_index=True)
        scores = np.full(len(candidates), np.inf)
        scores[first] = -gain[first]
        return scores

    def _label(self, architectures: Architectures) -> Hashes:
        hashes = subtree_hashes(self.space.graphs(architectures), self._max_rounds)
        return occurrences(hashes) if self._base_kernel == "optimal-assignment" else hashes


def subtree_kernels(left: Hashes, right: Hashes) -> Floats:
    """Return the normalised subtree kernel of 0, 1, ... rounds, `(n, rounds, v)` and `(m, rounds, v)` to `(rounds, n, m)`.

    Each is the sum of the base kernels of all rounds up to it, over the root of the product of both graphs' own.
    """
    kernel = count_common(left, right).cumsum(axis=0)
    return kernel / np.sqrt(_own(left)[:, :, None] * _own(right)[:, None, :])


def _own(hashes: Hashes) -> Floats:
    """Return the kernel of every graph with itself, `(n, rounds, v)` to `(rounds, n)`."""
    same = (hashes[..., :, None] == hashes[..., None, :]) & (hashes != 0)[..., None]
    return same.sum(axis=(-2, -1)).astype(np.float64).cumsum(axis=1).T


def standardised_logarithm(errors: Floats) -> Floats:
    """Return the logarithm of errors (themselves, if one is not positive), with mean 0 and deviation 1 over n - 1: `(t,)`."""
    targets = np.log(errors) if (errors > 0).all() else errors
    spread = float(targets.std(ddof=1)) if len(targets) > 1 else 0.0
    return (targets - targets.mean()) / (spread or 1.0)


def fit(grams: Floats, targets: Floats) -> tuple[int, float, Floats]:
    """Return the number of rounds, from 1, and the noise of the largest marginal likelihood, and the Cholesky factor.

    `(rounds, t, t)` and `(t,)` to two numbers and `(t, t)`.
    """
    tried = []
    for rounds in range(1, len(grams)):
        for noise in NOISES:
            factor = factorise(grams[rounds], noise)
            tried.append((log_marginal_likelihood(factor, targets), rounds, noise, factor))
    _, rounds, noise, factor = max(tried, key=lambda one: one[0])
    return rounds, noise, factor


OPTIMIZER = PerRun(NasBowl)
