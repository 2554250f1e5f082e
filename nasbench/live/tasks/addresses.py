"""Tasks by address: a user's data without a line of code.

folder:PATH[#group=SEPARATOR,size=PIXELS,seed=N]        class folders of images
csv:PATH#COLUMN[,group=COLUMN,kind=regression,seed=N]   a table and the column to predict
npz:PATH[#group=ARRAY,seed=N]                           arrays x and y
medmnist:NAME[#size=PIXELS,root=FOLDER]                 a data set of MedMNIST, as its package stores it
MODULE:ATTR                                             a task, a data set, a pair (x, y), or a function that returns one
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.tasks.task import Task
from nasbench.live.tasks.user_task import UserTask
from nasbench.ranges import LARGEST_SEED

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "folder": ("group", "size", "seed"),
    "csv": ("target", "group", "kind", "seed"),
    "npz": ("group", "seed"),
    "medmnist": ("size", "root"),
}
"""Options of each kind of address."""
ADDRESSES = "folder:PATH, csv:PATH#COLUMN, npz:PATH, medmnist:NAME or MODULE:ATTR"
LARGEST_SIDE = 512


def task_at(address: str) -> Task:
    """Return the task at an address; read again only if its files have changed.

    Raises:
        NasbenchError: in one sentence, for an address or data that cannot be a task.
    """
    kind, _, rest = address.partition(":")
    if kind not in OPTIONS:
        return _imported(address)
    path, options = _parsed(kind, rest)
    if kind == "medmnist":
        from nasbench.live.tasks.medmnist import medmnist_file

        path = medmnist_file(str(path), options)
    return _read(address, kind, path, tuple(sorted(options.items())), _state(path))


def address_hint(name: str) -> str | None:
    """Return how to write a path that was given as the name of a task; None if there is no such file."""
    path = Path(name).expanduser()
    if path.is_dir():
        return f"folder:{name}"
    if path.is_file():
        return f"npz:{name}" if path.suffix == ".npz" else f"csv:{name}#COLUMN"
    return None


def as_task(thing: Any, name: str) -> Task:
    """Return a task made of what a package or a module names: a task, a data set, (x, y), or a function or class that makes
    one.
    """
    from nasbench.live.tasks.custom import task_from_arrays
    from nasbench.live.tasks.dataset import Dataset, task_from_dataset

    makes = isinstance(thing, type) or (callable(thing) and not isinstance(thing, Dataset | Task | Mapping))
    made = thing() if makes else thing
    if isinstance(made, Task):
        return made
    if isinstance(made, tuple) and len(made) == 2 and all(hasattr(part, "shape") for part in made):
        return task_from_arrays(name, *made)
    if isinstance(made, Dataset | Mapping) and not isinstance(made, str):
        return task_from_dataset(name, made)
    raise NasbenchError(
        f"{name!r} is {type(made).__name__}; a task is a Task, a data set of (x, y), a pair of arrays, or a function that returns one."
    )


def _imported(address: str) -> Task:
    from nasbench.search.methods import load_attribute

    return as_task(load_attribute(address), address)


def _parsed(kind: str, rest: str) -> tuple[Path, dict[str, str]]:
    """Return path and options of an address; a `#` in the name of an existing file is part of it."""
    path, _, fragment = (rest, "", "") if Path(rest).expanduser().exists() else rest.rpartition("#")
    if not path:
        path, fragment = rest, ""
    if not path:
        raise NasbenchError(f"{kind}: names no path; write {ADDRESSES}.")
    options: dict[str, str] = {}
    for text in filter(None, fragment.split(",")):
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign and kind == "csv" and "target" not in options:
            name, value = "target", name
        if name not in OPTIONS[kind]:
            raise unknown_name(f"option of {kind}:", name, OPTIONS[kind])
        if not value:
            raise NasbenchError(f"Option {name!r} of {kind}:{path} has no value; write {name}=VALUE.")
        options[name] = value
    return Path(path).expanduser(), options


def _whole(options: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    if name not in options:
        return None
    text = options[name]
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise NasbenchError(f"Option {name!r} is {text!r}; it should be a whole number from {low} to {high}.")
    return int(text)


def _state(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of change of the files at a path, by which a change is noticed."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.exists() else []
    return tuple((str(file), (s := file.stat()).st_size, s.st_mtime_ns) for file in files if file.is_file())


@lru_cache(maxsize=4)
def _read(address: str, kind: str, path: Path, options: tuple[tuple[str, str], ...], state: object) -> UserTask:
    given = dict(options)
    return READERS[kind](address, path, given, _whole(given, "seed", 0, LARGEST_SEED) or 0)


def _read_folder(address: str, path: Path, options: Mapping[str, str], seed: int) -> UserTask:
    from nasbench.live.tasks.image_folder import task_from_folder

    size = _whole(options, "size", 4, LARGEST_SIDE)
    return task_from_folder(address, path, size, seed, group=options.get("group"))


def _read_csv(address: str, path: Path, options: Mapping[str, str], seed: int) -> UserTask:
    from nasbench.live.tasks.data_frame import read_table, task_from_frame

    table = read_table(path)
    if "target" not in options:
        raise NasbenchError(
            f"{address} does not say which column to predict; write csv:{path}#COLUMN with one of {', '.join(map(str, table.columns[:30]))}."
        )
    group, kind = options.get("group"), options.get("kind")
    return task_from_frame(address, table, options["target"], seed, group=group, kind=kind, source=str(path))


def _read_npz(address: str, path: Path, options: Mapping[str, str], seed: int) -> UserTask:
    from nasbench.live.tasks.array_file import task_from_file

    return task_from_file(address, path, seed, group=options.get("group"))


def _read_medmnist(address: str, path: Path, options: Mapping[str, str], seed: int) -> UserTask:
    from nasbench.live.tasks.medmnist import task_from_medmnist

    return task_from_medmnist(address, path, options)


READERS: Mapping[str, Callable[[str, Path, Mapping[str, str], int], UserTask]] = {
    "folder": _read_folder,
    "csv": _read_csv,
    "npz": _read_npz,
    "medmnist": _read_medmnist,
}
