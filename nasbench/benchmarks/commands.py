"""`nasbench describe`."""

from __future__ import annotations

from typing import Annotated

import typer


def describe(
    benchmark: Annotated[str, typer.Argument(help="table/dataset, see nasbench list benchmarks")],
    cost: Annotated[
        list[str] | None, typer.Option(help="an objective to compute fronts with; may be given several times")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Describe a benchmark as a search landscape: size, optimum, fronts, local optima, variance, seeds, rank correlations."""
    from dataclasses import asdict

    from nasbench.benchmarks.catalogue import get_benchmark
    from nasbench.benchmarks.describe import describe as compute
    from nasbench.benchmarks.tabular import TabularBenchmark
    from nasbench.console import print_json, print_table
    from nasbench.errors import NasbenchError

    found = get_benchmark(benchmark)
    if not isinstance(found, TabularBenchmark):
        raise NasbenchError(f"{benchmark} has no table to describe; name a benchmark of the form table/dataset.")
    facts = [asdict(fact) for fact in compute(found, cost)]
    if json:
        print_json("describe", benchmark=benchmark, facts=facts)
        return
    print_table(benchmark, facts)
