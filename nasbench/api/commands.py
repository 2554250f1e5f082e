"""`nasbench query`, `top`, `show` and `init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Benchmark = Annotated[str, typer.Argument(help="table/dataset, see nasbench list benchmarks")]


def query(
    benchmark: Benchmark,
    architecture: Annotated[str, typer.Argument(help="string of an architecture, or its index in the space")],
    curves: Annotated[bool, typer.Option("--curves", help="include every epoch of the learning curves")] = False,
    json: Json = False,
) -> None:
    """Print all measurements of an architecture in a benchmark: split, epochs, seed, value, unit."""
    from nasbench.api.benchmark import load_benchmark

    bench = load_benchmark(benchmark)
    rows = bench.query(int(architecture) if architecture.isdecimal() else architecture, curves=curves)
    _print("query", "values", _rows(rows), json)


def top(
    benchmark: Benchmark,
    n: Annotated[int, typer.Option("-n", min=1, help="number of architectures")] = 10,
    by: Annotated[
        str,
        typer.Option(
            help="split_quantity, such as test_accuracy, or latency (default: the quantity that the benchmark is scored by)"
        ),
    ] = "",
    json: Json = False,
) -> None:
    """List the best architectures of a benchmark, by the mean over training seeds."""
    from nasbench.api.benchmark import load_benchmark

    _print("top", "architectures", _rows(load_benchmark(benchmark).top(n, by)), json)


def show(preset: Annotated[str, typer.Argument(help="see nasbench list presets")], json: Json = False) -> None:
    """Print the TOML of a preset, to read it or to use it as a template."""
    from nasbench.cli.console import print_json
    from nasbench.study.toml import preset_text

    text = preset_text(preset)
    print_json("show", presets=[{"name": preset, "toml": text}]) if json else print(text, end="")


def init(file: Annotated[Path, typer.Argument(help="file to write")] = Path("study.toml"), json: Json = False) -> None:
    """Write a commented study template; `nasbench run FILE` runs it unchanged."""
    from importlib.resources import files

    from nasbench.cli.console import print_json
    from nasbench.errors import NasbenchError
    from nasbench.files.atomic import write_atomically

    if file.exists():
        raise NasbenchError(f"{file} exists already; name another file, or remove it.")
    write_atomically(file, (files("nasbench.api") / "study.toml").read_bytes())
    print_json("init", files=[{"file": str(file)}]) if json else print(f"{file}: nasbench run {file}")


def _rows(frame: Any) -> list[dict[str, Any]]:
    import pandas as pd

    return [
        {name: None if pd.isna(value) else value for name, value in row.items()} for row in frame.to_dict("records")
    ]


def _print(command: str, what: str, rows: list[dict[str, Any]], json: bool) -> None:
    from nasbench.cli.console import print_json, print_table

    print_json(command, **{what: rows}) if json else print_table(what, rows)
