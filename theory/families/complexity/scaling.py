"""Stated orders of what a query costs in the size of the candidate pool and in the numbers of decisions and choices, at a fixed number of queries.

Beside the number of queries (`optimizers`) these are what a user changes. The decisions are those of a network's encoding, so of its
features; processes on distances compute these in compiled code, where a decision costs too little to be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nasbench.search.registry import get_optimizer
from nasbench.spaces.catalogue import get_space
from nasbench.theory.families.complexity.growth import Order, Slope, check_slopes, grow
from nasbench.theory.families.complexity.optimizers import ORDERS, is_installed
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Evidence, Mutant, Verdict
from nasbench.theory.machinery.testbed import make_space

QUERIES = 10
"""Queries of a run: a handful beyond the initial design."""
POOLS = (256, 512, 1024, 1536, 2048)
DECISIONS = (32, 48, 64, 96, 128)
CHOICES = 4
CHOICES_OF_DECISIONS = (32, 40, 48, 56, 64)
DECISIONS_OF_CHOICES = 8
EXPONENT = 1.75
"""Of a mutant's sizes: larger pools than this gives are not allowed."""


SYMBOLS: Mapping[str, str] = {"choices": "k"}
"""Symbols of sizes that are not their first letters."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """A stated growth in one size.

    Attributes:
        what: what is counted.
        change: returns an order of `optimizers` with another size.
        sizes: ascending.
        reason: why.
        power: of operations and memory.
    """

    what: str
    change: Callable[[Order, float], Order]
    sizes: tuple[int, ...]
    reason: str
    power: float = 1.0


def _with_pool(order: Order, size: float) -> Order:
    return replace(order, settings={**order.settings, "n_candidates": round(size)}, sizes=(QUERIES,))


def _with_pool_of_children(order: Order, size: float) -> Order:
    """Return one on a space whose architectures have as many neighbours as candidates are asked for."""
    return replace(_with_pool(order, size), space=make_space(256, CHOICES))


def _with_pool_of_graphs(order: Order, size: float) -> Order:
    """Return one on the largest listed space of cells, of which a pool is a small part."""
    return replace(_with_pool(order, size), space=get_space("nas-bench-graph"))


def _with_decisions(order: Order, size: float) -> Order:
    return replace(order, space=make_space(round(size), CHOICES), sizes=(QUERIES,))


def _with_choices(order: Order, size: float) -> Order:
    return replace(order, space=make_space(DECISIONS_OF_CHOICES, round(size)), sizes=(QUERIES,))


_POOL = Scaling(what="candidates", change=_with_pool, sizes=POOLS, reason="each candidate is encoded and scored once")
_GRAPHS = replace(_POOL, change=_with_pool_of_graphs, sizes=(128, 192, 256, 384, 512, 768, 1024))
_CHILDREN = replace(_POOL, change=_with_pool_of_children, sizes=(64, 96, 128, 192, 256, 320, 384, 448, 512))
_FEATURES = Scaling(
    what="decisions", change=_with_decisions, sizes=DECISIONS, reason="a network of fixed width has d k inputs"
)
_FEATURES_OF_CHOICES = replace(_FEATURES, what="choices", change=_with_choices, sizes=CHOICES_OF_DECISIONS)
_POOL_OF_FEATURES = replace(
    _FEATURES, power=2.0, reason="a pool of O(d k) architectures for a network of fixed width with d k inputs"
)

SCALINGS: Mapping[str, tuple[Scaling, ...]] = {
    "gp_bo": (_POOL,),
    "nas_bowl": (_GRAPHS,),
    "bananas": (_CHILDREN, _FEATURES, _FEATURES_OF_CHOICES),
    "bananas_naszilla": (_CHILDREN, _FEATURES, _FEATURES_OF_CHOICES),
    "npenas": (_CHILDREN, _FEATURES, _FEATURES_OF_CHOICES),
    "weaknas": (_POOL, _POOL_OF_FEATURES),
    "progressive": (_POOL_OF_FEATURES,),
}
"""What is stated, by name; `parego` scores its pool as `gp_bo` does, and climbs from it in a random number of steps."""


def _check(context: Context, name: str, scaling: Scaling, exponent: float = 1.0) -> Verdict:
    """Check operations and memory of an optimizer; a mutant has other powers of the sizes, from the same first.

    Operations are those beyond a run with a sixteenth of the first size: what does not depend on the size would hide how the rest grows.
    Processor time is not tested, since the differences are milliseconds.
    """
    seed = int(context.rng(f"complexity.{scaling.what}.{name}").integers(2**31))
    first, sizes = scaling.sizes[0], scaling.sizes
    asked = [first / 16, *(first * (size / first) ** exponent for size in sizes)]
    orders = [scaling.change(ORDERS[name], size) for size in asked]
    optimizer = get_optimizer(name)
    grow(optimizer, orders[0], seed, instruments=False)  # lazy imports are done before memory is traced
    counts = [grow(optimizer, order, seed) for order in orders]
    operations = np.array([count.operations[0] for count in counts])
    slopes = [
        Slope.of("operations", sizes, operations[1:] - operations[0], scaling.power),
        Slope.of("memory", sizes, [count.memory[0] for count in counts[1:]], scaling.power),
    ]
    return check_slopes(slopes, len(sizes), f"{scaling.what} {first} to {sizes[-1]}, {QUERIES} queries")


def _claim(name: str, scaling: Scaling) -> Claim:
    symbol = SYMBOLS.get(scaling.what, scaling.what[0])
    power = "" if scaling.power == 1 else f"^{scaling.power:g}"
    return Claim(
        f"complexity.{scaling.what}-{name.replace('_', '-')}",
        rf"\text{{operations and memory of {QUERIES} queries }} O({symbol}{power}) \text{{ in the number of {scaling.what} }} {symbol}",
        (
            Assumption("the other settings and the number of queries are fixed"),
            Assumption("an upper bound can be refuted by measurement, never proved", checked=False),
        ),
        f"{scaling.reason}; HC3: MacKinnon and White 1985",
        partial(_check, name=name, scaling=scaling),
        Mutant(
            f"{scaling.what} that grow with the power {EXPONENT:g} of the size",
            partial(_check, name=name, scaling=scaling, exponent=EXPONENT),
        ),
        optimizers=(name,),
        evidence=(Evidence.SHIPPED,),
    )


CLAIMS = tuple(
    _claim(name, scaling) for name, scalings in SCALINGS.items() if is_installed(name) for scaling in scalings
)
"""One claim for each optimizer and each of its sizes."""
