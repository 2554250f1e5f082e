"""DrNAS, table on NAS-Bench-201: one-shot methods that search each data set by itself, where Table 5 of NAS-Bench-201 transfers cells.

Nothing is searched: DARTS on CIFAR-10 and ENAS on CIFAR-10 and ImageNet16-120 are the all-skip cell, DrNAS is the one cell whose six
accuracies are the printed ones. The other final cells are not published.
"""

from __future__ import annotations

from dataclasses import replace

from nasbench.reports.papers.nas_bench_201 import ALL_SKIP
from nasbench.reports.papers.one_shot import BEST, DRNAS
from nasbench.reports.papers.paper import DATASETS, NotRun, Paper, PublishedValue, Replay, parse_row

README = "the authors' README, and Table 9 of EEEA-Net (Early Exit Evolutionary NAS)"
RZ_NAS = "Table 2 of RZ-NAS (Ji et al., ICML 2025)"
UNKNOWN = "its final cells are not published"


def _all_skip(*datasets: str) -> Replay:
    return Replay(
        cells=dict.fromkeys(datasets, (ALL_SKIP,)),
        lacking={dataset: UNKNOWN for dataset in DATASETS if dataset not in datasets},
    )


def _row(method: str, values: str, *, in_readme: bool = True) -> tuple[PublishedValue, ...]:
    """Read a line of EEEA-Net's table; the README has test values alone, and not of every method."""
    return tuple(
        replace(value, confirmed=README if in_readme and value.split == "test" else "")
        for value in parse_row(method, values)
    )


PAPER = Paper(
    name="drnas",
    title="DrNAS, NAS-Bench-201: one-shot methods, each data set searched by itself",
    citation="Chen, Wang, Cheng, Tang and Hsieh, DrNAS: Dirichlet Neural Architecture Search, ICLR 2021, table on NAS-Bench-201",
    runs=4,
    methods={
        "DARTS": _all_skip("cifar10"),
        "ENAS": _all_skip("cifar10", "imagenet16-120"),
        "DrNAS": Replay(cells=dict.fromkeys(DATASETS, (DRNAS,))),
        **dict.fromkeys(("GDAS", "SNAS", "DSNAS", "PC-DARTS"), NotRun(reason=UNKNOWN)),
    },
    figures=(
        *_row("DARTS", "39.77±0.00 54.30±0.00 38.57±0.00 38.97±0.00 18.87±0.00 18.41±0.00"),
        *_row("ENAS", "39.77±0.00 54.30±0.00 10.23±0.12 10.62±0.27 16.43±0.00 16.32±0.00"),
        *parse_row("DrNAS", BEST, RZ_NAS),
        *_row("GDAS", "90.01±0.46 93.23±0.23 24.05±8.12 24.20±8.08 40.66±0.00 41.02±0.00", in_readme=False),
        *_row("SNAS", "90.10±1.04 92.77±0.83 69.69±2.39 69.34±1.98 42.84±1.79 43.16±2.64"),
        *_row("DSNAS", "89.66±0.29 93.08±0.13 30.87±16.40 31.01±16.38 40.61±0.09 41.07±0.09", in_readme=False),
        *_row("PC-DARTS", "89.96±0.15 93.41±0.30 67.12±0.39 67.48±0.89 40.83±0.08 41.31±0.22"),
    ),
    notes=(
        "The test values are also in the authors' README; the validation values were read in EEEA-Net alone, but for those of DrNAS.",
    ),
)
