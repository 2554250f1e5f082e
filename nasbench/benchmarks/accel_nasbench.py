"""Accel-NASBench: the models of pairs that are fitted here to its 5,138 trainings on ImageNet, and how well they predict.

The trainings are of 5,125 architectures of a space of 104 billion. What a model is of is a transformed measurement, in which choices add up:
the logarithm of the error above `LEAST_ERROR`, the time of an image as the reciprocal of a throughput (with relative errors made small), the
logarithm of the training time.
Predictions of errors are rounded to six decimals, so that no library's last bit is seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nasbench.benchmarks.pairwise_model import PairwiseModel, feature_names, fit
from nasbench.benchmarks.surrogate import HeldOutError, PredictedObjective
from nasbench.benchmarks.views import AS_IT_IS, View
from nasbench.errors import NasbenchError
from nasbench.spaces.accel_nasbench import BLOCKS, PARTS
from nasbench.spaces.space import Architectures, Floats, Space
from nasbench.tables.packed import ARCHITECTURE

LEAST_ERROR = 28.0
"""Per cent of error; the logarithm of the error above it is predicted better than the error itself."""
PENALTIES = (0.3, 1.0)
"""Of the ridge regressions; these and `LEAST_ERROR` were chosen on other splits than the one that is held out."""
DEVICES = ("a100", "3090", "tpuv2")
"""Devices whose throughput is predicted with a rank correlation above 0.95."""
LONGEST = 5000.0
"""Seconds; the sixteen trainings that took longer were disturbed, and tell nothing of the architecture."""
FOLDS = 5
GROUPS = [range(PARTS * block, PARTS * (block + 1)) for block in range(BLOCKS)]
TRAIN_SECONDS = "train_seconds"
FEATURE = "feature"


@dataclass(frozen=True)
class FittedQuantity:
    """A measured quantity that is modelled.

    Attributes:
        column: of the trainings.
        unit: of what is predicted.
        transform: from measurements to what is modelled, which is the smaller the better.
        invert: from there to what is minimised.
        view: how users see that.
        cheap: whether it is known without training.
        weigh: from what is modelled to the weight of a squared error.
        largest: measurements beyond it are left out.
    """

    column: str
    unit: str
    transform: Callable[[Floats], Floats]
    invert: Callable[[Floats], Floats]
    view: View = AS_IT_IS
    cheap: bool = False
    weigh: Callable[[Floats], Floats] = np.ones_like
    largest: float = np.inf


QUANTITIES: Mapping[str, FittedQuantity] = {
    "error": FittedQuantity(
        "val_top1",
        "%",
        lambda accuracy: np.log(100.0 - LEAST_ERROR - accuracy),
        lambda model: np.asarray(np.round(LEAST_ERROR + np.exp(model), 6), dtype=np.float64),
    ),
    **{
        f"throughput@{device}": FittedQuantity(
            f"throughput_{device}_images_per_s",
            "images/s",
            lambda images: 1e6 / images,
            lambda microseconds: -1e6 / microseconds,
            View("max"),
            cheap=True,
            weigh=lambda microseconds: microseconds**-2,
        )
        for device in DEVICES
    },
    TRAIN_SECONDS: FittedQuantity(
        "train_time_s",
        "s",
        np.log,
        lambda model: np.asarray(np.round(np.exp(model), 3), dtype=np.float64),
        largest=LONGEST,
    ),
}
"""By the name of the objective, or of what a query is charged."""


@dataclass(frozen=True)
class TrainingRecords:
    """Measured architectures.

    Attributes:
        architectures: `(n, 28)`; a few occur twice.
        measured: by column, `(n,)`; NaN where something was not measured.
    """

    architectures: Architectures
    measured: Mapping[str, Floats]

    def held_out(self) -> NDArray[np.bool_]:
        """Return whether each training is held out, by a hash of the architecture: about one in `FOLDS`, `(n,)`."""
        first = [hashlib.sha256(one.tobytes()).digest()[0] for one in self.architectures]
        return np.array(first) % FOLDS == 0

    def usable(self, quantity: FittedQuantity) -> NDArray[np.bool_]:
        """Return which trainings have a measurement of a quantity, `(n,)`."""
        return np.asarray(self.measured[quantity.column] <= quantity.largest)


def read_trainings(packed: bytes, space: Space) -> TrainingRecords:
    """Read the file of the trainings."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = pq.read_table(pa.BufferReader(packed))
    architectures = [space.from_string(text) for text in frame.column(ARCHITECTURE).to_pylist()]
    columns = [name for name in frame.column_names if name != ARCHITECTURE]
    return TrainingRecords(np.stack(architectures), {name: frame.column(name).to_numpy() for name in columns})


