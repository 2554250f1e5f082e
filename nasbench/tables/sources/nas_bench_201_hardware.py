"""NAS-Bench-201 accuracies joined with latencies on devices, and with scores on the tasks of NAS-Bench-360.

On CIFAR-10 and CIFAR-100 the networks differ in their last layer alone, so a device that was measured with one of them stands for both,
and the note of the column says so. ImageNet16-120 has images of half the size; no device was measured with them.
"""

from __future__ import annotations

from pathlib import Path

from nasbench.tables.joined import Join, write_joined

NAME = "nas-bench-201-hardware"
TABLES = ("nas-bench-201-reference", "nas-bench-201-devices", "nas-bench-360")
DATASETS = ("cifar10", "cifar100", "imagenet16-120", "ninapro", "darcy")


def build(folder: Path) -> None:
    """Write the table into an empty folder."""
    from nasbench.tables.catalogue import get_table

    borrowed = {"cifar10": "cifar100", "cifar100": "cifar10"}
    write_joined(folder, Join(NAME, tuple(get_table(name) for name in TABLES), borrowed))
