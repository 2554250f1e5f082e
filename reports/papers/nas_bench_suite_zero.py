"""NAS-Bench-Suite-Zero, Figure 2: Spearman's correlation of proxies with validation accuracy, over 1,000 random architectures.

Which architectures were drawn is not on record, so each number is compared with the distribution over random sets of that size.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from nasbench.reports.papers.computed import sampled_spearman, scores_of, size_of
from nasbench.reports.papers.estimate import ReproducedEstimate
from nasbench.reports.papers.naswot import SCORES
from nasbench.reports.papers.paper import Computed, NotRun, Paper, PublishedValue, Reported, parse_value
from nasbench.spaces.space import Floats
from nasbench.tables.catalogue import get_table
from nasbench.tables.table import Table

CELLS = 1_000
TOPOLOGY, MICRO, SAMPLE = "nas-bench-201", "transnas-bench-101-micro", "nas-bench-101"
TABLES = {TOPOLOGY: "nas-bench-201-reference", MICRO: MICRO, SAMPLE: "nas-bench-101-sample"}
EPOCHS: Mapping[str, int | None] = {MICRO: None, SAMPLE: 108}
"""Training that is ranked; of NAS-Bench-201 that which is reported."""

PARAMS = {
    f"{TOPOLOGY}/cifar10": "0.72",
    f"{MICRO}/autoencoder": "-0.01",
    f"{TOPOLOGY}/cifar100": "0.73",
    f"{MICRO}/room_layout": "0.30",
    f"{TOPOLOGY}/imagenet16-120": "0.69",
    f"{MICRO}/jigsaw": "0.44",
    f"{MICRO}/class_scene": "0.64",
    f"{MICRO}/class_object": "0.45",
    f"{MICRO}/segmentsemantic": "0.68",
    f"{SAMPLE}/cifar10": "0.37",
    f"{MICRO}/normal": "0.62",
}
"""Data sets in an order in which neighbours can be distinguished with 1,000 architectures."""

FLOPS = {
    f"{TOPOLOGY}/cifar10": "0.69",
    f"{MICRO}/autoencoder": "-0.02",
    f"{TOPOLOGY}/cifar100": "0.71",
    f"{MICRO}/room_layout": "0.30",
    f"{TOPOLOGY}/imagenet16-120": "0.67",
    f"{MICRO}/jigsaw": "0.45",
    f"{MICRO}/class_scene": "0.65",
    f"{MICRO}/class_object": "0.46",
    f"{MICRO}/segmentsemantic": "0.69",
    f"{MICRO}/normal": "0.64",
}
NWOT = {f"{TOPOLOGY}/cifar10": "0.77", f"{TOPOLOGY}/cifar100": "0.80", f"{TOPOLOGY}/imagenet16-120": "0.77"}
SYNFLOW = {f"{TOPOLOGY}/cifar10": "0.73", f"{TOPOLOGY}/cifar100": "0.76", f"{TOPOLOGY}/imagenet16-120": "0.75"}
ZICO = "Table 5 of ZiCo (ICLR 2023), over all cells, to 0.01"
CONFIRMED = {f"{MICRO}/{task}" for task in ("class_scene", "jigsaw", "normal")}
HASHES = "the table at hand is the 20,001 cells of the lowest hashes, whose accuracies are one training each"


def _sampled(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    name, _, dataset = figure.dataset.partition("/")
    place = reported if name == TOPOLOGY else Reported(table=TABLES[name], epochs=EPOCHS[name])
    return _correlate(figure.method, place, dataset)


@lru_cache(maxsize=64)
def _correlate(method: str, place: Reported, dataset: str) -> ReproducedEstimate:
    table = get_table(place.table)
    return sampled_spearman(_proxy(method, table, dataset), _ranked(table, dataset, place.epochs), CELLS)


def _proxy(method: str, table: Table, dataset: str) -> Floats:
    if method == "nwot":
        return scores_of(SCORES, dataset, "naswot")
    if table.name == TABLES[SAMPLE]:
        column = table.find(dataset, "parameters")
        assert column is not None
        return table.measured(column).mean()
    return size_of(table.base_space, "flops" if method == "flops" else "parameters", dataset)


def _ranked(table: Table, dataset: str, epochs: int | None) -> Floats:
    for quantity in ("accuracy", "score"):
        column = table.find(dataset, quantity, "validation", epochs)
        if column is not None:
            return table.measured(column).mean()
    raise AssertionError(f"{table.name} ranks {dataset} by validation")


PAPER = Paper(
    name="nas-bench-suite-zero",
    title="NAS-Bench-Suite-Zero, Figure 2: proxies against validation accuracy",
    citation="Krishnakumar, White, Zela, Tu, Safari and Hutter, NAS-Bench-Suite-Zero, NeurIPS 2022 Datasets and Benchmarks, Figure 2",
    methods={
        "params": Computed(compute=_sampled),
        "flops": Computed(compute=_sampled),
        "nwot": Computed(compute=_sampled, tables=(SCORES,)),
        "synflow": NotRun(reason="it needs gradients of untrained networks, of which no table is at hand"),
    },
    figures=tuple(
        parse_value(
            method, dataset, "Spearman", value, ZICO if method in ("params", "flops") and dataset in CONFIRMED else ""
        )
        for method, values in (("params", PARAMS), ("flops", FLOPS), ("nwot", NWOT), ("synflow", SYNFLOW))
        for dataset, value in values.items()
    ),
    margins=dict.fromkeys(PARAMS, 0.05),
    unit="Spearman's correlation",
    mutants=("data sets", "epochs"),
    explanations={("params", f"{SAMPLE}/cifar10"): HASHES},
    notes=(
        "FLOPs of NAS-Bench-201 count poolings, as in ZiCo; multiply-accumulates alone rank its cells as parameters do.",
    ),
)
