"""ZiCo, Tables 3 to 6: how well the number of parameters and FLOPs rank whole spaces, and the cells with the most parameters.

Correlations are over all architectures of the topology space, of the size space and of TransNAS-Bench-101 micro; they are printed without
sign. "The cell with the most parameters" is that of 3x3 convolutions alone.
"""

from __future__ import annotations

from typing import Literal

from nasbench.reports.papers.computed import size_of
from nasbench.reports.papers.estimate import ReproducedEstimate, fixed_value
from nasbench.reports.papers.paper import DATASETS, Computed, NotRun, Paper, PublishedValue, Reported, parse_value
from nasbench.spaces.space import Floats
from nasbench.tables.catalogue import get_table

KENDALL, SPEARMAN, SELECTED = "Kendall", "Spearman", "selected"
TSS, SSS, MICRO = "topology", "size", "TransNAS micro"
TABLES = {
    TSS: ("nas-bench-201-reference", "test", 200),
    MICRO: ("transnas-bench-101-micro", "validation", None),
}
"""Space to its table, and to split and epochs of the accuracies that are ranked."""

TASKS = ("autoencoder", "class_scene", "jigsaw", "normal")
SECOND = "Figure 2 of NAS-Bench-Suite-Zero (NeurIPS 2022), over 1,000 cells, to 0.01"
CUT = "ours rounds up and the printed digits are ours cut off"
SIZE = (
    "which training of the size space is ranked is not on record; after 90 epochs, which is at hand, the correlations are 0.69 and 0.87, 0.53 and "
    "0.72, 0.68 and 0.86"
)
TYPED = "the highest test accuracy of the table is 94.37, as in other papers"


def _scores(figure: PublishedValue, reported: Reported) -> tuple[Floats, Floats]:
    """Sizes, and the accuracies that they rank."""
    space, _, dataset = figure.dataset.partition(", ")
    name, split, epochs = TABLES[space]
    table = get_table(reported.table if space == TSS else name)
    short = epochs if space != TSS else reported.epochs
    column = next(
        c
        for c in table.columns
        if (c.dataset, c.split, c.epochs) == (dataset, split, short) and c.quantity in ("accuracy", "score")
    )
    kind: Literal["parameters", "flops"] = "flops" if figure.method == "FLOPs" else "parameters"
    return size_of(table.base_space, kind, dataset), table.measured(column).mean()


def _correlate(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    from scipy.stats import kendalltau, spearmanr

    measure = kendalltau if figure.split == KENDALL else spearmanr
    return fixed_value(abs(float(measure(*_scores(figure, reported)).statistic)))


def _select(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    sizes, values = _scores(figure, reported)
    return fixed_value(float(values.max() if figure.method == "ground truth" else values[sizes.argmax()]))


def _compute(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    return (_select if figure.split == SELECTED else _correlate)(figure, reported)


def _pairs(
    method: str, space: str, names: tuple[str, ...], values: str, confirmed: str = ""
) -> tuple[PublishedValue, ...]:
    places = [(f"{space}, {name}", split) for name in names for split in (KENDALL, SPEARMAN)]
    return tuple(
        parse_value(method, dataset, split, value, confirmed if split == SPEARMAN else "")
        for (dataset, split), value in zip(places, values.split(), strict=True)
    )


def _best(method: str, space: str, names: tuple[str, ...], values: str) -> tuple[PublishedValue, ...]:
    return tuple(
        parse_value(method, f"{space}, {name}", SELECTED, value)
        for name, value in zip(names, values.split(), strict=True)
    )


_PROXY = NotRun(reason="it needs gradients of untrained networks, of which no table is at hand")

PAPER = Paper(
    name="zico",
    title="ZiCo, Tables 3 to 6: naive proxies on NATS-Bench and TransNAS-Bench-101 micro",
    citation="Li, Yang, Bhardwaj and Marculescu, ZiCo: Zero-shot NAS via Inverse Coefficient of Variation on Gradients, ICLR 2023",
    methods={
        "#Params": Computed(compute=_compute),
        "FLOPs": Computed(compute=_compute),
        "ground truth": Computed(compute=_compute),
        "#Params, size space": NotRun(reason=SIZE),
        "ZiCo": _PROXY,
        "Synflow": _PROXY,
    },
    figures=(
        *_pairs("#Params", TSS, DATASETS, "0.57 0.75 0.55 0.73 0.52 0.69"),
        *_pairs("FLOPs", TSS, DATASETS, "0.54 0.73 0.51 0.71 0.49 0.67"),
        *_pairs("ZiCo", TSS, DATASETS, "0.61 0.80 0.61 0.81 0.60 0.79"),
        *_pairs("Synflow", TSS, DATASETS, "0.54 0.73 0.57 0.76 0.56 0.75"),
        *_pairs("#Params, size space", SSS, DATASETS, "0.53 0.72 0.54 0.73 0.65 0.84"),
        *_pairs("#Params", MICRO, TASKS, "0.01 0.01 0.46 0.64 0.29 0.44 0.45 0.63", SECOND),
        *_pairs("FLOPs", MICRO, TASKS, "0.02 0.02 0.47 0.65 0.30 0.45 0.46 0.64", SECOND),
        *_best("ground truth", TSS, DATASETS, "94.5 73.5 47.3"),
        *_best("#Params", TSS, DATASETS, "93.7 71.1 41.4"),
        *_best("ground truth", MICRO, TASKS, "0.58 54.9 95.4 0.59"),
        *_best("#Params", MICRO, TASKS, "0.46 53.7 85.9 0.55"),
    ),
    margins={},
    unit="the correlation, or %",
    mutants=("methods", "data sets", "epochs"),
    explanations={
        ("FLOPs", f"{TSS}, cifar100"): CUT,
        ("#Params", f"{TSS}, cifar10"): CUT,
        ("ground truth", f"{TSS}, cifar10"): TYPED,
    },
    notes=(
        "FLOPs of the topology space count poolings: found from the printed digits, not read; multiply-accumulates alone rank as parameters do.",
        "Correlations are printed without sign; that of parameters and autoencoding is negative.",
        "TransNAS-Bench-101 is at hand with validation scores, the paper ranks test scores.",
    ),
)
