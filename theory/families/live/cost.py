"""What a step of a weight-sharing searcher costs, in passes through the supernet and in operations that are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from nasbench.live.networks.mixed_operation import Edge
from nasbench.live.searchers.loop import SupernetSearch
from nasbench.theory.families.live.small_search import small_search
from nasbench.theory.machinery.claim import Context, Verdict, all_at_most, equal_within

STEPS = 4
"""A multiple of the period after which a searcher repeats what it does."""


def check_passes(
    context: Context, passes: float, name: str, options: Mapping[str, Any], factor: float = 1.0
) -> Verdict:
    """Count passes through the supernet in some steps of a searcher; a mutant states a multiple of them."""
    search = small_search(context.rng(f"live.passes.{name}"), name, options, batches=1)
    made: Counter[str] = Counter()
    supernet = search.searcher.supernet
    supernet.register_forward_pre_hook(lambda *_: made.update(["passes"]))
    search.searcher.progress = 0.5
    for _ in range(STEPS):
        search.searcher.step(search.train[0], search.search[0])
    return equal_within(made["passes"], factor * passes * STEPS, 0, STEPS, note=f"passes in {STEPS} steps")


def check_operations(context: Context, name: str, mixed: int, factor: float = 1.0) -> Verdict:
    """Compare the operations computed in a pass with those stated: all of each edge, or one; a mutant states a multiple of them."""
    search = small_search(context.rng(f"live.operations.{name}"), name, {}, batches=1)
    searcher = search.searcher
    made: Counter[str] = Counter()
    edges = [module for module in searcher.supernet.modules() if isinstance(module, Edge)]
    for edge in edges:
        for operation in edge.operations.values():
            operation.register_forward_pre_hook(lambda *_: made.update(["operations"]))
    searcher.supernet.register_forward_pre_hook(lambda *_: made.update(["passes"]))
    for _ in range(STEPS):
        searcher.step(search.train[0], search.search[0])
    per_pass = made["operations"] / made["passes"]
    stated = factor * len(edges) * (len(edges[0].operations) if mixed else 1)
    note = f"operations a pass on {len(edges)} edges"
    if mixed:
        return equal_within(per_pass, stated, 0, made["passes"], note=note)
    return all_at_most([per_pass], [stated], vacuous_beyond=10.0, n=made["passes"], note=note)


def check_epochs(context: Context, growing: bool = False, epochs: int = 3) -> Verdict:
    """Count operations in each epoch of a search; a mutant makes one step more in each epoch than in the one before."""
    search = small_search(context.rng("live.epochs"), "gaea", batches=2, double=False, epochs=epochs)
    made: Counter[str] = Counter()
    search.searcher.supernet.register_forward_pre_hook(lambda *_: made.update(["passes"]))
    run = SupernetSearch(search.searcher, search.task, search.splits)
    counts = []
    for epoch in range(epochs):
        made.clear()
        run.run(until=epoch + 1)
        for _ in range(epoch if growing else 0):
            search.searcher.step(search.train[0], search.search[0])
        counts.append(made["passes"])
    return equal_within(
        max(counts), min(counts), 0, epochs, note="passes of the epoch with the most, and with the fewest"
    )


def check_growing(context: Context) -> Verdict:
    """Make `check_epochs` with epochs that grow: the mutant."""
    return check_epochs(context, growing=True)
