"""Settings of optimizers that no one would write: every setting with every odd value, and with the ends of its own range.

The check of a study refuses one before its first unit, or the unit runs to its end.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from nasbench.ranges import Allowed, OrNone, Range
from nasbench.search.ledger import Budget
from nasbench.search.registry import get_optimizer, optimizer_names
from nasbench.study.backend import run_unit
from nasbench.study.config import Study
from nasbench.study.methods import MethodConfig
from nasbench.study.runner import check_study
from tests.fuzz._outcomes import outcome

LIMIT = 120.0
"""Seconds for the check and the unit."""
ODD: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, -1, 0, 0.5, 1.5, -0.0, 1e308, 5e-324, 2**31, 2**63, 10**30, -(2**63), 10**5000),
    *("x", "", [], {}, True, False, [0.5], [math.nan], "²", "true", "false", "1", "\ud800"),
)


def cases() -> list[tuple[str, str, Any]]:
    """Every optimizer, setting and value, in a fixed order."""
    return [
        (name, setting, value)
        for name in optimizer_names()
        for setting, allowed in get_optimizer(name).allowed.items()
        for value in (*ODD, *_ends(allowed))
    ]


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Try `n` cases, each once before any is tried again; see `tests.fuzz`."""
    shuffled, counts = cases(), Counter[str]()
    random.Random(seed).shuffle(shuffled)
    for number in range(n):
        case = shuffled[number % len(shuffled)]
        counts["tried"] += 1
        counts[outcome(case[:2], partial(_checked, *case), LIMIT)] += 1
    return counts


def _ends(allowed: Allowed) -> tuple[Any, ...]:
    """The first and the last number of a range."""
    inner = allowed.other if isinstance(allowed, OrNone) else allowed
    if not isinstance(inner, Range):
        return ()
    return (inner.least, inner.below - 1) if inner.whole else (inner.least, math.nextafter(inner.below, -math.inf))


def _checked(name: str, setting: str, value: Any) -> Callable[[], object]:
    study = Study(
        name="odd",
        description="",
        seed=1,
        runs=2,
        runs_per_file=2,
        problems=("nas-bench-201/cifar10",),
        objectives=("error",),
        split="validation",
        epochs=(12, 200) if get_optimizer(name).fidelities else (200,),
        training_seed="random",
        repeat_policy="cache",
        budget=Budget({"queries": 24}),
        methods=(MethodConfig(name=name, label=name, settings={setting: value}),),
    )
    check_study(study)
    return partial(run_unit, study, study.units()[0])
