"""`nasbench devices`."""

from __future__ import annotations

from typing import Annotated

import typer


def devices(
    benchmark: Annotated[
        str, typer.Argument(help="table/dataset with device-specific costs")
    ] = "nas-bench-201-hardware/cifar10",
    cost: Annotated[
        list[str] | None,
        typer.Option(help="costs of a device besides the error, as latency@pixel3,parameters (repeatable)"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compute exact Pareto fronts on several devices and the hypervolume each front attains on the others."""
    from dataclasses import asdict

    from nasbench.benchmarks.catalogue import get_benchmark
    from nasbench.benchmarks.views import AS_IT_IS
    from nasbench.cli.console import print_json, print_table
    from nasbench.reports.analysis.device_transfer import DEVICES, measured_devices, transfer
    from nasbench.reports.wording import format_range

    chosen = [tuple(text.split(",")) for text in cost] if cost else DEVICES
    found, error = measured_devices(get_benchmark(benchmark), chosen)
    fronts = [
        {
            "device": device.name,
            "architectures": len(device.rows),
            "distinct_points": len(device.front.points),
            **{
                f"objective_{at}": f"{format_range(view(low), view(high))} {unit}"
                for at, (low, high, unit, view) in enumerate(
                    zip(
                        device.front.ideal,
                        device.front.nadir,
                        (error, *device.units),
                        (AS_IT_IS, *device.views),
                        strict=True,
                    ),
                    start=1,
                )
            },
        }
        for device in found
    ]
    transfers = [asdict(transfer(source, target)) for target in found for source in found]
    if json:
        print_json("devices", benchmark=benchmark, fronts=fronts, transfers=transfers)
        return
    print_table(
        f"{benchmark}: fronts of {error} and costs", [{"no.": n} | row for n, row in enumerate(fronts, start=1)]
    )
    for value, title in (
        ("share", "share of the hypervolume of the device's own front that another's front attains"),
        ("held", "share of the architectures of the device's own front that are on another's front"),
    ):
        given = {(row["source"], row["target"]): row[value] for row in transfers}
        table = [
            {"front of": source.name}
            | {f"on no. {n}": f"{given[source.name, target.name]:.4f}" for n, target in enumerate(found, start=1)}
            for source in found
        ]
        print_table(title, table)
