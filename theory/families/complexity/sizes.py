"""Stated orders of a search in the sizes that a user chooses beside the number of queries: choices, decisions, population, objectives.

What is counted are calls and recorded operations, memory, and, where compiled code does the work, processor time. A stated power of 0 says
that a size does not matter. Mutants do work, in matrix products that are recorded, whose power of the size is one more than stated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nasbench.search.registry import get_optimizer
from nasbench.theory.families.complexity.growth import SHORTEST, TIME_SLACK, Growth, Order, Slope, check_slopes, grow
from nasbench.theory.families.complexity.optimizers import ORDERS, PowerTimeMutant, is_installed
from nasbench.theory.machinery.claim import Assumption, Claim, Context, Evidence, Mutant, Verdict
from nasbench.theory.machinery.testbed import make_space

WORK = 1e9
"""Operations of a mutant at the largest size, far more than those of any optimizer; a twentieth of a second."""


@dataclass(frozen=True, kw_only=True)
class SizeGrowth:
    """A stated growth in one size.

    Attributes:
        what: the size, in the plural.
        symbol: of the size.
        change: returns the order of an optimizer with another size.
        sizes: ascending.
        operations: power of calls and recorded operations.
        memory: power of the memory.
        time: power of the processor time; None where operations tell it.
        reason: why.
    """

    what: str
    symbol: str
    change: Callable[[Order, int], Order]
    sizes: tuple[int, ...]
    operations: float
    memory: float
    time: float | None = None
    reason: str

    @property
    def power(self) -> float:
        """The power of the cost that is stated: of time, or of operations where time is not measured."""
        return self.operations if self.time is None else self.time


def _choices(order: Order, size: int) -> Order:
    return replace(order, space=make_space(64, size), sizes=(64,))


def _decisions(order: Order, size: int) -> Order:
    return replace(order, space=make_space(size, 4), sizes=(48,))


def _generations(order: Order, size: int) -> Order:
    return replace(order, settings={**order.settings, "population_size": size}, sizes=(3 * size,))


def _survivals(order: Order, size: int) -> Order:
    return replace(order, settings={**order.settings, "population_size": size}, sizes=(size + 32,))


def _rings(order: Order, size: int) -> Order:
    return replace(order, settings={**order.settings, "population_size": size}, sizes=(512,))


def _objectives(order: Order, size: int) -> Order:
    return replace(order, objectives=size, sizes=(order.sizes[0],))


def _listed(order: Order, size: int) -> Order:
    return replace(order, space=make_space(2, round(size**0.5)), sizes=(24,))


_POPULATIONS, _CHOICES = (32, 48, 64, 96, 128, 192), (8, 16, 32, 64, 96, 120)
_POLICY = SizeGrowth(
    what="choices", symbol="k", change=_choices, sizes=_CHOICES, operations=0, memory=1, time=1,
    reason="a policy has d k numbers, which are moved by compiled code",
)  # fmt: skip
_UNCHANGED = SizeGrowth(
    what="choices", symbol="k", change=_choices, sizes=_CHOICES, operations=0, memory=0,
    reason="a mutation draws a number, however many choices there are",
)  # fmt: skip
_STRING = SizeGrowth(
    what="decisions", symbol="d", change=_decisions, sizes=(256, 512, 1024, 2048, 4096), operations=0, memory=1,
    reason="a byte and a random number for each decision, in compiled code",
)  # fmt: skip
_SORTED = SizeGrowth(
    what="members", symbol="N", change=_generations, sizes=_POPULATIONS, operations=1, memory=2,
    reason="three generations, each of one comparison of all pairs in compiled code and a few calls a member",
)  # fmt: skip
_RING = SizeGrowth(
    what="members", symbol="P", change=_rings, sizes=_POPULATIONS, operations=0, memory=1,
    reason="a tournament looks at S members, and the oldest is found by its place",
)  # fmt: skip
_PROCESSES = SizeGrowth(
    what="objectives", symbol="M", change=_objectives, sizes=(2, 3, 4, 6, 8), operations=1, memory=1,
    reason="a process for each objective that is measured",
)  # fmt: skip
_LISTED = SizeGrowth(
    what="architectures", symbol="N", change=_listed, sizes=tuple(k * k for k in (16, 24, 32, 48, 64)), operations=1, memory=1,
    reason="a space of two decisions is listed, and each of its members is predicted at every query",
)  # fmt: skip

SIZES: Mapping[str, tuple[SizeGrowth, ...]] = {
    "reinforce": (_POLICY,),
    "asng": (_POLICY,),
    "one_plus_one_ea": (_UNCHANGED, _STRING),
    "simulated_annealing": (_UNCHANGED,),
    "regularized_evolution": (_UNCHANGED, _STRING, _RING),
    "nsga2": (_SORTED,),
    "nsga3": (_SORTED,),
    "sms_emoa": (
        replace(
            _SORTED,
            change=_survivals,
            memory=1,
            reason="32 survivals, each of a sort of N + 1 members and their contributions in two objectives",
        ),
    ),
    "prescreened_nsga2": (_PROCESSES,),
    "hybrid": (_LISTED,),
}
"""What is stated, by name of the optimizer."""


def _grown(name: str, order: Order, seed: int, size: int, largest: int, power: float | None) -> tuple[Growth, float]:
    """Return one run and the processor seconds of another without instruments; a mutant works with a power of the size."""
    wrapper = None
    if power is not None:
        last, work = order.sizes[-1], WORK * (size / largest) ** power
        wrapper = lambda optimizer: PowerTimeMutant(optimizer, 1.0, last, work)  # noqa: E731
    optimizer = get_optimizer(name)
    undisturbed = grow(optimizer, order, seed, wrapper, instruments=False)
    return grow(optimizer, order, seed, wrapper), float(undisturbed.seconds[-1])


def _check(context: Context, name: str, size: SizeGrowth, power: float | None = None) -> Verdict:
    """Test the powers of operations, memory and, where it is stated, processor time in one size."""
    seed = int(context.rng(f"complexity.{size.what}.{name}").integers(2**31))
    orders = [size.change(ORDERS[name], n) for n in size.sizes]
    grow(get_optimizer(name), orders[0], seed, instruments=False)  # lazy imports are done before memory is traced
    found = [_grown(name, order, seed, n, size.sizes[-1], power) for order, n in zip(orders, size.sizes, strict=True)]
    counts, seconds = [growth for growth, _ in found], np.array([spent for _, spent in found])
    slopes = [
        Slope.of("operations", size.sizes, [growth.operations[-1] for growth in counts], size.operations),
        Slope.of("memory", size.sizes, [growth.memory[-1] for growth in counts], size.memory),
    ]
    if size.time is not None and (seconds >= SHORTEST).all():
        slopes.append(Slope.of("time", size.sizes, seconds, size.time, TIME_SLACK))
    first, last = size.sizes[0], size.sizes[-1]
    return check_slopes(slopes, len(size.sizes), f"{size.what} {first} to {last}, {_queries(orders)} queries")


def _queries(orders: Sequence[Order]) -> str:
    first, last = orders[0].sizes[-1], orders[-1].sizes[-1]
    return f"{first}" if first == last else f"{first} to {last}"


def _scaled(context: Context, factor: float, name: str, size: SizeGrowth) -> Verdict:
    return _check(context, name, size, factor * size.power)


def _mutant(name: str, size: SizeGrowth) -> Mutant:
    if not size.power:
        return Mutant(f"work in proportion to {size.symbol}", partial(_check, name=name, size=size, power=1.0))
    scaled = partial(_scaled, name=name, size=size)
    power = size.power + 1
    return Mutant(
        f"work of order {size.symbol}^{power:g}",
        partial(_check, name=name, size=size, power=power),
        scaled=scaled,
        factor=1 + 1 / size.power,
        constant=f"the power of {size.symbol} in its work",
    )


def _order(symbol: str, power: float) -> str:
    return f"O({'1' if not power else symbol if power == 1 else f'{symbol}^{power:g}'})"


def _claim(name: str, size: SizeGrowth) -> Claim:
    operations, memory = (_order(size.symbol, power) for power in (size.operations, size.memory))
    time = "" if size.time is None else rf" \text{{, time }} {_order(size.symbol, size.time)}"
    return Claim(
        f"complexity.{size.what}-{name.replace('_', '-')}",
        rf"\text{{operations }} {operations}{time} \text{{, memory }} {memory} \text{{ in the number of {size.what} }} {size.symbol}",
        (
            Assumption("the other settings are fixed; operations are calls and what numerical primitives record"),
            Assumption("an upper bound can be refuted by measurement, never proved", checked=False),
        ),
        f"{size.reason}; HC3: MacKinnon and White 1985",
        partial(_check, name=name, size=size),
        _mutant(name, size),
        optimizers=(name,),
        evidence=(Evidence.SHIPPED,),
    )


CLAIMS = tuple(_claim(name, size) for name, sizes in SIZES.items() if is_installed(name) for size in sizes)
"""One claim for each optimizer and each of its sizes."""
