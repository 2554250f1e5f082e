"""Zero-cost proxies looked at more deeply: how well parameters and FLOPs rank the validation accuracy of random cells.

The protocol is in the post: 1,000 cells of the topology space and 100 of TransNAS-Bench-101, Spearman's correlation with the validation
accuracy after full training. Which cells were drawn is not on record, so the published number is compared with the
distribution over random sets of that size.
"""

from __future__ import annotations

from typing import Literal

from nasbench.reports.papers.computed import reported_accuracy, sampled_spearman, size_of
from nasbench.reports.papers.estimate import ReproducedEstimate
from nasbench.reports.papers.paper import Computed, NotRun, Paper, PublishedValue, Reported, parse_value
from nasbench.tables.catalogue import get_table

CELLS = {"cifar100": 1_000}
MICRO_CELLS = 100
MICRO = "transnas-bench-101-micro"
_GRADIENT = NotRun(reason="it needs gradients of untrained networks, of which no table is at hand")


def _by_size(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    kind: Literal["parameters", "flops"] = "parameters" if figure.method == "params" else "flops"
    if figure.dataset in CELLS:
        space, values = get_table(reported.table).base_space, reported_accuracy(figure, reported)
    else:
        held = get_table(MICRO)
        column = next(c for c in held.columns if c.dataset == figure.dataset)
        space, values = held.base_space, held.measured(column).mean()
    return sampled_spearman(size_of(space, kind, figure.dataset), values, CELLS.get(figure.dataset, MICRO_CELLS))


def _row(method: str, values: str) -> tuple[PublishedValue, ...]:
    """Read CIFAR-100 of Table 1, and the four tasks of Table 3."""
    return tuple(
        parse_value(method, dataset, "validation", value)
        for dataset, value in zip(COLUMNS, values.split(), strict=True)
    )


COLUMNS = ("cifar100", "jigsaw", "class_scene", "autoencoder", "class_object")

PAPER = Paper(
    name="zero-cost",
    title="A Deeper Look at Zero-Cost Proxies for Lightweight NAS, Tables 1 and 3: CIFAR-100 and TransNAS-Bench-101",
    citation="White, Khodak, Tu, Shah, Bubeck and Dey, ICLR Blog Track 2022, Tables 1 and 3",
    methods={
        "params": Computed(compute=_by_size),
        "flops": Computed(compute=_by_size),
        **dict.fromkeys(("synflow", "jacob_cov", "snip", "grad_norm", "grasp", "fisher"), _GRADIENT),
    },
    figures=(
        *_row("params", "0.7346 0.5068 0.7181 0.0517 0.5614"),
        *_row("flops", "0.7142 0.5161 0.7360 0.0650 0.5686"),
        *_row("synflow", "0.7938 0.4853 0.7582 -0.0850 0.6331"),
        *_row("jacob_cov", "0.7194 0.3733 0.6964 -0.1569 0.3969"),
        *_row("snip", "0.6789 0.5367 0.7162 0.3671 0.7582"),
        *_row("grad_norm", "0.6779 0.4933 0.6756 0.4380 0.7286"),
        *_row("grasp", "0.6319 0.5085 0.5034 0.4646 0.6233"),
        *_row("fisher", "0.6104 0.4361 0.7522 0.5611 0.7998"),
    ),
    margins={},
    unit="Spearman's correlation",
    mutants=("data sets", "epochs"),
    notes=(
        "With 100 cells an exchange of jigsaw and object classification could not be told.",
        "FLOPs of NAS-Bench-201 count poolings, as in ZiCo; multiply-accumulates alone rank its cells as parameters do.",
        "Spherical CIFAR-100, synthetic CIFAR-10 and DARTS of the same post need tables that are not at hand.",
    ),
)
