"""Units, and known quantities with their directions and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nasbench.errors import NasbenchError, quoted

DIRECTIONS = ("max", "min")
FRACTION = "fraction"
"""Unit of fractions, as opposed to per cent."""


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        dimension: dimension; units of the same dimension are convertible.
        size: size relative to the dimension's first unit.
    """

    dimension: str
    size: float = 1.0


UNITS: Mapping[str, Unit] = {
    "%": Unit("share"),
    "s": Unit("time"),
    "ms": Unit("time", 1e-3),
    "us": Unit("time", 1e-6),
    "min": Unit("time", 60.0),
    "h": Unit("time", 3600.0),
    "mJ": Unit("energy"),
    "J": Unit("energy", 1e3),
    "uJ": Unit("energy", 1e-3),
    "W": Unit("power"),
    "mW": Unit("power", 1e-3),
    "M": Unit("count"),
    "k": Unit("count", 1e-3),
    "G": Unit("count", 1e3),
    "1": Unit("count", 1e-6),
    "MB": Unit("memory"),
    "kB": Unit("memory", 1e-3),
    "GB": Unit("memory", 1e3),
    "bytes": Unit("memory", 1e-6),
    "score": Unit("score"),
    "loss": Unit("loss"),
    FRACTION: Unit("share", 100.0),
}
"""Known units; M, k, G and 1 count parameters or operations, MB is 10^6 bytes."""
NOT_NEGATIVE = ("share", "time", "energy", "power", "count", "memory")
"""Dimensions without negative values."""


@dataclass(frozen=True)
class Quantity:
    """A known quantity.

    Attributes:
        direction: "max" if higher is better, else "min".
        dimensions: allowed dimensions of its unit.
    """

    direction: str
    dimensions: tuple[str, ...]


QUANTITIES: Mapping[str, Quantity] = {
    "accuracy": Quantity("max", ("share",)),
    "score": Quantity("max", ("score", "share")),
    "loss": Quantity("min", ("loss", "share")),
    "train_time": Quantity("min", ("time",)),
    "latency": Quantity("min", ("time",)),
    "energy": Quantity("min", ("energy",)),
    "power": Quantity("min", ("power",)),
    "parameters": Quantity("min", ("count",)),
    "flops": Quantity("min", ("count",)),
    "macs": Quantity("min", ("count",)),
    "memory": Quantity("min", ("memory",)),
}
"""By name; `latency@device` is a latency."""


def known_quantity(name: str) -> Quantity | None:
    """Return the known quantity of a name such as `latency@device`, or None."""
    return QUANTITIES.get(name.partition("@")[0])


def direction_of(quantity: str, unit: str, given: str) -> str:
    """Return the direction of a quantity: the given one, or the known one.

    Raises:
        NasbenchError: if unit or direction are unknown, the quantity cannot have them, or the suite does not know the quantity
            and no direction is given.
    """
    known = known_quantity(quantity)
    if unit not in UNITS:
        raise NasbenchError(
            f"Column {quoted(quantity)} has the unit {quoted(unit)}; known units are {', '.join(UNITS)}."
        )
    if given and given not in DIRECTIONS:
        raise NasbenchError(
            f"Column {quoted(quantity)} has the direction {quoted(given)}; it should be 'max' or 'min'."
        )
    if known is None:
        if not given:
            raise NasbenchError(
                f'The suite does not know the quantity {quoted(quantity)}; say direction = "max" if more of it is better, else "min".'
            )
        return given
    if UNITS[unit].dimension not in known.dimensions:
        fitting = [name for name, one in UNITS.items() if one.dimension in known.dimensions]
        raise NasbenchError(
            f"Column {quoted(quantity)} has the unit {quoted(unit)}; its units are {', '.join(fitting)}."
        )
    if given and given != known.direction:
        raise NasbenchError(
            f"Column {quoted(quantity)} has the direction {quoted(given)}; that of this quantity is {known.direction!r}."
        )
    return known.direction


def factor(unit: str, wanted: str) -> float:
    """Return the conversion factor between two units of the same dimension.

    Raises:
        NasbenchError: if their dimensions differ.
    """
    if UNITS[unit].dimension != UNITS[wanted].dimension:
        raise NasbenchError(f"A {UNITS[unit].dimension} in {unit} cannot be turned into {wanted}.")
    return UNITS[unit].size / UNITS[wanted].size
