"""The fitness landscape of the topology space: test accuracy after 200 epochs, one-edge neighbours, all 15,625 cells.

Read in github.com/v-tao/nats-bench-landscape at commit b307ae5: `summary.json` and `autocorrelations.json` of each data set, and
`modules/FitnessLandscapeAnalysis.py`. Distances are to the global maximum; on CIFAR-10 two cells share it, and the authors take the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from scipy.stats import kendalltau, pearsonr, spearmanr

from nasbench.reports.papers.computed import Compute, local_maxima, neighbours_of, reported_accuracy, walk_correlation
from nasbench.reports.papers.estimate import ReproducedEstimate, fixed_value
from nasbench.reports.papers.paper import DATASETS, Computed, Paper, PublishedValue, Reported
from nasbench.spaces.space import Floats, Ints
from nasbench.tables.catalogue import get_table

CELLS = "all cells"
WALKS, LENGTH = 200, 100
BEST = {"cifar10": "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"}
"""The global maximum that distances are to where there are several."""

TIES = (
    "the published count takes accuracies for different that differ by rounding alone (1e-7 points); with the authors' unrounded file it is "
    "24 and 36"
)


def _accuracy(figure: PublishedValue, reported: Reported) -> Floats:
    return reported_accuracy(replace(figure, split="test"), reported)


def _distances(figure: PublishedValue, reported: Reported) -> tuple[Floats, Ints]:
    """Accuracies, and the number of edges in which each cell differs from the best one."""
    held, values = get_table(reported.table), _accuracy(figure, reported)
    best = held.rows(held.space.from_string(BEST[figure.dataset])) if figure.dataset in BEST else values.argmax()
    return values, (held.space.all != held.space.all[int(best)]).sum(axis=1)


def _correlated(measure: Callable[[Floats, Ints], object]) -> Compute:
    def compute(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
        found = measure(*_distances(figure, reported))
        return fixed_value(float(np.asarray(getattr(found, "statistic", found))))

    return compute


def _value(quantity: str, digits: int, values: tuple[float, float, float]) -> tuple[PublishedValue, ...]:
    return tuple(
        PublishedValue(method=CELLS, dataset=dataset, split=quantity, mean=round(value, digits), digits=digits)
        for dataset, value in zip(DATASETS, values, strict=True)
    )


QUANTITIES: Mapping[str, Compute] = {
    "highest accuracy": lambda f, r: fixed_value(float(_accuracy(f, r).max())),
    "mean difference from it": lambda f, r: fixed_value(float((_accuracy(f, r) - _accuracy(f, r).max()).mean())),
    "fitness-distance correlation": _correlated(pearsonr),
    "Spearman, accuracy and distance": _correlated(spearmanr),
    "Kendall, accuracy and distance": _correlated(kendalltau),
    "local maxima": lambda f, r: fixed_value(local_maxima(_accuracy(f, r), neighbours_of(r))),
    "autocorrelation, lag 1": lambda f, r: walk_correlation(_accuracy(f, r), neighbours_of(r), WALKS, LENGTH),
}

PAPER = Paper(
    name="fitness-landscape",
    title="Fitness landscape analysis of the NATS-Bench topology space",
    citation="Tao and Bang, Fitness Landscape Analysis of a Cell-Based Neural Architecture Search Space, 2024, with the authors' data",
    runs=WALKS,
    methods={CELLS: Computed(compute=lambda figure, reported: QUANTITIES[figure.split](figure, reported))},
    figures=(
        *_value("highest accuracy", 4, (94.373333, 73.513333, 47.311111)),
        *_value("mean difference from it", 3, (-7.310402, -12.107828, -13.724718)),
        *_value("fitness-distance correlation", 4, (-0.219894, -0.308950, -0.316253)),
        *_value("Spearman, accuracy and distance", 3, (-0.414412, -0.466635, -0.326999)),
        *_value("Kendall, accuracy and distance", 3, (-0.320049, -0.363018, -0.250221)),
        *_value("local maxima", 0, (17, 24, 36)),
        *_value("autocorrelation, lag 1", 3, (0.520433, 0.558137, 0.638601)),
    ),
    margins=dict.fromkeys(DATASETS, 0.02),
    unit="the quantity's own unit",
    mutants=("data sets", "columns", "epochs"),
    explanations={(CELLS, "cifar100"): TIES, (CELLS, "imagenet16-120"): TIES},
    notes=(
        "Basins of attraction and neutral networks are left out: they depend on which accuracies count as equal, and so does the fourth decimal "
        "of the rank correlations.",
    ),
)
