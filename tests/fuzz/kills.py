"""Commands killed with -9 at random points and started again: what they leave in the end is what one that is left alone leaves.

Outcomes: harmless where it is identical, silent where it is different, a traceback where the command that goes on fails. The kind of
command is counted as well. Commands start in a fork of a process that has imported them, so that kills fall into their work.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

SHORT = 3
"""Inputs of a short run: one of each of the quickest commands."""
HEAVY = ("nasbench.live.experiment.run", "nasbench.reports.commands", "nasbench.reports.page.report")
"""Modules that a short run does without."""
AGAIN = 0.3
"""Chance that a command that was killed is killed once more."""
LONGEST = 300.0
"""Seconds after which a command hangs."""

STUDY = """name = "killed"
seed = 7
runs = 8
runs_per_file = 2
problems = ["nas-bench-201/cifar10"]
objectives = ["error"]
split = "validation"
epochs = [200]
training_seed = "random"
repeat_policy = "cache"
budget = { unique_queries = 20 }
methods = [{ name = "random_search" }, { name = "local_search" }, { name = "hybrid" }]
"""
TABLE = """name = "rows"
data = "rows.csv"
provenance = "made by a rule"
columns = [{ dataset = "d", quantity = "accuracy", split = "validation", epochs = 1, unit = "%", column = "acc" }]
[space]
name = "rows-space"
decisions = [
  { name = "a", choices = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] },
  { name = "b", choices = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] },
  { name = "c", choices = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] },
]
"""


@dataclass(frozen=True)
class Command:
    """A command that is killed.

    Attributes:
        arguments: words, of which `{here}` is the folder that it writes and `{made}` one with what it reads.
        compared: which of the files that it leaves must be the same, by their path below `{here}`.
        own_cache: whether tables are built below `{here}`.
    """

    arguments: str
    compared: Callable[[Path], bool]
    own_cache: bool = False


def _is_trace(path: Path) -> bool:
    return path.parts[0] == "out" and path.suffix in (".parquet", ".toml")


def _is_table(path: Path) -> bool:
    return path.parts[0] == "cache" and path.suffix != ".lock"


def _is_page(path: Path) -> bool:
    return path.parts[0] == "page" and path.suffix != ".pdf"


def _is_printed(path: Path) -> bool:
    return path.name == "printed"


RUN = "run {made}/study.toml --out {here}/out"
TRAIN = "train 333132 --epochs 2 --channels 4 --device cpu --out {here}/out --json"
COMMANDS: Mapping[str, Command] = {
    "run": Command(RUN, _is_trace),
    "data import": Command("data import table {made}/rows.toml", _is_table, own_cache=True),
    "table build": Command("data check nas-bench-graph-proteins", _is_table, own_cache=True),
    "run --jobs 2": Command(f"{RUN} --jobs 2", _is_trace),
    "run --cluster local": Command(f"{RUN} --cluster local --jobs 2", _is_trace),
    "report": Command("report {made}/results --out {here}/page", _is_page),
    "train": Command(TRAIN, _is_printed),
    "search": Command(
        "search digits --optimizer random_search --queries 3 --epochs 1 --channels 4 --subset-size 128 --device cpu "
        "--out {here}/out --json",
        _is_printed,
    ),
    "search --federated": Command(
        "federated search digits --runtime loop --clients 3 --subset-size 150 --rounds 2 --train-rounds 4 --channels 4 "
        "--device cpu --out {here}/out --json",
        _is_printed,
    ),
    "tune": Command(
        "tune regularized_evolution --metric final-regret --trials 3 --runs 2 --benchmark nas-bench-201/cifar10 "
        "--budget queries=30 --json",
        _is_printed,
    ),
}


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Kill commands at `n` random points and start them again.

    Args:
        n: kills, or more by one where the last command is killed twice.
        seed: of the points.
        folder: where everything lies.
    """
    get_context("forkserver").set_forkserver_preload(["nasbench.study.runner", *(HEAVY if n > SHORT else ())])
    rng = random.Random(seed)
    made = folder / "made"
    made.mkdir()
    (made / "study.toml").write_text(STUDY, encoding="utf-8")
    (made / "rows.toml").write_text(TABLE, encoding="utf-8")
    rows = [f"{a},{b},{c},{(17 * a + 31 * b + 7 * c) % 97}" for a in range(10) for b in range(10) for c in range(10)]
    (made / "rows.csv").write_text("\n".join(["a,b,c,acc", *rows]) + "\n", encoding="utf-8")
    alone: dict[str, tuple[float, dict[str, bytes]]] = {}
    counts: Counter[str] = Counter()
    for name in cycle(COMMANDS):
        if counts["tried"] >= n:
            break
        if name == "report" and name not in alone:
            (made / "small.toml").write_text(STUDY[: STUDY.rindex(", { name")] + "]\n", encoding="utf-8")
            assert _start(f"run {made}/small.toml --runs 2 --out {made}/results", folder / "first").wait(LONGEST) == 0
        if name not in alone:
            alone[name] = _left_alone(name, made, folder / "alone")
        kills, outcome = _killed(name, made, folder / "here", alone[name], rng)
        counts["tried"] += kills
        counts[outcome] += kills
        counts[name] += kills
    return counts


