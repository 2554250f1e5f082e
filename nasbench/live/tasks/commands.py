"""`nasbench data fetch` and `nasbench data pack`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli.live_options import Json, show
from nasbench.errors import NasbenchError


def fetch(
    task: Annotated[str, typer.Argument(help="a task of nasbench list tasks")],
    source: Annotated[
        Path | None, typer.Option(help="local file, folder or archive, or the folder of packed parts")
    ] = None,
    json: Json = False,
) -> None:
    """Fetch and verify a task's data into the cache, and print the source used."""
    from nasbench.live.tasks.catalogue import get_task

    chosen = get_task(task)
    if source is not None and not source.exists():
        raise NasbenchError(f"{source} does not exist; --source should name a file, folder or archive.")
    if chosen.fetch is None:
        if source is not None:
            raise NasbenchError(f"Task {task!r} is not fetched ({chosen.source}); leave out --source.")
        chosen.load()
        row = {"task": task, "folder": None, "source": chosen.source}
    else:
        fetched = chosen.fetch(source)
        row = {"task": task, "folder": str(fetched.folder), "source": fetched.source}
    show("data fetch", "tasks", [row], json)


def pack(
    task: Annotated[str, typer.Argument(help="cifar10")],
    folder: Annotated[Path, typer.Argument(help="output folder")],
    parts: Annotated[int, typer.Option(help="number of files; two for CIFAR-10 have 46 MiB each")] = 2,
    json: Json = False,
) -> None:
    """Pack a task's cached data losslessly into a few files, which `data fetch --source FOLDER` reads on another
    machine.
    """
    from nasbench.live.tasks.catalogue import get_task

    chosen = get_task(task)
    if chosen.pack is None:
        raise NasbenchError(f"Task {task!r} is not packed; only cifar10 is.")
    if folder.exists() and not folder.is_dir():
        raise NasbenchError(f"{folder} is no folder; name one, or one to make.")
    paths = chosen.pack(parts, folder)
    show("data pack", "parts", [{"file": str(path), "bytes": path.stat().st_size} for path in paths], json)
