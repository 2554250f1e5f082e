"""`nasbench describe` of a function: a landscape where its space can be enumerated, else statistics of random architectures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nasbench.benchmarks.function_benchmark import FunctionBenchmark
from nasbench.benchmarks.landscape_report import Fact, optimum_facts, shape_facts, size_facts, variance_facts
from nasbench.benchmarks.surrogate import SAMPLED, PredictedObjective, SurrogateBenchmark

QUANTILES = (0.01, 0.5)
LISTED = 100_000
"""Spaces of functions up to this size are listed."""
MOST_DECISIONS = 12
"""Number of decisions up to which variance is attributed to each of their sets."""


def describe_function(benchmark: FunctionBenchmark) -> list[Fact]:
    """Return the facts of a closed form or registered function: size, optimum, landscape and variance, or quantiles of a large space."""
    space, function = benchmark.space, benchmark.function
    view = next(iter(benchmark.views.values()))
    kind = Fact("kind", "function", None, "values are computed, not looked up; the smaller the better")
    if space.size <= LISTED and space.is_enumerable:
        values = np.asarray(function(space.all), dtype=np.float64)
        varied = variance_facts(space, values) if space.d <= MOST_DECISIONS and space.size == space.product_size else ()
        return [
            kind,
            *size_facts(space, space),
            *optimum_facts(space, values, benchmark.unit),
            *shape_facts(space, values),
            *varied,
        ]
    topic = f"{next(iter(benchmark.views))} ({benchmark.unit})"
    sampled = np.asarray(function(space.sample(np.random.default_rng(0).random((SAMPLED, space.d)))), dtype=np.float64)
    facts = [
        kind,
        Fact("size", "decisions", space.d, ", ".join(space.decisions)),
        Fact("size", "combinations", float(space.product_size), space.name),
    ]
    if function.knows_optimum:
        facts.append(Fact(topic, "optimum", float(view(function.optimum)), "exact"))
    for share in QUANTILES:
        name = f"{100 * share:g}% of random architectures are better"
        facts.append(Fact(topic, name, float(view(np.quantile(sampled, share))), f"{SAMPLED:,} random architectures"))
    return facts


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
