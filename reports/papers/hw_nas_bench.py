"""HW-NAS-Bench: the costs of its first cell, as its authors' README prints them, in the table that came by way of HELP."""

from __future__ import annotations

from nasbench.reports.papers.computed import latency
from nasbench.reports.papers.estimate import ReproducedEstimate, fixed_value
from nasbench.reports.papers.paper import Computed, NotRun, Paper, PublishedValue, Reported
from nasbench.tables.catalogue import get_table

FIRST = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
DEVICES = {"Raspberry Pi 4": "raspi4", "Pixel 3": "pixel3", "Eyeriss": "eyeriss", "FPGA": "fpga"}
HELP = "the latencies that HELP publishes (github.com/HayeonLee/HELP)"
_ABSENT = NotRun(reason="this cost is in the authors' pickle alone: `nasbench data import hw-nas-bench FILE`")


def _look_up(figure: PublishedValue, reported: Reported) -> ReproducedEstimate:
    held = get_table(reported.table)
    return fixed_value(float(latency(DEVICES[figure.method])[int(held.rows(held.base_space.from_string(FIRST)))]))


def _cost(device: str, quantity: str, value: float, confirmed: str = "") -> PublishedValue:
    return PublishedValue(
        method=device, dataset="cell 0, CIFAR-10", split=quantity, mean=value, digits=4, confirmed=confirmed
    )


PAPER = Paper(
    name="hw-nas-bench",
    title="HW-NAS-Bench: costs of the first cell of NAS-Bench-201 on CIFAR-10",
    citation="Li et al., HW-NAS-Bench, ICLR 2021; README of github.com/GATECH-EIC/HW-NAS-Bench",
    methods={
        **{device: Computed(compute=_look_up) for device in DEVICES},
        "Edge GPU": _ABSENT,
        "Edge TPU": _ABSENT,
        "Eyeriss (energy)": _ABSENT,
        "FPGA (energy)": _ABSENT,
    },
    figures=(
        _cost("Raspberry Pi 4", "latency (ms)", 10.4820, HELP),
        _cost("Pixel 3", "latency (ms)", 3.6058, HELP),
        _cost("Eyeriss", "latency (ms)", 3.6456, HELP),
        _cost("FPGA", "latency (ms)", 2.5730, HELP),
        _cost("Edge GPU", "latency (ms)", 5.8074),
        _cost("Edge TPU", "latency (ms)", 0.9572),
        _cost("Edge GPU", "energy (mJ)", 24.2266),
        _cost("Eyeriss (energy)", "energy (mJ)", 0.6873),
        _cost("FPGA (energy)", "energy (mJ)", 18.0107),
    ),
    margins={},
    unit="as named",
    mutants=("methods",),
)
