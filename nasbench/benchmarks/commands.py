"""`nasbench describe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def describe(
    benchmark: Annotated[str, typer.Argument(help="table/dataset, see nasbench list benchmarks")],
    cost: Annotated[
        list[str] | None, typer.Option(help="an objective to compute fronts with; may be given several times")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="folder for the figures")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Describe a benchmark as a search landscape: size, optimum, fronts, local optima, variance, seeds, rank correlations.

    Of a surrogate or another function of a large space what can be known without listing it: size, best known values, errors of prediction.
    """
    from dataclasses import asdict

    from nasbench.benchmarks.catalogue import get_searchable
    from nasbench.benchmarks.function_report import describe_function, describe_surrogate
    from nasbench.benchmarks.landscape_report import describe as compute
    from nasbench.benchmarks.surrogate import SurrogateBenchmark
    from nasbench.benchmarks.tabular import TabularBenchmark
    from nasbench.cli.console import print_json, print_table
    from nasbench.errors import NasbenchError

    found = get_searchable(benchmark)
    if isinstance(found, TabularBenchmark):
        described = compute(found, cost)
    elif cost or out:
        kind = "surrogate" if isinstance(found, SurrogateBenchmark) else "closed form"
        raise NasbenchError(f"{benchmark} is a {kind}, a function without a table; leave --cost and --out away.")
    else:
        described = describe_surrogate(found) if isinstance(found, SurrogateBenchmark) else describe_function(found)
    facts = [asdict(fact) for fact in described]
    figures = [] if out is None else [str(path) for path in _draw(found, out)]
    if json:
        print_json("describe", benchmark=benchmark, facts=facts, figures=figures)
        return
    print_table(benchmark, facts)
    if figures:
        print(f"{len(figures)} files of figures in {out}")


def _draw(benchmark: Any, folder: Path) -> list[Path]:
    """Draw by what is registered for it, since figures are no business of this package."""
    from nasbench.errors import NasbenchError
    from nasbench.plugins import points, use

    figure = points("nasbench.figures").get("landscape")
    if figure is None:
        raise NasbenchError(
            "No package that draws landscapes is installed (entry point nasbench.figures); leave out --out."
        )
    try:
        paths: list[Path] = use(figure, "figure")(benchmark, folder)
    except OSError as fault:
        raise NasbenchError(
            f"The figures cannot be written to {folder} ({fault.strerror}); name another folder."
        ) from None
    return paths
