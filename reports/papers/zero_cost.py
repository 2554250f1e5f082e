"""Zero-cost proxies looked at more deeply: how well parameters and FLOPs rank the validation accuracy of 1,000 random cells.

The protocol is in the post: 1,000 cells of the topology space, Spearman's correlation with the validation accuracy after full training. Which
cells were drawn is not on record, so the published number is held against the distribution over random sets of that size.
"""

from __future__ import annotations

from nasbench.reports.papers.computed import reported_accuracy, sampled_spearman
from nasbench.reports.papers.estimate import ReproducedEstimate
from nasbench.reports.papers.paper import Computed, NotRun, Paper, PublishedValue, Reported, parse_value
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.tables.catalogue import get_table

CELLS = 1_000
_GRADIENT = NotRun(reason="it needs gradients of untrained networks, of which no table is at hand")


def _by_size(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    space = get_table(reported.table).base_space
    assert isinstance(space, NasBench201Space)
    closed_form = space.parameters if figure.method == "params" else space.flops
    return sampled_spearman(closed_form(space.all, figure.dataset), reported_accuracy(figure, reported), CELLS)


PAPER = Paper(
    name="zero-cost",
    title="A Deeper Look at Zero-Cost Proxies for Lightweight NAS, Table 1: NATS-Bench topology space, CIFAR-100",
    citation="White, Khodak, Tu, Shah, Bubeck and Dey, ICLR Blog Track 2022, Table 1",
    methods={
        "params": Computed(compute=_by_size),
        "flops": Computed(compute=_by_size),
        **dict.fromkeys(("synflow", "jacob_cov", "snip", "grad_norm", "grasp", "fisher"), _GRADIENT),
    },
    figures=tuple(
        parse_value(method, "cifar100", "validation", value)
        for method, value in {
            "params": "0.7346",
            "flops": "0.7142",
            "synflow": "0.7938",
            "jacob_cov": "0.7194",
            "snip": "0.6789",
            "grad_norm": "0.6779",
            "grasp": "0.6319",
            "fisher": "0.6104",
        }.items()
    ),
    margins={},
    unit="Spearman's correlation",
    mutants=("epochs",),
    notes=(
        "Parameters and FLOPs rank the cells of this space alike, since both count the same convolutions; the post's two values differ.",
        "Spherical CIFAR-100, synthetic CIFAR-10, DARTS and TransNAS-Bench-101 of the same post need tables or closed forms that are not at hand.",
    ),
)
