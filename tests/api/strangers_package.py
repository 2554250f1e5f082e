# mypy: ignore-errors
"""A third-party package: an optimizer, a benchmark, a task, a claim and a table, each in under 40 lines."""

# --- optimizer
import nasbench


@nasbench.register_optimizer("strangers_search")
class StrangersSearch:
    def __init__(self, problem, rng):
        self.space, self.rng = problem.space, rng

    def ask(self):
        return self.space.sample(self.rng.random((1, self.space.d)))

    def tell(self, observations):
        pass


# --- benchmark
import nasbench  # noqa: E402


@nasbench.register_benchmark("strangers/bowl", {"width": [16, 32, 64], "depth": [1, 2, 3]})
def bowl(width, depth):
    return abs(width - 32) / 2 + abs(depth - 2)


# --- claim
from nasbench import Claim, Mutant, register_claim  # noqa: E402
from nasbench.theory.machinery.claim import at_most  # noqa: E402


def mean_is_between(context, shift=0.0):
    x = context.rng("strangers.mean").random(100)
    return at_most(float(x.mean()) + shift, float(x.max()), n=100)


register_claim(
    Claim(
        name="strangers.mean",
        statement=r"\bar{x} \le \max_i x_i",
        assumptions=(),
        source="folklore",
        check=mean_is_between,
        mutant=Mutant("a mean that is 1 too large", lambda context: mean_is_between(context, shift=1.0)),
    )
)

# --- table
import pandas as pd  # noqa: E402

import nasbench  # noqa: E402


def strangers_table():
    measured = pd.DataFrame({"op": ["conv", "pool", "none"], "k": ["3", "3", "5"], "acc": [91.0, 85.5, 60.0]})
    return nasbench.import_table(
        {
            "name": "strangers-table",
            "provenance": "measured by a stranger",
            "space": {
                "name": "strangers-space",
                "decisions": [
                    {"name": "op", "choices": ["none", "pool", "conv"]},
                    {"name": "k", "choices": ["3", "5"]},
                ],
            },
            "columns": [
                {"dataset": "cifar10", "quantity": "accuracy", "split": "validation", "unit": "%", "column": "acc"}
            ],
        },
        measured,
    )


# --- task
import nasbench  # noqa: E402


def strangers_task(folder):
    return nasbench.register_task("strangers-images", folder=folder, size=8)
