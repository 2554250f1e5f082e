"""Traces of searches on live tasks that queried no benchmark: they are read off the curve of the search. This module needs no torch.

A search on shared weights has a row per epoch of the supernet: the architecture that it would have returned then, with the score of the
supernet on the search split. A row for each finalist that was trained alone follows. `operator` says which of the two a row is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nasbench.spaces.catalogue import get_space
from nasbench.spaces.space import Space
from nasbench.study.trace_table import SECONDS, Columns

Rows = Sequence[Mapping[str, Any]]
"""Rows of a search curve: each has `architecture` (its choices), `search` (its score) and `seconds`."""


def supernet_columns(curve: Rows, finalists: Rows, space: Space, seed: int, epochs: int) -> Columns:
    """Return the trace of a search on shared weights.

    Args:
        curve: a row per epoch.
        finalists: a row for each architecture that was trained alone.
        space: that was searched.
        seed: of all trainings.
        epochs: of a training alone.
    """
    rows = [*curve, *finalists]
    per_row = np.repeat([1, epochs], [len(curve), len(finalists)])
    columns = _columns(rows, space, per_row, seed)
    return {**columns, "operator": np.repeat(["supernet", "finalist"], [len(curve), len(finalists)])}


def stored_columns(result: Mapping[str, Any]) -> Columns:
    """Return the trace of a stored result without a trace file, as written by versions before 1.0.

    What such a result does not say is missing: finalists, and the seed of each training alone, which is -1.

    Raises:
        KeyError, TypeError, ValueError: if it is not such a result.
    """
    config = result["config"] if "config" in result else result["plan"]  # the word of the first edition
    curve, space = result["search_curve"], get_space(config["space"])
    epochs = int(config["search_recipe"]["epochs"])
    if any("query" in row for row in curve):
        return _columns(curve, space, np.full(len(curve), epochs), -1)
    return supernet_columns(curve, [], space, int(config["seed"]), epochs)


def _columns(rows: Rows, space: Space, epochs: NDArray[Any], seed: int) -> Columns:
    architectures = np.array([row["architecture"] for row in rows], np.int8).reshape(len(rows), space.d)
    return {
        "run": np.zeros(len(rows), np.int32),
        "query": np.arange(len(rows)),
        "architecture": architectures,
        "epochs": epochs,
        "training_seed": np.full(len(rows), seed),
        "error": np.array([row["search"] for row in rows], float),
        SECONDS: np.array([row["seconds"] for row in rows], float),
        "is_new_architecture": _is_new(architectures, epochs),
        "is_new_isomorphism_class": _is_new(space.canonical(architectures), epochs),
    }


def _is_new(architectures: NDArray[np.int8], epochs: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each architecture, at its epochs, is the first of its kind."""
    _, first = np.unique(np.column_stack([architectures, epochs]), axis=0, return_index=True)
    return np.isin(np.arange(len(architectures)), first)
