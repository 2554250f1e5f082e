"""Summary of an evidence file: means, bounds and verdict. This module does not need torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from nasbench.errors import NasbenchError

LEAST_SEEDS = 3
"""Minimum number of seeds for a verdict."""


def accuracy(training: dict[str, Any], where: str) -> float:
    """Return the test accuracy in % of one training, with the views declared in its recipe.

    Raises:
        NasbenchError: if the training has none; `where` names it.
    """
    seen = training.get("test_error_with_views")
    error = training.get("test_error") if seen is None else seen
    if isinstance(error, bool) or not isinstance(error, int | float) or not 0.0 <= error <= 100.0:
        raise NasbenchError(f"{where} holds no test error in %; make the evidence again.")
    return 100.0 - float(error)


def judge(accuracies: Sequence[float], target: float, seeds: int = LEAST_SEEDS) -> dict[str, Any]:
    """Return mean, standard deviation, one-sided 95% bounds of the mean over seeds (Student's t), and the verdict.

    "holds" if the lower bound reaches the target, "fails" if the upper bound is below it, else "not shown";
    "incomplete" with fewer than `seeds` or three seeds.
    """
    n = len(accuracies)
    row: dict[str, Any] = {"accuracies": list(accuracies), "n": n, "mean": mean(accuracies) if n else None}
    if n < 2:
        return {**row, "deviation": None, "lower_95": None, "upper_95": None, "verdict": "incomplete"}
    from scipy.special import stdtrit

    spread = stdev(accuracies)
    reach = float(stdtrit(n - 1, 0.95)) * spread / math.sqrt(n)
    lower, upper = row["mean"] - reach, row["mean"] + reach
    verdict = "holds" if lower >= target else "fails" if upper < target else "not shown"
    if n < max(seeds, LEAST_SEEDS):
        verdict = "incomplete"
    return {**row, "deviation": spread, "lower_95": lower, "upper_95": upper, "verdict": verdict}


def summarise(trainings: Sequence[dict[str, Any]], target: float, seeds: Sequence[int]) -> dict[str, Any]:
    """Return the verdict on the registered seeds of the network found, and one row per kind of network.

    Args:
        trainings: trainings of the record, each with `kind` and `seed`; one that `failed` has no accuracy, so its row
            is incomplete.
        target: test accuracy in %.
        seeds: registered seeds; other seeds of the network found do not enter the bounds.
    """
    rows: dict[str, Any] = {}
    for kind in dict.fromkeys(training["kind"] for training in trainings):
        of = [t for t in trainings if t["kind"] == kind and (kind != "found" or t["seed"] in seeds)]
        whole = [accuracy(t, f"{kind} network, seed {t['seed']},") for t in of if "failed" not in t]
        rows[kind] = {**judge(whole, target, len(seeds)), "failed": len(of) - len(whole)}
    verdict = rows["found"]["verdict"] if "found" in rows else "incomplete"
    return {"target": target, "seeds": list(seeds), "verdict": verdict, "networks": rows}
