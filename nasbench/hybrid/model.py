"""What the hybrid asks of the model of one objective, and the model of anyone's regression.

The Gaussian process of `nasbench.hybrid.surrogate` is the default. Another one is a part:

    class Neighbours:
        def fit(self, features, targets): ...
        def predict(self, features): return mean, deviation

    Hybrid(problem, rng, Parts(model=regression_model(Neighbours)))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from nasbench.hybrid.kernel import EnumeratedFeatures, FeatureKernel
from nasbench.spaces.space import Floats


class Model(Protocol):
    """The model of one objective, in normal scores, smaller being better; features are those of the kernel."""

    def add(self, features: Floats) -> None:
        """Append the features `(n, F)` of observations; their targets come with the next `update`."""
        ...

    def update(self, targets: Floats, enumerated: EnumeratedFeatures | None) -> None:
        """Condition on the targets of all observations so far, `(t,)`; all may have changed, as ranks do."""
        ...

    def predict_enumerated(self) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at the enumerated architectures, each `(n,)`."""
        ...

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at any features `(m, F)`, each `(m,)`."""
        ...


class Regression(Protocol):
    """A regression that says how uncertain it is."""

    def fit(self, features: Floats, targets: Floats) -> object:
        """Learn from features `(t, F)` and normal scores `(t,)`; what is returned is not looked at."""
        ...

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at features `(m, F)`, each `(m,)`."""
        ...


class RegressionModel:
    """A `Model` that fits a regression anew to all observations at every query.

    Args:
        regression: what is fitted.
        kernel: whose features are used.
    """

    def __init__(self, regression: Regression, kernel: FeatureKernel) -> None:
        self.regression = regression
        self._features = np.empty((0, kernel.slices[-1].stop))
        self._enumerated: EnumeratedFeatures | None = None

    def add(self, features: Floats) -> None:
        """Append the features `(n, F)` of observations."""
        self._features = np.concatenate([self._features, features])

    def update(self, targets: Floats, enumerated: EnumeratedFeatures | None) -> None:
        """Fit to all observations."""
        self._enumerated = enumerated
        self.regression.fit(self._features, targets)

    def predict_enumerated(self) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at the enumerated architectures, each `(n,)`."""
        assert self._enumerated is not None
        return self.regression.predict(self._enumerated.features.astype(np.float64))

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at any features `(m, F)`, each `(m,)`."""
        return self.regression.predict(features)


def regression_model(make: Callable[[], Regression]) -> Callable[..., RegressionModel]:
    """Return what `Parts.model` takes: each objective gets a regression of its own, made by `make`."""

    def model(kernel: FeatureKernel, *rest: Any) -> RegressionModel:
        return RegressionModel(make(), kernel)

    return model
