"""NASWOT, Table 2(a): the best of N random cells by a score of the untrained network, one random cell, and the best of N by accuracy.

Everything is an exact expectation: of N cells drawn with replacement the one with the highest score is taken (Algorithm 1). "Optimal" is the
best of the N by the accuracy that is reported, column by column. The score is computed on CIFAR-10 and the cell reported on all data sets.
"""

from __future__ import annotations

from nasbench.reports.papers.computed import best_by_score, best_of
from nasbench.reports.papers.paper import DATASETS, Computed, NotRun, Paper, parse_row

SCORES = "nas-bench-201-zero-cost"
SECOND = "Table 2 of From One to Zero (causal zero-shot NAS)"
OTHER_SCORES = (
    "the scores at hand are those of another computation (github.com/vilhess/MONET), one initialisation a cell; with 1,000 cells the choice "
    "depends on the very highest scores"
)


def _by_score(draws: int) -> Computed:
    return Computed(compute=best_by_score(draws, SCORES, "cifar10", "naswot"), tables=(SCORES,))


PAPER = Paper(
    name="naswot",
    title="Neural Architecture Search without Training, Table 2(a) (500 runs)",
    citation="Mellor, Turner, Storkey and Crowley, Neural Architecture Search without Training, ICML 2021, Table 2(a)",
    runs=500,
    methods={
        "Random": Computed(compute=best_of(1)),
        "Optimal (N=10)": Computed(compute=best_of(10)),
        "Optimal (N=100)": Computed(compute=best_of(100)),
        "NASWOT (N=10)": _by_score(10),
        "NASWOT (N=100)": _by_score(100),
        "NASWOT (N=1000)": _by_score(1000),
        "AREA": NotRun(reason="no optimizer of the suite takes its first population from scores of untrained networks"),
    },
    figures=(
        *parse_row("Random", "83.20±13.28 86.61±13.46 60.70±12.55 60.83±12.58 33.34±9.39 33.13±9.66"),
        *parse_row("Optimal (N=10)", "89.92±0.75 93.06±0.59 69.61±1.21 69.76±1.25 43.11±1.85 43.30±1.87"),
        *parse_row("Optimal (N=100)", "91.05±0.28 93.84±0.23 71.45±0.79 71.56±0.78 45.37±0.61 45.67±0.64"),
        *parse_row("NASWOT (N=10)", "89.14±1.14 92.44±1.13 68.50±2.03 68.62±2.04 41.09±3.97 41.31±4.11", SECOND),
        *parse_row("NASWOT (N=100)", "89.55±0.89 92.81±0.99 69.35±1.70 69.48±1.70 42.81±3.05 43.10±3.16", SECOND),
        *parse_row("NASWOT (N=1000)", "89.69±0.73 92.96±0.81 69.86±1.21 69.98±1.22 43.95±2.05 44.44±2.10", SECOND),
        *parse_row("AREA", "91.20±0.27 - 71.95±0.99 - 45.70±1.05 -"),
    ),
    explanations={("NASWOT (N=1000)", dataset): OTHER_SCORES for dataset in DATASETS},
    notes=(
        "Its baselines are those of NAS-Bench-201, Table 5, which is a paper of its own here.",
        "The scores have no licence and do not ship: `nasbench data import nas-bench-201-zero-cost FILE`.",
    ),
)
