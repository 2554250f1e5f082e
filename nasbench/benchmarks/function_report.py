"""`nasbench describe` of a surrogate: statistics of a space that cannot be enumerated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nasbench.benchmarks.landscape_report import Fact
from nasbench.benchmarks.surrogate import SAMPLED, PredictedObjective, SurrogateBenchmark

QUANTILES = (0.01, 0.5)


def describe_surrogate(benchmark: SurrogateBenchmark) -> list[Fact]:
    """Return the facts: its size, and for each objective the best known value, random architectures, errors of prediction."""
    space = benchmark.space
    uniform = np.random.default_rng(0).random((SAMPLED, space.d))
    sampled = space.sample(uniform)
    facts = [
        Fact("kind", "surrogate", None, "a function: values are predicted, not looked up, and nothing is trained"),
        Fact("size", "decisions", space.d, space.name),
        Fact("size", "combinations", float(space.product_size), space.name),
    ]
    seen: list[PredictedObjective] = []
    for name, objective in benchmark.predictions.items():
        if all(objective.predict is not other.predict for other in seen):
            seen.append(objective)
            facts += _objective(benchmark, name, objective, objective.view(objective.predict(sampled)))
    return facts


def _objective(
    benchmark: SurrogateBenchmark, name: str, objective: PredictedObjective, sampled: np.ndarray
) -> Iterator[Fact]:
    topic, view, unit = f"{name} ({objective.unit})", objective.view, objective.unit
    best = objective.find_best()
    kind = "optimum" if objective.is_exact else "best known, of a search that may have missed better"
    yield Fact(topic, kind, float(view(objective.predict(best))), benchmark.space.to_string(best))
    better = "smallest" if view.direction == "min" else "largest"
    for share in QUANTILES:
        value = np.quantile(sampled, share if view.direction == "min" else 1.0 - share)
        yield Fact(
            topic,
            f"{100 * share:g}% of random architectures are better",
            float(value),
            f"{SAMPLED:,} random architectures",
        )
    yield Fact(
        topic,
        f"{better} of random architectures",
        float(view(view(sampled).min())),
        f"{SAMPLED:,} random architectures",
    )
    if errors := benchmark.held_out.get(name):
        detail = f"{errors.architectures:,} measurements that were held out"
        yield Fact(topic, "root mean square error of prediction", errors.rmse, f"{unit}; {detail}")
        yield Fact(topic, "rank correlation of prediction (Kendall)", errors.kendall_tau, detail)
