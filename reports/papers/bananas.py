"""BANANAS: its own table is on NAS-Bench-101; on NAS-Bench-201 there is the rerun in the paper of AG-Net, at 192 queries."""

from __future__ import annotations

from nasbench.reports.papers.nats_bench import RANDOM_SEARCH
from nasbench.reports.papers.paper import DATASETS, NotRun, Paper, Protocol, PublishedValue, Search, parse_row

_NAS_BENCH_101 = "Table 1 of AE-NAS (Scientific Reports 15, 2025, s41598-025-94187-8)"
_101 = NotRun(
    reason="it is on NAS-Bench-101, of which the reference data hold a sample of 20,001 cells; the whole table would be needed"
)


def _error(method: str, error: float) -> PublishedValue:
    return PublishedValue(
        method=method,
        dataset="nas-bench-101",
        split="test error",
        mean=error,
        confirmed=_NAS_BENCH_101,
    )


PAPER = Paper(
    name="bananas",
    title="BANANAS: NAS-Bench-101 at 150 queries (its own table), NAS-Bench-201 at 192 queries (rerun by AG-Net)",
    citation="White, Neiswanger and Savani, BANANAS, AAAI 2021; Lukasik, Jung and Keuper, Learning Where to Look (AG-Net), ECCV 2022, table on NAS-Bench-201",
    runs=10,
    protocol=Protocol(
        budgets={dataset: {"unique_queries": 192.0} for dataset in DATASETS},
        epochs=200,
        repeat_policy="cache",
    ),
    methods={
        "random search (192)": RANDOM_SEARCH,
        "BANANAS (192)": Search(optimizer="nasbench.baselines.bananas_naszilla:OPTIMIZER"),
        "BANANAS, simplified (192)": Search(optimizer="nasbench.baselines.bananas:OPTIMIZER"),
        "Bayesian optimization (192)": NotRun(
            reason="the rerun's Gaussian process and distance are naszilla's, and are not implemented here"
        ),
        "BANANAS (101)": _101,
        "local search (101)": _101,
        "regularized evolution (101)": _101,
        "random search (101)": _101,
    },
    figures=(
        *parse_row("random search (192)", "- 93.89 - 72.07 - 45.98"),
        *parse_row("BANANAS (192)", "- 94.30 - 73.50 - 46.51"),
        *parse_row("BANANAS, simplified (192)", "- 94.30 - 73.50 - 46.51"),
        *parse_row("Bayesian optimization (192)", "- 94.22 - 73.22 - 46.40"),
        _error("BANANAS (101)", 5.923),
        _error("local search (101)", 5.932),
        _error("regularized evolution (101)", 6.109),
        _error("random search (101)", 6.341),
    ),
    margins={"cifar10": 0.15, "cifar100": 0.35, "imagenet16-120": 0.35, "nas-bench-101": 0.1},
    explanations={
        ("BANANAS, simplified (192)", "cifar10"): (
            "nearly every run of ours finds the best cell, so our deviation is too small for the published mean, of which none is given"
        )
    },
    notes=(
        "The rerun gives no deviations; ours are taken for them, with 10 runs.",
        "The rerun does not say which training seed answered; here the seed mean of the 200-epoch validation accuracy does.",
        "BANANAS has the networks and the candidates of the authors' naszilla (`baselines/bananas_naszilla.py`); the simplified one is this "
        "suite's earlier version, with smaller networks and ten parents (`baselines/bananas.py`), compared with the same values.",
    ),
    own_runs=20,
)