def _left_alone(name: str, made: Path, here: Path) -> tuple[float, dict[str, bytes]]:
    started = time.monotonic()
    assert _start(_words(name, made, here), here, COMMANDS[name].own_cache).wait(LONGEST) == 0, name
    seconds = time.monotonic() - started
    files = _files(name, here)
    assert files, name
    shutil.rmtree(here)
    return seconds, files


def _killed(
    name: str, made: Path, here: Path, alone: tuple[float, dict[str, bytes]], rng: random.Random
) -> tuple[int, str]:
    """Kill a command once or twice and let it end; return the number of kills and the outcome."""
    seconds, files = alone
    words, kills = _words(name, made, here), 0
    try:
        while kills == 0 or (kills == 1 and rng.random() < AGAIN):
            running = _start(words, here, COMMANDS[name].own_cache)
            running.wait(rng.random() * seconds)
            running.kill()
            kills += 1
            if name == "data import" and _files(name, here) == files:
                return kills, "harmless"  # a table that is there is not imported twice
        code = _start(words, here, COMMANDS[name].own_cache).wait(LONGEST)
        if code is None:
            return kills, "hangs"
        if code != 0:
            return kills, "tracebacks"
        return kills, "harmless" if _files(name, here) == files else "silent"
    finally:
        shutil.rmtree(here, ignore_errors=True)


def _words(name: str, made: Path, here: Path) -> str:
    return COMMANDS[name].arguments.format(made=made, here=here)


def _files(name: str, here: Path) -> dict[str, bytes]:
    """Content of the files that must be the same, without what a clock measured in what was printed."""
    found = {}
    for path in sorted(path for path in here.rglob("*") if path.is_file()):
        place = path.relative_to(here)
        left_over = place.name.startswith(".") and not place.name.endswith(".lock")
        if left_over or COMMANDS[name].compared(place):
            found[str(place)] = _without_seconds(path.read_bytes()) if _is_printed(place) else path.read_bytes()
    return found


def _without_seconds(printed: bytes) -> bytes:
    def cleaned(value: object) -> object:
        if isinstance(value, dict):
            return {k: cleaned(v) for k, v in value.items() if "seconds" not in k and "latency" not in k}
        return [cleaned(item) for item in value] if isinstance(value, list) else value

    return json.dumps(cleaned(json.loads(printed))).encode()


class _Running:
    """A command in a process group of its own."""

    def __init__(self, process: object) -> None:
        self.process = process

    def wait(self, seconds: float) -> int | None:
        """Its exit status, or None if it does not end in time."""
        self.process.join(seconds)  # type: ignore[attr-defined]
        code: int | None = self.process.exitcode  # type: ignore[attr-defined]
        return code

    def kill(self) -> None:
        """Kill the command, and not the processes that it started: they must end by themselves."""
        self.process.kill()  # type: ignore[attr-defined]
        self.process.join()  # type: ignore[attr-defined]


def _start(words: str, here: Path, own_cache: bool = False) -> _Running:
    here.mkdir(exist_ok=True)
    process = get_context("forkserver").Process(target=_obey, args=(words.split(), str(here), own_cache))
    process.start()
    return _Running(process)


def _obey(arguments: list[str], here: str, own_cache: bool) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if own_cache:
        os.environ["NASBENCH_CACHE"] = f"{here}/cache"
    printed = os.open(f"{here}/printed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(printed, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    from nasbench.cli.main import status

    code = status(arguments)
    sys.stdout.flush()
    os._exit(code)
