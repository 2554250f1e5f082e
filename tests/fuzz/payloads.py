"""Hostile files against every reader of files from others: nothing runs, nothing crashes, memory stays small, one sentence each.

Payloads are tried in child processes, many in each, whose address space and time are limited; a child that dies is told by the payload
that it had begun, and the next goes on behind it.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SHORT = 8
"""Inputs of a short run."""
MEMORY = 700 * 2**20
"""Bytes that a child may take beyond what it has once everything is imported."""
SECONDS = 30
"""Time for one payload."""
MARK = "mark"
"""Folder that a payload would make, in the folder of its child."""
TABLE = """
name = "t{number}"
data = "{data}"
provenance = "hostile"
columns = [{{ dataset = "d", quantity = "accuracy", split = "validation", unit = "%", column = "acc" }}]
[space]
name = "s"
decisions = [{{ name = "op", choices = ["x", "y"] }}]
"""

Case = tuple[str, str, str]
"""Name of a payload, how it is read, and its file."""


def campaign(n: int, seed: int, folder: Path) -> collections.Counter[str]:
    """Try `n` payloads; count what became of them: refused, silent (read, or run), traceback, or hang."""
    import numpy as np

    cases = list(make(n, np.random.default_rng(seed), folder))
    counts: collections.Counter[str] = collections.Counter()
    for name, verdict, detail in results(cases, folder):
        counts[verdict] += 1
        if verdict != "refused":
            print(f"{name}: {verdict}: {detail[-300:]}")
    return counts


def make(n: int, rng: Any, folder: Path) -> Iterator[Case]:
    """Write `n` payloads: each family once at least if `n` allows, then values, places and readers drawn at random."""
    import hostile_payloads as hostile

    values = [(family, value) for family, some in hostile.families(MARK).items() for value in some]
    places = list(hostile.WRAPPERS.items())
    archives: dict[str, Callable[[], bytes]] = {
        "pbz2": hostile.flood_in_bz2,
        "pth": hostile.flooded_archive,
    }
    made = 0
    for kind, write in archives.items():
        if made < n:
            yield _written(folder, f"flood in a {kind}", kind, write())
            made += 1
    for kind, build in (("long", hostile.long_parquet), ("wide", hostile.wide_parquet)):
        if made < n:
            build(folder / f"{kind}.parquet")
            (folder / f"{kind}.toml").write_text(TABLE.format(number=made, data=f"{kind}.parquet"))
            yield f"{kind} parquet", "table", str(folder / f"{kind}.toml")
            made += 1
    order = [int(i) for i in rng.permutation(len(values))]
    while made < n:
        family, value = values[order[made % len(values)]]
        place, wrap = places[int(rng.integers(len(places)))]
        reader = READER_NAMES[int(rng.integers(len(READER_NAMES)))]
        yield _written(folder, f"{made}: {family} {place}", reader, _file(reader, wrap(value)))
        made += 1


READER_NAMES = ("pickle", "pbz2", "pth", "deflated pth", "older pth", "hw-nas-bench", "nats-bench")


def _file(reader: str, value: bytes) -> bytes:
    """A value as a file of what a reader reads."""
    import bz2

    import hostile_payloads as hostile

    data = hostile.pickled(value)
    if reader in ("pbz2", "nats-bench"):
        return bz2.compress(data)
    if reader in ("pth", "deflated pth"):
        return hostile.torch_archive(data, zipfile.ZIP_STORED if reader == "pth" else zipfile.ZIP_DEFLATED)
    if reader == "older pth":
        return hostile.older_torch_file(data)
    return hostile.hw_nas_bench(value) if reader == "hw-nas-bench" else data


def _written(folder: Path, name: str, reader: str, content: bytes) -> Case:
    number = len(list(folder.iterdir()))
    path = folder / f"{number}"
    if reader == "nats-bench":
        path.mkdir()
        (path / "000000.pickle.pbz2").write_bytes(content)
        return name, reader, str(path)
    path = path.with_suffix(".pbz2" if reader == "pbz2" else ".pth" if "pth" in reader else ".pickle")
    path.write_bytes(content)
    return f"{name}, as {reader}", reader, str(path)


# ---- children --------------------------------------------------------------------------------------------------------


def results(cases: list[Case], folder: Path) -> Iterator[tuple[str, str, str]]:
    """Name, verdict and detail of each payload."""
    at = 0
    while at < len(cases):
        listed = folder / "cases.json"
        listed.write_text(json.dumps(cases[at:]), encoding="utf-8")
        environment = os.environ | {"NASBENCH_CACHE": str(folder / "cache")}
        limit = SECONDS * len(cases[at:]) + 60
        command = [sys.executable, __file__, str(listed)]
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit, check=False
            )
            output, ended = done.stdout, f"ended with {done.returncode}: {done.stderr[-300:]!r}"
        except subprocess.TimeoutExpired as late:
            output, ended = str(late.stdout or b"", "utf-8"), "hang"
        found = [json.loads(line) for line in output.splitlines() if line.startswith("[")]
        for verdict, detail in found:
            yield cases[at][0], verdict, detail
            at += 1
        if at < len(cases) or not found:
            yield cases[at][0], "hang" if ended == "hang" else "traceback", ended
            at += 1


def _try_all(listed: Path) -> None:
    readers = _readers()
    held = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    signal.signal(signal.SIGALRM, _late)
    for _, reader, path in json.loads(listed.read_text(encoding="utf-8")):
        print(json.dumps(_try(readers[reader], Path(path))), flush=True)


class _Late(BaseException):
    """The time for a payload is over."""


def _late(*_: object) -> None:
    raise _Late


def _try(read: Callable[[Path], object], path: Path) -> tuple[str, str]:
    from nasbench.errors import NasbenchError

    signal.alarm(SECONDS)
    try:
        value = read(path)
    except NasbenchError as refused:
        detail = str(refused)
        verdict = "refused" if "\n" not in detail and len(detail) < 1_000 and detail.isprintable() else "traceback"
    except _Late:
        verdict, detail = "hang", ""
    except BaseException:
        verdict, detail = "traceback", traceback.format_exc()[-300:].replace("\n", " | ")
    else:
        verdict, detail = "silent", repr(type(value))
    finally:
        signal.alarm(0)
    if Path(MARK).exists() or (path / MARK).exists():
        return "silent", "it ran"
    return verdict, detail


def _readers() -> dict[str, Callable[[Path], object]]:
    from nasbench.tables.importers import import_table
    from nasbench.tables.restricted_pickle import load_file
    from nasbench.tables.sources import described, hw_nas_bench, nas_bench_201_pth, nats_bench  # noqa: F401

    with contextlib.suppress(ImportError):
        import torch  # noqa: F401
    import pandas as pd
    import pyarrow.parquet  # noqa: F401

    assert pd.DataFrame({"a": ["x"]}).shape == (1, 1)

    def importer(kind: str) -> Callable[[Path], object]:
        return lambda path: import_table(kind, path, name=f"t-{path.stem}")

    def torch_file(path: Path) -> object:
        return nas_bench_201_pth.read_file(path, trusted=False)

    return {
        "pickle": load_file,
        "pbz2": load_file,
        "pth": torch_file,
        "deflated pth": torch_file,
        "older pth": torch_file,
        "hw-nas-bench": importer("hw-nas-bench"),
        "nats-bench": importer("nats-bench-topology"),
        "table": importer("table"),
    }


if __name__ == "__main__":
    _try_all(Path(sys.argv[1]))
