"""Tasks from map-style data sets: those of torch, and of the package datasets of Hugging Face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nasbench.errors import NasbenchError, quoted
from nasbench.live.tasks.custom import Groups, task_from_arrays
from nasbench.live.tasks.user_task import UserTask

INPUTS = ("image", "img", "pixel_values", "x", "input", "data")
LABELS = ("label", "labels", "y", "target", "class", "fine_label")
"""Names of the fields of an example that is a mapping, in the order in which they are looked for."""


@runtime_checkable
class Dataset(Protocol):
    """A data set with a length and examples `(x, y)`, or mappings with an image and a label."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


def task_from_dataset(name: str, dataset: Any, seed: int = 0, *, test: Any = None, groups: Groups = None) -> UserTask:
    """Return a task of a data set, all of whose examples are read into memory.

    Args:
        name: name of the task.
        dataset: of torch or of Hugging Face: examples `(x, y)` or mappings; a mapping of data sets (as `load_dataset` returns)
            has its parts train, test and possibly validation.
        seed: seed of the division into parts.
        test: data set of the test examples; None to cut them from `dataset`.
        groups: group of each example of `dataset`.

    Raises:
        NasbenchError: if examples are of another form or of different shapes, or the classes are invalid.
    """
    search = None
    if isinstance(dataset, Mapping):
        parts = {str(key).lower(): part for key, part in dataset.items()}
        if "train" not in parts:
            raise NasbenchError(f"The data set {name!r} has the parts {', '.join(parts)}; one should be named train.")
        search = parts.get("validation", parts.get("val"))
        test = parts.get("test") if test is None else test
        dataset = parts["train"]
    given = {
        "test": None if test is None else _read(name, test),
        "search": None if search is None else _read(name, search),
    }
    if given["test"] is None:
        given = {"test": given["search"], "search": None}
    x, y = _read(name, dataset)
    return task_from_arrays(name, x, y, seed, groups=groups, source="a data set of a program", **given)


def _read(name: str, dataset: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    if not isinstance(dataset, Dataset):
        raise NasbenchError(
            f"The data set {name!r} is {type(dataset).__name__}, without a length or an item access; give a map-style data set."
        )
    examples = [_example(name, dataset[i]) for i in range(len(dataset))]
    shapes = {x.shape for x, _ in examples}
    if len(shapes) != 1:
        shown = ", ".join(map(str, sorted(shapes)[:4]))
        raise NasbenchError(
            f"The examples of {name!r} have {len(shapes)} shapes ({shown}); transform them to one, such as with Resize."
            if shapes
            else f"The data set {name!r} is empty; it should have eight examples at least."
        )
    return np.stack([x for x, _ in examples]), np.array([y for _, y in examples])


def _example(name: str, example: Any) -> tuple[NDArray[Any], Any]:
    if isinstance(example, Mapping):
        x, y = (_field(name, example, names) for names in (INPUTS, LABELS))
    elif isinstance(example, tuple | list) and len(example) >= 2:
        x, y = example[0], example[1]
    else:
        raise NasbenchError(
            f"An example of {name!r} is {quoted(type(example).__name__)}; it should be (x, y), or a mapping with an image and a label."
        )
    return np.asarray(x), np.asarray(y).item() if np.ndim(y) == 0 or np.size(y) == 1 else y


def _field(name: str, example: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    found = next((key for key in names if key in example), None)
    if found is None:
        raise NasbenchError(
            f"An example of {name!r} has the fields {', '.join(map(str, example))}; one should be named {' or '.join(names[:2])}."
        )
    return example[found]
