"""`python -m tests.fuzz`: every campaign for its share of the minutes, in a process of its own; exit status 1 if anything is wrong.

A campaign goes on in chunks, each with a seed of its own that follows from the seed given; the chunk in which something was wrong is
printed as the command that repeats it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests import fuzz

GRACE = 120.0
"""Seconds beyond its share after which a campaign hangs."""
LONG_ENOUGH = 0.2
"""Share of its time below which the next chunk of a campaign is twice as large: much of a chunk may be what it prepares."""


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("campaigns", nargs="*", help="all of them if none is named")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all campaigns together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, help="one chunk of this many inputs of each campaign, instead of minutes")
    parser.add_argument("--chunks", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    unknown = set(given.campaigns) - set(fuzz.names())
    if unknown:
        parser.error(f"no campaign {min(unknown)!r}; there are {', '.join(fuzz.names())}")
    if given.chunks is not None:
        with os.fdopen(os.dup(1), "w") as results:
            os.dup2(2, 1)  # what a campaign prints is for the reader, not for the table
            for counts in _chunks(given.campaigns[0], given.seed, given.chunks, given.inputs):
                print(json.dumps(counts), file=results, flush=True)
        return 0
    chosen = given.campaigns or list(fuzz.names())
    share = 60 * given.minutes / len(chosen)
    totals = {name: _in_a_process(name, given.seed, share, given.inputs) for name in chosen}
    print(_table(totals))
    wrong = sum(counts[fault] for counts in totals.values() for fault in fuzz.FAULTS)
    return 1 if wrong or not all(counts["tried"] for counts in totals.values()) else 0


def _chunks(name: str, seed: int, seconds: float, inputs: int | None) -> Iterator[Counter[str]]:
    """Run chunk after chunk of a campaign until the seconds are used, or one chunk of the given number of inputs."""
    started, size = time.monotonic(), inputs or fuzz.short(name)
    for number in range(1_000_000):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            counts = fuzz.run(name, size, seed + number, Path(folder))
            for told in Path(folder).glob("faults.txt"):
                print(told.read_text(encoding="utf-8"), file=sys.stderr, flush=True)
        if any(counts[fault] for fault in fuzz.FAULTS):
            print(
                f"wrong: python -m tests.fuzz {name} --seed {seed + number} --inputs {size}",
                file=sys.stderr,
                flush=True,
            )
        yield counts
        took = time.monotonic() - begun
        factor = 2 if took < LONG_ENOUGH * seconds else 1
        if inputs or time.monotonic() - started + factor * took > seconds:
            return
        size *= factor


def _in_a_process(name: str, seed: int, seconds: float, inputs: int | None) -> Counter[str]:
    """Add up the chunks of a campaign that runs beside this process; one that dies or never ends counts as that."""
    words = [sys.executable, "-m", "tests.fuzz", name, "--seed", str(seed), "--chunks", str(seconds)]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        done = _run(words + (["--inputs", str(inputs)] if inputs else []), cache, None if inputs else seconds + GRACE)
    totals: Counter[str] = sum((Counter(json.loads(line)) for line in done.stdout.splitlines()), Counter())
    if done.returncode:
        print(f"{name}: ended with status {done.returncode}", file=sys.stderr, flush=True)
        totals["hangs" if done.returncode == HUNG else "tracebacks"] += 1
    totals["seconds"] = round(time.monotonic() - started)
    return totals


HUNG = -1


def _run(words: list[str], cache: str, limit: float | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NASBENCH_CACHE": cache, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([".", "tests/support", os.environ.get("PYTHONPATH", "")])
    try:
        return subprocess.run(words, stdout=subprocess.PIPE, text=True, env=environment, timeout=limit, check=False)
    except subprocess.TimeoutExpired as fault:
        seen = fault.stdout or b""
        return subprocess.CompletedProcess(words, HUNG, seen.decode() if isinstance(seen, bytes) else seen)


def _table(totals: dict[str, Counter[str]]) -> str:
    columns = ("tried", *fuzz.OUTCOMES, "seconds")
    rows: list[tuple[str, ...]] = [("campaign", *columns)]
    rows += [(name, *(f"{counts[column]:,}" for column in columns)) for name, counts in totals.items()]
    together = sum(totals.values(), Counter())
    rows.append(("together", *(f"{together[column]:,}" for column in columns)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns) + 1)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
