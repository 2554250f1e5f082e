"""Damage to the files of a built table: every damage is told, or changes nothing."""

from __future__ import annotations

import collections
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import NasbenchError
from nasbench.spaces.space import Space
from nasbench.tables.column import Column, Measured
from nasbench.tables.table import open_table
from nasbench.tables.writer import write_table

from mutations import mutate

MANIFEST = "manifest.json"


def campaign(n: int, seed: int, folder: Path) -> collections.Counter[str]:
    """Damage one file of a table `n` times; count what reading all of it did: refused, harmless, silent or traceback."""
    rng = np.random.default_rng(seed)
    table = folder / "table"
    table.mkdir()
    _write(table, rng)
    whole = _content(table)
    names = sorted(path.name for path in table.iterdir())
    counts: collections.Counter[str] = collections.Counter()
    for _ in range(n):
        name = MANIFEST if rng.random() < 0.5 else names[int(rng.integers(len(names)))]
        sound = (table / name).read_bytes()
        what, damaged = mutate(sound, rng)
        (table / name).write_bytes(damaged)
        verdict = _verdict(table, whole)
        if verdict in ("silent", "traceback"):
            print(f"{verdict}: {what} in {name}")
        counts[verdict] += 1
        (table / name).write_bytes(sound)
    return counts


def _write(folder: Path, rng: np.random.Generator) -> None:
    space = Space("s", ("a", "b"), (("x", "y", "z"), ("1", "2", "3", "4")))
    missing = np.zeros((11, 2), dtype=bool)
    missing[3, 1] = True
    columns = [
        Measured(
            Column(
                dataset="d", quantity="accuracy", split="validation", epochs=9, seeds=(1, 2), unit="%", note="by hand"
            ),
            50 + 40 * rng.random((11, 2)),
            missing,
        ),
        Measured(Column(dataset="d", quantity="train_time", epochs=9, unit="ms"), 1e3 * rng.random(11)),
        Measured(Column(dataset="d", quantity="f1", split="test", unit="%", direction="max"), 90 * rng.random(11)),
    ]
    write_table(
        folder,
        name="t",
        space=space,
        columns=columns,
        provenance="drawn",
        row_index=np.arange(1, 12),
        notes=["A note."],
    )


def _content(folder: Path) -> list[Any]:
    """Everything that a table says."""
    table = open_table(folder)
    table.check()
    arrays = [table.measured(column) for column in table.columns]
    held = [(m.column, m.values.tobytes(), None if m.missing is None else m.missing.tobytes()) for m in arrays]
    return [
        table.name,
        table.checksum,
        table.notes,
        table.manifest["provenance"],
        table.row_index.tolist(),
        table.space.name,
        held,
    ]


def _verdict(folder: Path, whole: list[Any]) -> str:
    try:
        same = _content(folder) == whole
    except NasbenchError as refused:
        return "refused" if str(folder) in str(refused) and "\n" not in str(refused) else "traceback"
    except Exception:
        traceback.print_exc()
        return "traceback"
    return "harmless" if same else "silent"
