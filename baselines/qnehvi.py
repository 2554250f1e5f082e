"""qNEHVI (Daulton, Balandat and Bakshy, NeurIPS 2021): noisy expected hypervolume improvement, through botorch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

import numpy as np

from nasbench.baselines.acquisition_search import AcquisitionSearch
from nasbench.extras import require_extra
from nasbench.ranges import count
from nasbench.search.optimizer import PerRun
from nasbench.search.problem import Problem
from nasbench.search.search_ranges import IntRange
from nasbench.spaces.space import Architectures, Floats


class Qnehvi(AcquisitionSearch):
    """botorch's `qLogNoisyExpectedHypervolumeImprovement`, one proposal at a time, over a pool of discrete candidates.

    The logarithm (Ament, Daulton, Eriksson, Balandat and Bakshy, NeurIPS 2023) has the maximisers of the acquisition of 2021, and
    orders candidates whose improvement underflows. Objectives that must be measured have a Gaussian process each, botorch's
    `MixedSingleTaskGP`: a Hamming distance with a length scale for each decision, hyperparameters by maximum a posteriori at every
    query. Those that are free of charge are a deterministic member of the model list, so that they are exact at observed
    architectures and at candidates alike. The reference point is botorch's heuristic, a tenth of the front's range beyond its worst.
    With one objective this is its noisy expected improvement. Everything is in double precision, on one thread.

    Differences from the paper: candidates are the pool of `gp_bo` with its hill climbing (paper: gradients, in continuous spaces),
    the initial design is uniform (paper: 2 (d + 1) quasi-random points), and 32 draws of the posterior replace 128, since boxes are
    decomposed for each of them at every query.

    Args:
        problem: the search problem.
        rng: the run's generator; it seeds the quasi-random draws.
        n_initial_samples: random architectures at the start.
        n_samples: draws of the posterior.
        n_candidates: uniform architectures among which the acquisition is maximised, in addition to the neighbours of the front.
    """

    def __init__(
        self,
        problem: Problem,
        rng: np.random.Generator,
        *,
        n_initial_samples: Annotated[int, count(10_000), IntRange(3, 40, log=True)] = 10,
        n_samples: Annotated[int, count(4096), IntRange(16, 256, log=True)] = 32,
        n_candidates: Annotated[int, count(10_000), IntRange(64, 1024, log=True)] = 256,
    ) -> None:
        require_extra("rivals", "botorch")
        super().__init__(problem, rng, n_initial_samples, n_candidates)
        self._problem = problem
        self._n_samples = n_samples
        self._cheap = np.array(problem.cheap)
        self._steps = np.where(self._space.ordered, self._space.cardinalities - 1.0, 1.0)
        self._acquisition: Any = None

    def ask(self) -> Architectures:
        """Propose the random start, `(initial, d)`, then one architecture at a time, `(1, d)`; none when all are
        evaluated.
        """
        with _quietly_on_one_thread():
            proposed = super().ask()
        # What torch builds serves one query: between queries the run is plain data.
        self._acquisition = None
        return proposed

    def update(self) -> None:
        """Fit the processes to the history, and build the acquisition."""
        import torch
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.models import ModelList
        from botorch.sampling import ListSampler, SobolQMCNormalSampler
        from botorch.sampling.index_sampler import IndexSampler
        from botorch.utils.multi_objective import infer_reference_point, is_non_dominated
        from botorch.utils.sampling import manual_seed

        observed = -self._history.objectives
        self._mean, self._deviation = observed.mean(axis=0), np.maximum(observed.std(axis=0), 1e-12)
        values = torch.from_numpy((observed - self._mean) / self._deviation)
        inputs = self._inputs(self._history.architectures)
        seeds = self._rng.integers(2**31, size=len(self._cheap) + 1).tolist()
        shape = torch.empty(self._n_samples).shape
        with manual_seed(seeds[-1]):
            members, samplers = [], []
            for column, (cheap, seed) in enumerate(zip(self._cheap, seeds, strict=False)):
                if cheap:
                    members.append(self._exact(column))
                    samplers.append(IndexSampler(shape, seed=seed))
                else:
                    members.append(self._process(inputs, values[:, [column]]))
                    samplers.append(SobolQMCNormalSampler(shape, seed=seed))
            given = {
                "X_baseline": inputs,
                "sampler": ListSampler(*samplers),
                "prune_baseline": True,
                "cache_root": False,
            }
            model = ModelList(*members)
            if len(members) == 1:
                self._acquisition = qLogNoisyExpectedImprovement(model, **given)
                return
            reference = infer_reference_point(values[is_non_dominated(values)])
            self._acquisition = qLogNoisyExpectedHypervolumeImprovement(model, reference.tolist(), **given)

    def acquisition(self, architectures: Architectures) -> Floats:
        """Return the logarithm of the expected improvement, `(n, d)` to `(n,)`."""
        import torch

        with torch.no_grad():
            return np.asarray(self._acquisition(self._inputs(architectures)[:, None]).numpy())

    def _inputs(self, architectures: Architectures) -> Any:
        """Return what the processes are given, `(n, d)`: codes of categorical decisions, ordered ones from 0 to 1."""
        import torch

        return torch.from_numpy(architectures / self._steps)

    def _process(self, inputs: Any, values: Any) -> Any:
        """Return a process of one objective, `(t, d)` and `(t, 1)`, with fitted hyperparameters."""
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import MixedSingleTaskGP, SingleTaskGP
        from gpytorch.mlls import ExactMarginalLogLikelihood

        categorical = np.flatnonzero(~self._space.ordered).tolist()
        kind = partial(MixedSingleTaskGP, cat_dims=categorical) if categorical else SingleTaskGP
        process = kind(inputs, values, outcome_transform=None)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(process.likelihood, process))
        return process

    def _exact(self, column: int) -> Any:
        """Return the deterministic model of an objective that is free of charge."""
        import torch
        from botorch.models.deterministic import GenericDeterministicModel

        position = int(self._cheap[:column].sum())

        def standardised(inputs: Any) -> Any:
            architectures = np.rint(inputs.numpy() * self._steps).astype(np.int8)
            facts = -self._problem.facts(architectures)[..., [position]]
            return torch.from_numpy((facts - self._mean[column]) / self._deviation[column])

        return GenericDeterministicModel(standardised, num_outputs=1)


@contextmanager
def _quietly_on_one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(threads)


OPTIMIZER = PerRun(Qnehvi, objectives="many", modules=("botorch",))
