"""Images a second of a search on shared weights beside a plain torch loop, in float32 and bfloat16, and their share of the peak.

`python -m tests.performance.live_rates [PAGE]` writes the block `<!-- measured: live -->` of a page. The two take the same steps
(`test_live_speed.py` asserts it); both are timed by turns in processor time on one thread. The peak is that of a product of two
square matrices in the same arithmetic.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from nasbench.theory.measured.machine import describe_machine
from nasbench.theory.measured.page import markdown, write_block
from tests.performance.test_live_speed import SETTINGS, build_pair

ROUNDS = 5
STEPS = 4
SIZE = 1024
"""Rows of the matrices of which the peak is taken."""


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the processor time of some work."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def peak(precision: str) -> float:
    """Return operations a second of a product of matrices, a multiply-add being two; the best of some."""
    a, b = torch.randn(2, SIZE, SIZE, dtype=getattr(torch, precision))
    return 2 * SIZE**3 / min(processor_seconds(lambda: a @ b) for _ in range(ROUNDS))


def compare(channels: int, batch_size: int, precision: str) -> dict[str, Any]:
    """Return a row of the table: a supernet of some width, in one arithmetic."""
    settings = replace(SETTINGS, channels=channels, batch_size=batch_size, precision=precision)
    searcher, plain, batches = build_pair(settings)

    def steps(step: Callable[..., object]) -> float:
        return processor_seconds(lambda: [step(*batch) for batch in batches[:STEPS]]) / STEPS

    steps(searcher.step), steps(plain.step)
    with FlopCounterMode(display=False) as counter:
        plain.step(*batches[0])
    rounds = [(steps(searcher.step), steps(plain.step)) for _ in range(ROUNDS)]
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    ratios = sorted(b / a for a, b in rounds)
    return {
        "channels": channels,
        "batch": batch_size,
        "arithmetic": precision,
        "images a second": f"{2 * batch_size / ours:,.0f}",
        "of the plain loop": f"{2 * batch_size / theirs:,.0f}",
        "ratio": f"{theirs / ours:.2f}",
        "lowest to highest": f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        "share of the peak": f"{counter.get_total_flops() / ours / peak(precision):.1%}",
    }


def main() -> None:
    """Measure, print, and write the page that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", nargs="?", type=Path, help="page whose block is written anew, as docs/SPEED.md")
    arguments = parser.parse_args()
    rows = [compare(*size, precision) for size in ((8, 64), (16, 256)) for precision in ("float32", "bfloat16")]
    text = f"{describe_machine('torch')}; medians of {ROUNDS} rounds in one run.\n\n{markdown(rows)}"
    sys.stdout.write(text)
    if arguments.page:
        write_block(arguments.page, "live", text)


if __name__ == "__main__":
    main()
