"""Tasks from .npz files: arrays x and y, or the arrays of a training, a validation and a test part."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, unknown_name
from nasbench.live.tasks.custom import task_from_arrays
from nasbench.live.tasks.user_task import UserTask

WHOLE = (("x", "y"), ("images", "labels"), ("data", "labels"), ("X", "y"), ("data", "target"), ("arr_0", "arr_1"))
PARTED = (("x_{}", "y_{}"), ("{}_images", "{}_labels"), ("X_{}", "y_{}"), ("{}_x", "{}_y"))
"""Names of the arrays, in the order in which they are looked for; the second of them are those of MedMNIST."""


def task_from_file(name: str, path: Path, seed: int = 0, *, group: str | None = None) -> UserTask:
    """Return a task of the arrays in a .npz file.

    Args:
        name: name of the task.
        path: the file.
        seed: seed of the division into parts.
        group: name of an array with the group of each example, whose groups fall into one part.

    Raises:
        NasbenchError: if the file is damaged, or has no arrays of known names, or they are no task.
    """
    arrays = read_arrays(path)
    source = f"the file {path}"
    groups = None
    if group is not None:
        if group not in arrays:
            raise unknown_name(f"array of {path}", group, arrays)
        groups = arrays[group].ravel()
    for x, y in PARTED:
        parts = {
            part: (arrays[x.format(alias)], arrays[y.format(alias)])
            for part, aliases in (
                ("train", ("train",)),
                ("search", ("val", "valid", "validation")),
                ("test", ("test",)),
            )
            for alias in aliases
            if x.format(alias) in arrays and y.format(alias) in arrays
        }
        if "train" in parts and len(parts) > 1:
            if "test" not in parts:
                parts["test"] = parts.pop("search")
            test, search = parts["test"], parts.get("search")
            return task_from_arrays(name, *parts["train"], seed, groups=groups, search=search, test=test, source=source)
    for x, y in WHOLE:
        if x in arrays and y in arrays:
            return task_from_arrays(name, arrays[x], arrays[y], seed, groups=groups, source=source)
    raise NasbenchError(
        f"{path} has the arrays {', '.join(arrays) or 'none'}; it should have x and y, or x_train, y_train, x_test and y_test."
    )


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a .npz file by name; raise NasbenchError if it cannot be read, or holds Python objects."""
    if not path.is_file():
        raise NasbenchError(f"{path} is no file; name a .npz file with the arrays x and y.")
    try:
        with np.load(path, allow_pickle=False) as content:
            if isinstance(content, np.ndarray):
                raise NasbenchError(f"{path} is a single array; save x and y together with numpy.savez.")
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as fault:
        why = "it holds Python objects" if "pickle" in str(fault).lower() else "it is damaged"
        raise NasbenchError(
            f"{path} cannot be read as a .npz file of numbers ({why}); write it with numpy.savez(FILE, x=x, y=y)."
        ) from None
