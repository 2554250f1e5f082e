"""NATS-Bench, size space: the highest test accuracies of its 32,768 networks after 90 epochs."""

from __future__ import annotations

from nasbench.reports.papers.computed import best_accuracy
from nasbench.reports.papers.paper import DATASETS, Computed, NotRun, Paper, Protocol, parse_value

_SEARCHED = NotRun(
    reason="the search is answered by 12-epoch validation accuracies, of which the table at hand has none; import the official NATS-Bench folder"
)
NASWOT = {
    "REA": ("93.22±0.16", "70.11±0.61", "45.54±0.92"),
    "REINFORCE": ("93.16±0.21", "69.96±0.57", "45.24±1.18"),
    "RANDOM": ("93.03±0.25", "69.72±0.61", "45.42±0.86"),
    "BOHB": ("93.01±0.24", "69.90±0.60", "45.56±0.81"),
}
"""Read in Table 2(b) of Neural Architecture Search without Training (Mellor et al., ICML 2021)."""

RANGE = "range of accuracies (79.79 to 93.65 %) in a public analysis of zero-cost proxies on the size space"

PAPER = Paper(
    name="nats-bench-size",
    title="NATS-Bench, size search space: test accuracy after 90 epochs",
    citation="Dong, Liu, Musial and Gabrys, NATS-Bench, IEEE TPAMI 44(7), 2022; searched rows as quoted by Mellor et al., ICML 2021, Table 2(b)",
    runs=500,
    protocol=Protocol(reported_epochs=90),
    methods={"optimum": Computed(compute=best_accuracy), **dict.fromkeys(NASWOT, _SEARCHED)},
    figures=(
        parse_value("optimum", "cifar10", "test", "93.65", RANGE),
        parse_value("optimum", "cifar100", "test", "71.34"),
        parse_value("optimum", "imagenet16-120", "test", "47.40"),
        *(
            parse_value(method, dataset, "test", value)
            for method, values in NASWOT.items()
            for dataset, value in zip(DATASETS, values, strict=True)
        ),
    ),
    table="nats-bench-size-reference",
    mutants=("data sets",),
)