def read_models(packed: bytes, space: Space) -> dict[str, PairwiseModel]:
    """Read the file of the fitted models: a row a feature, a column a quantity."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = pq.read_table(pa.BufferReader(packed))
    if frame.column(FEATURE).to_pylist() != feature_names(space):
        raise NasbenchError(f"The models that ship have other features than {space.name}; install the suite again.")
    return {name: PairwiseModel(space, frame.column(name).to_numpy()) for name in QUANTITIES}


def fit_models(space: Space, trainings: TrainingRecords, chosen: NDArray[np.bool_]) -> dict[str, PairwiseModel]:
    """Fit a model of each quantity to some of the trainings, `(n,)`."""
    models = {}
    for name, quantity in QUANTITIES.items():
        used = chosen & trainings.usable(quantity)
        values = quantity.transform(trainings.measured[quantity.column][used])
        models[name] = PairwiseModel(
            space, fit(space, trainings.architectures[used], values, quantity.weigh(values), PENALTIES)
        )
    return models


def held_out_errors(space: Space, trainings: TrainingRecords) -> dict[str, HeldOutError]:
    """Fit to the trainings that are not held out, and return how well those that are get predicted, by quantity."""
    from scipy.stats import kendalltau

    apart = trainings.held_out()
    errors = {}
    for name, model in fit_models(space, trainings, ~apart).items():
        quantity = QUANTITIES[name]
        used = apart & trainings.usable(quantity)
        predicted = quantity.invert(model(trainings.architectures[used]))
        measured = quantity.invert(quantity.transform(trainings.measured[quantity.column][used]))
        rmse = float(np.sqrt(((predicted - measured) ** 2).mean()))
        errors[name] = HeldOutError(int(used.sum()), rmse, float(kendalltau(predicted, measured).statistic))
    return errors


def predictions(models: Mapping[str, PairwiseModel], optima: Mapping[str, str]) -> dict[str, PredictedObjective]:
    """Return the objectives of fitted models, given the architecture that is optimal in each; an error may be asked for as accuracy."""
    found = {name: _objective(name, models[name], text) for name, text in optima.items()}
    return {"error": found["error"], "accuracy": replace(found["error"], view=View("max", 100.0)), **found}


def _objective(name: str, model: PairwiseModel, optimum: str) -> PredictedObjective:
    quantity, best = QUANTITIES[name], partial(model.space.from_string, optimum)
    return PredictedObjective(predictor(name, model), quantity.unit, best, True, quantity.cheap, quantity.view)


def find_optima(models: Mapping[str, PairwiseModel]) -> dict[str, str]:
    """Return by objective the architecture of the smallest prediction in the whole space, exact, in some seconds."""
    chosen = {name: model for name, model in models.items() if name != TRAIN_SECONDS}
    return {name: model.space.to_string(model.minimum(GROUPS)[0]) for name, model in chosen.items()}


def predictor(name: str, model: PairwiseModel) -> Callable[[Architectures], Floats]:
    """Return the function of architectures that gives a quantity as it is minimised."""
    return lambda architectures: QUANTITIES[name].invert(model(architectures))
