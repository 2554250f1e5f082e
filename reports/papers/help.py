"""HELP: how well FLOPs rank latencies on six devices (Table 3), and the cells that it found under latency constraints (Table 4).

Read in github.com/HayeonLee/HELP at commit 45f70eb: `README.md` (both tables), `data/nasbench201/architecture_config` (the cells), `loader.py`
(correlations are over 1,000 cells without the fastest and the slowest tenth). Which cells the FLOPs row used is not on record, so it is
compared with the distribution over random sets of that size.
"""

from __future__ import annotations

from functools import lru_cache

from nasbench.reports.papers.computed import latency, reported_accuracy, sampled_spearman
from nasbench.reports.papers.estimate import ReproducedEstimate, fixed_value
from nasbench.reports.papers.paper import Computed, NotRun, Paper, PublishedValue, Reported, parse_value
from nasbench.spaces.catalogue import get_space
from nasbench.spaces.nas_bench_201 import NasBench201Space
from nasbench.spaces.space import Ints
from nasbench.tables.catalogue import get_table

CELLS = 1_000
CUT = 0.1
SPEARMAN, LATENCY, ACCURACY = "Spearman", "latency (ms)", "CIFAR-100 accuracy (%)"
README = "the authors' README, and the names of their files"
DEVICES = {
    "Titan RTX": "titan-rtx-batch-256",
    "Gold 6226": "gold-6226",
    "Pixel 2": "pixel2",
    "Raspberry Pi 4": "raspi4",
    "Eyeriss": "eyeriss",
    "FPGA": "fpga",
}
_A = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
_B = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_1x1~2|"
_C = "|nor_conv_1x1~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_3x3~2|"
_D = "|skip_connect~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|nor_conv_1x1~1|skip_connect~2|"
_E = "|none~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_1x1~2|"
_F = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
_G = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
_H = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
FOUND = {
    "Titan RTX": (("17.8", "69.7", _A), ("18.9", "71.5", _B), ("24.2", "71.8", _C)),
    "Gold 6226": (("8.0", "67.3", _D), ("10.7", "70.2", _E), ("14.3", "72.1", _F)),
    "Pixel 2": (("13.0", "69.7", _A), ("19.0", "71.8", _C), ("25.0", "73.2", _G)),
    "Eyeriss": (("3.9", "71.5", _B), ("5.1", "71.8", _C), ("9.1", "73.5", _H)),
    "FPGA": (("3.8", "70.2", _E), ("4.7", "71.8", _C), ("7.4", "73.5", _H)),
}
"""Device to (latency, accuracy, cell) under a tight, a medium and a loose constraint."""

CONSTRAINTS = ("HELP, tight constraint", "HELP, medium constraint", "HELP, loose constraint")
FLOPS = {
    "Titan RTX": "0.950",
    "Gold 6226": "0.826",
    "Pixel 2": "0.765",
    "Raspberry Pi 4": "0.846",
    "Eyeriss": "0.437",
    "FPGA": "0.900",
}
BRP_NAS = {
    "Titan RTX": "0.814",
    "Gold 6226": "0.796",
    "Pixel 2": "0.666",
    "Raspberry Pi 4": "0.847",
    "Eyeriss": "0.811",
    "FPGA": "0.801",
}
HELP = {
    "Titan RTX": "0.987",
    "Gold 6226": "0.989",
    "Pixel 2": "0.802",
    "Raspberry Pi 4": "0.890",
    "Eyeriss": "0.940",
    "FPGA": "0.985",
}


def _rank_by_flops(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    return _correlate(DEVICES[figure.dataset])


@lru_cache(maxsize=len(DEVICES))
def _correlate(device: str) -> ReproducedEstimate:
    space = get_space("nas-bench-201")
    assert isinstance(space, NasBench201Space)
    return sampled_spearman(space.flops(space.all, "cifar10"), latency(device), CELLS, CUT)


def _look_up(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    row = int(_row(figure, reported))
    if figure.split == LATENCY:
        return fixed_value(float(latency(DEVICES[figure.dataset])[row]))
    tested = PublishedValue(method=figure.method, dataset="cifar100", split="test", mean=figure.mean)
    return fixed_value(float(reported_accuracy(tested, reported)[row]))


def _row(figure: PublishedValue, reported: Reported) -> Ints:
    held = get_table(reported.table)
    cell = FOUND[figure.dataset][CONSTRAINTS.index(figure.method)][2]
    return held.rows(held.base_space.from_string(cell))


_PREDICTOR = NotRun(reason="its latency predictor is not implemented here; that of the suite is `nasbench devices`")

PAPER = Paper(
    name="help",
    title="HELP, Tables 3 and 4: FLOPs against latency, and cells found under latency constraints",
    citation="Lee, Lee, Chong and Hwang, HELP: Hardware-adaptive Efficient Latency Prediction for NAS via Meta-Learning, NeurIPS 2021",
    methods={
        "FLOPs": Computed(compute=_rank_by_flops),
        **{method: Computed(compute=_look_up) for method in CONSTRAINTS},
        "BRP-NAS": _PREDICTOR,
        "HELP": _PREDICTOR,
    },
    figures=(
        *(parse_value("FLOPs", device, SPEARMAN, value) for device, value in FLOPS.items()),
        *(parse_value("BRP-NAS", device, SPEARMAN, value) for device, value in BRP_NAS.items()),
        *(parse_value("HELP", device, SPEARMAN, value) for device, value in HELP.items()),
        *(
            parse_value(method, device, split, value, README)
            for device, cells in FOUND.items()
            for method, (milliseconds, accuracy, _) in zip(CONSTRAINTS, cells, strict=True)
            for split, value in ((LATENCY, milliseconds), (ACCURACY, accuracy))
        ),
    ),
    margins={},
    unit="as named",
    mutants=("methods", "data sets", "epochs"),
    notes=(
        "Latencies are those of the authors, so this shows that table and paper agree, not that a measurement can be repeated.",
    ),
)
