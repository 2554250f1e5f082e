"""Studies in TOML that someone wrote in a hurry: a good one with values, lines and signs changed, and with what TOML allows but nobody means.

One is refused when it is read or checked, or it runs to its end where it is small enough to be run at all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from nasbench.study.config import Study
from nasbench.study.runner import check_study, run_study
from nasbench.study.toml import parse_study
from tests.fuzz._outcomes import outcome

LIMIT = 60.0
GOOD = (
    """name = "fuzz"
description = "a study"
seed = 7
runs = 2
runs_per_file = 1
problems = ["onemax/3x3", "nk/4x2-k1"]
objectives = ["error"]
split = "validation"
epochs = [1]
training_seed = "random"
repeat_policy = "cache"
budget = { unique_queries = 6, train_seconds = 50.0 }
methods = [
  { name = "random_search", label = "uniform", settings = { replacement = false, batch_size = 3 } },
  { name = "regularized_evolution", settings = { population_size = 4, tournament_size = 2, mutation = "uniform" } },
]
""",
    """name = "quick"
seed = 2020
runs = 2
problems = ["nas-bench-201/cifar10"]
objectives = ["error", "parameters"]
split = "validation"
epochs = "longest"
training_seed = "mean"
repeat_policy = "retrain"
[budget]
queries = 8
[[methods]]
name = "random_search"
[[methods]]
name = "nsga2"
label = "genetic"
settings = { population_size = 4, crossover_prob = 0.9, mutation_prob = 0.2 }
""",
    """name = "workers"
seed = 7
runs = 2
problems = ["onemax/3x3", "nas-bench-201/cifar10"]
repeat_policy = "cache_isomorphic"
workers = 3
lie = "worst"
budget = { wall_seconds = 4.0, queries = 12 }
methods = [{ name = "simulated_annealing" }, { name = "random_search" }]
""",
    """name = "constraints"
seed = 7
runs = 2
problems = ["nas-bench-201/cifar10"]
objectives = ["error", "latency"]
constraints = ["parameters <= 0.5", "accuracy >= 80", "latency <= 16 (measured)"]
budget = { queries = 12 }
methods = [{ name = "nsga2", settings = { population_size = 4 } }, { name = "random_search" }]
""",
)
ODD = (
    *("1", "2", "3", "nan", "-nan", "inf", "-inf", "0", "-0.0", "-1", "0.5", "1.5", "1e308", "5e-324", "1e400", str(2**31), str(2**63)),
    *(str(10**30), str(-(2**63)), "9" * 5000, "0x10", "0o17", "0b1", "1_000", "true", "false", '""', '"x"', '"²"', '"\\u0000"'),
    *("'''a\nb'''", '"\\n"', '"../../up"', '"a/b"', '"漢字"', '"' + "x" * 5000 + '"', "[]", "[[]]", "[nan]", "[1, 1]", "[3, 1]"),
    *('["error", "error"]', '["", 1]', "{}", "{ a = 1 }", "[{}]", "[1, [2, [3]]]", "[" * 3000, "[" * 300 + "]" * 300),
    *("1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "longest", '"longest"', '"mean"', '"retrain"', '"cache_isomorphic"'),
    *('"nk/4x2-k9"', '["nk/99999999999x2-k1"]', '["onemax/0x0"]', '["nas-bench-201/*"]', '["*/*"]', '["onemax/2x2"]'),
    *("{ queries = 1e300 }", "{ optimizer_seconds = 1e-9 }", "{ epochs = 3 }", "{ train_seconds = 5e-324 }", "{ queries = true }"),
    *('["latency <= 1e9"]', '["error < 3"]', '["flops >= -inf"]', '["loss <= 1e-9", "loss >= 0"]', '["latency <= 0"]', '"error <= 12"'),
    *('"worst"', '"best"', "{ wall_seconds = 0.5 }", "10001"),
)  # fmt: skip
SIGNS = "=[]{}\"'#.,\n -+_09azé²\x00\x7f\ufeff"
SMALL = 400.0
"""A study is run if it has no more units, runs, and queries in its budget than this."""


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Try `n` studies; see `tests.fuzz`."""
    rng, counts = random.Random(seed), Counter[str]()
    for number in range(n):
        text = _changed(rng)
        counts["tried"] += 1
        counts[outcome(text, partial(_checked, text, folder / str(number)), LIMIT)] += 1
    return counts


def _changed(rng: random.Random) -> str:
    text = rng.choice(GOOD)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        key, equals, _ = lines[at].partition("=")
        kind = rng.randrange(8)
        if kind < 4 and equals:
            lines[at] = f"{key}= {rng.choice(ODD)}"
        elif kind == 4:
            lines.insert(at, rng.choice((lines[at], f"other = {rng.choice(ODD)}", "[budget]", "[[methods]]", "[a.b]")))
        elif kind == 5:
            del lines[at]
        else:
            sign = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:sign] + rng.choice(SIGNS) + lines[at][sign + rng.randrange(3) :]
        text = "\n".join(lines)
    return text


def _checked(text: str, folder: Path) -> Callable[[], object]:
    study = parse_study(text, "fuzz")
    check_study(study)
    return partial(run_study, study, folder) if _is_small(study) else partial(str)


def _is_small(study: Study) -> bool:
    return max(len(study.units()), study.runs, study.budget.most_queries) <= SMALL
