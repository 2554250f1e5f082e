"""Command lines that someone mistyped: a good one with words changed, left out, repeated or put in.

What a good line means ends within a second or two, also with a word less (so `claims` and tasks that are at hand are
left out): what does not end within `LIMIT` seconds hangs.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from nasbench.cli.main import status
from tests.fuzz._outcomes import TooLongError, limited

LIMIT = 60.0
STUDY = """name = "fuzz"
seed = 1
runs = 2
runs_per_file = 2
problems = ["tiny/d"]
objectives = ["error"]
split = "validation"
epochs = [1]
training_seed = "mean"
repeat_policy = "retrain"
budget = { queries = 3 }
methods = [{ name = "random_search" }, { name = "local_search" }]
"""
TABLE = """name = "tiny"
data = "tiny.csv"
provenance = "by hand"
columns = [{ dataset = "d", quantity = "accuracy", split = "validation", epochs = 1, unit = "%", column = "acc" }]
[space]
name = "tiny-space"
decisions = [{ name = "a", choices = ["x", "y"] }, { name = "b", choices = ["x", "y"] }]
"""
ROWS = "a,b,acc\nx,x,90\nx,y,91\ny,x,92\ny,y,93\n"
GOOD = (
    "--version",
    "--help",
    "list --json",
    "list spaces",
    "list optimizers --json",
    "data list",
    "data check tiny",
    "data import table tiny.toml --name other --jobs 1",
    "data fetch digits",
    "describe tiny/d --cost error --out figures --json",
    "run study.toml --runs 1 --jobs 1 --out results --json",
    "run study.toml --worker-timeout 1.5",
    "report results --out page",
    "verify random-search.rank-law --jobs 1 --seed 3 --out verified --json",
    "tune regularized_evolution --benchmark tiny/d --trials 1 --budget unique_queries=3 --runs 1 --seed 0 --metric final-regret",
    "reproduce nonsense --runs 1 --seed 1",
    "devices tiny/d",
    "search cifar10 --optimizer random_search --epochs 1 --queries 1 --seed 1",
    "federated search trec --space darts --clients 2 --partition dirichlet:0.5 --client-dropout 0.5",
    "train nonsense --task digits --epochs 1 --recipe small --device cpu",
    "export checkpoint.pt --out net.onnx",
    "latency tiny --batch 0",
    "federated join 127.0.0.1:1 --client 0 --clients 0",
)
ODD = (
    *(
        "",
        " ",
        "-",
        "--",
        "---",
        "-1",
        "0",
        "1.5",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "0x10",
        "9" * 30,
        str(2**31),
        str(-(2**63)),
    ),
    *(
        "true",
        "none",
        "None",
        "[]",
        "{}",
        "=",
        "a=b",
        "unique_queries=nan",
        "unique_queries=-1",
        "queries=1e400",
        "²",
        "٣",
    ),
    *(
        "\0",
        "a\nb",
        "\x1b[31m",
        "é",
        "漢字",
        "\udcff",
        "x" * 5000,
        "*",
        "?",
        "[",
        "$HOME",
        "~",
        "%s",
        "{0}",
        "\\frac",
        "[bold",
    ),
    *(
        ".",
        "..",
        "./",
        "missing/here",
        "study.toml/x",
        "/dev/null/x",
        "/proc/self/mem",
        "/dev/full",
        "tiny.csv",
        "binary",
    ),
    *(
        "tiny/",
        "/d",
        "tiny/d/e",
        "nk/1x1-k9",
        "nk/99999999999x2-k1",
        "onemax/0x0",
        "onemax/20x4",
        "nas-bench-201/",
        "*/*",
    ),
    *(
        "--json",
        "--out",
        "--out=",
        "--runs",
        "--runs=",
        "--seed=-1",
        "--jobs=0",
        "--help",
        "--version",
        "-h",
        "-j4",
        "--no-json",
    ),
    *(
        "accuracy",
        "error",
        "latency@",
        "@",
        "random_search",
        "hybrid",
        "top-10",
        "random",
        "mean",
        "hierarchical",
        "darts",
    ),
)


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Try `n` command lines in `folder`; see `tests.fuzz`."""
    rng, counts = random.Random(seed), Counter[str]()
    with _workplace(folder):
        for _ in range(n):
            arguments = _mistyped(rng)
            counts["tried"] += 1
            counts[_outcome(arguments)] += 1
    return counts


def _mistyped(rng: random.Random) -> list[str]:
    words = rng.choice(GOOD).split()
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        at = rng.randrange(len(words) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            words.insert(at, rng.choice(ODD))
        elif at == len(words):
            continue
        elif kind == 1:
            del words[at]
        elif kind == 2:
            words.insert(at, words[at])
        elif kind == 3 and words[at]:
            sign = rng.randrange(len(words[at]))
            words[at] = words[at][:sign] + rng.choice("abz09-_=./ é\n") + words[at][sign + rng.randrange(2) :]
        else:
            words[at] = rng.choice(ODD)
    return words


def _outcome(arguments: list[str]) -> str:
    """Run one command line: a refusal is one line on standard error and status 2."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with limited(LIMIT), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = status(arguments)
    except TooLongError:
        print(f"hangs: {arguments}", file=sys.stderr)
        return "hangs"
    except BaseException:
        print(f"traceback: {arguments}\n{traceback.format_exc(limit=-4)}", file=sys.stderr)
        return "tracebacks"
    if code != 2:
        return "harmless"
    sentence = err.getvalue().splitlines()[-1:]
    if "Traceback" in err.getvalue() or not sentence or not sentence[0].startswith("nasbench: "):
        print(f"no sentence: {arguments}: {err.getvalue()}", file=sys.stderr)
        return "tracebacks"
    return "refused"


@contextlib.contextmanager
def _workplace(folder: Path) -> Iterator[None]:
    """A folder with a study and a table of four rows as the working folder, and a cache in it."""
    for name, content in (("study.toml", STUDY), ("tiny.toml", TABLE), ("tiny.csv", ROWS)):
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "binary").write_bytes(bytes(range(256)))
    before, cache = Path.cwd(), os.environ.get("NASBENCH_CACHE")
    os.chdir(folder)
    os.environ["NASBENCH_CACHE"] = str(folder / "cache")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            status(["data", "import", "table", "tiny.toml"])
        yield
    finally:
        os.chdir(before)
        os.environ.pop("NASBENCH_CACHE")
        if cache is not None:
            os.environ["NASBENCH_CACHE"] = cache
