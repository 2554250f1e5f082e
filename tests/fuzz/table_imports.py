"""Odd table descriptions and data files: each is imported, or refused in a sentence."""

from __future__ import annotations

import collections
import os
import shutil
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.benchmarks.objectives import find_objective, objective_names
from nasbench.errors import NasbenchError
from nasbench.tables.importers import import_table
from nasbench.tables.table import Table

from mutations import mutate
from small_table import CSV, TOML, write_small

SECONDS = 20
LONGEST = 1_000
"""Most letters of a refusal."""
GUESSED = "is not what table should be"
"""What is said of a fault that no importer looked for: a traceback in other words."""
SCALARS = (
    "0", "-1", "1", "1.5", "1e308", "-1e308", "nan", "inf", "9" * 30, "true", "false", '""', '"x"', '"²"', '"a\\u0000b"', "[]", "{}", "[[]]",
    '["x"]', "{ a = 1 }", f'"{"n" * 5_000}"', '"../up"', '"/etc/passwd"', '"%"', '"ms"', '"max"', '"validation"', "1979-05-27", "[" * 200,
    '"acc"', '"𝕏"', "'''x'''", "0x10", "1_000", '"fraction"', '"error"', '"train_time"', '"small.csv"', '"latency@chip"', '{ 1 = "acc", 01 = "f1" }',
)  # fmt: skip
"""What a value of the description becomes."""
CELLS = (
    "",
    "-1",
    "0",
    "nan",
    "inf",
    "1e308",
    "-3.7e279",
    "90%",
    "1,090",
    "²",
    "x",
    '"',
    "é",
    "\0",
    "9" * 400,
    "conv",
    "0.9",
    "--",
    "None",
    " 90 ",
)
"""What a cell of the data becomes."""


def campaign(n: int, seed: int, folder: Path) -> collections.Counter[str]:
    """Import `n` odd tables; count what became of them: refused, accepted, silent (accepted with impossible values), traceback or hang."""
    rng = np.random.default_rng(seed)
    counts: collections.Counter[str] = collections.Counter()
    with _cache(folder / "cache"):
        for number in range(n):
            toml, csv = _odd(rng)
            place = folder / str(number)
            place.mkdir()
            path = write_small(place, TOML)
            path.write_bytes(toml)
            (place / "small.csv").write_bytes(csv)
            verdict, detail = _verdict(path, number)
            counts[verdict] += 1
            if verdict not in ("refused", "accepted"):
                print(f"{verdict} (number {number} of seed {seed}): {detail}\n{toml!r}\n{csv!r}")
            shutil.rmtree(place)
    return counts


def _odd(rng: np.random.Generator) -> tuple[bytes, bytes]:
    """A description and data, one of them changed in one to three places."""
    toml, csv = TOML.encode(), CSV.encode()
    for _ in range(int(rng.integers(1, 4))):
        way = int(rng.integers(6))
        if way == 0:
            toml = _other_value(toml, rng)
        elif way == 1:
            toml = _other_line(toml, rng)
        elif way == 2 and toml:
            toml = mutate(toml, rng)[1]
        elif way == 3:
            csv = _other_cell(csv, rng)
        elif way == 4:
            csv = _other_line(csv, rng)
        elif csv:
            csv = mutate(csv, rng)[1]
    return toml, csv


def _other_value(toml: bytes, rng: np.random.Generator) -> bytes:
    """Another value after one of the equals signs."""
    parts = toml.decode(errors="replace").split(" = ")
    if len(parts) < 2:
        return toml
    at = int(rng.integers(1, len(parts)))
    end = min((i for i in (parts[at].find(c) for c in (",", "\n", " }")) if i >= 0), default=len(parts[at]))
    parts[at] = SCALARS[int(rng.integers(len(SCALARS)))] + parts[at][end:]
    return " = ".join(parts).encode()


def _other_line(text: bytes, rng: np.random.Generator) -> bytes:
    """A line less, twice, elsewhere, or cut."""
    lines = text.split(b"\n")
    at, to = (int(i) for i in rng.integers(len(lines), size=2))
    line = lines.pop(at)
    way = int(rng.integers(4))
    if way == 1:
        lines[at:at] = [line, line]
    elif way == 2:
        lines.insert(to, line)
    elif way == 3:
        lines.insert(at, line[: len(line) // 2])
    return b"\n".join(lines)


def _other_cell(csv: bytes, rng: np.random.Generator) -> bytes:
    rows = [row.split(b",") for row in csv.split(b"\n")]
    row = rows[int(rng.integers(len(rows)))]
    row[int(rng.integers(len(row)))] = CELLS[int(rng.integers(len(CELLS)))].encode()
    return b"\n".join(b",".join(row) for row in rows)


def _verdict(path: Path, number: int) -> tuple[str, str]:
    try:
        with _limit():
            table, _ = import_table("table", path, name=f"t{number}" if number % 2 else None)
            fault = _impossible(table)
            shutil.rmtree(table.folder)
    except NasbenchError as refused:
        said = str(refused)
        plain = len(said) < LONGEST and "\n" not in said and GUESSED not in said
        return ("refused", "") if plain else ("traceback", said[:LONGEST])
    except TimeoutError:
        return "hang", ""
    except Exception:
        return "traceback", traceback.format_exc()[-LONGEST:]
    return ("silent", fault) if fault else ("accepted", "")


def _impossible(table: Table) -> str:
    """What a table holds that no table can, or nothing; every objective is read."""
    for dataset in table.datasets:
        for name in objective_names(table, dataset):
            column = next((c for c in table.columns if c.dataset == dataset and name in (c.quantity, "error")), None)
            split, epochs = (column.split, column.epochs) if column else (None, None)
            values: Any = find_objective(table, dataset, name, split, epochs).mean()
            present = values[~np.isnan(values)]
            if not np.isfinite(present).all() or (np.abs(present) > 1e15).any():
                return f"{name} reaches {np.abs(present).max():g}"
            if name == "error" and present.size and not (present.min() >= 0 and present.max() <= 100):
                return f"error goes from {present.min():g} to {present.max():g}"
    return ""


@contextmanager
def _limit() -> Iterator[None]:
    """Raise TimeoutError after `SECONDS`."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Tables are built below `folder`."""
    before = os.environ.get("NASBENCH_CACHE")
    os.environ["NASBENCH_CACHE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NASBENCH_CACHE"]
        else:
            os.environ["NASBENCH_CACHE"] = before
