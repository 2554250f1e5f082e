"""Mutants: deliberately wrong variants of a paper, which its check must reject.

A mutant is rejected when the check finds something against it that it does not find against the paper as published: a value that
differs, or an ordering that is contradicted. The searches are those of the paper; what changes is what they are compared with, or how the
architectures that they found are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

from nasbench.reports.papers.obstacles import find_obstacle
from nasbench.reports.papers.paper import Paper, PublishedValue

OTHER_SPLIT = {"validation": "test", "test": "validation"}
SHORT_EPOCHS = 12


@dataclass(frozen=True)
class PaperMutant:
    """A wrong paper.

    Attributes:
        name: what is wrong with it.
        paper: the paper, changed.
    """

    name: str
    paper: Paper


def list_mutants(paper: Paper) -> tuple[PaperMutant, ...]:
    """Return every mutant of the kinds that a paper names, as far as it changes what is compared."""
    return tuple(mutant for kind in paper.mutants for mutant in _KINDS[kind](paper))


def _exchange(paper: Paper, label: str) -> Iterator[PaperMutant]:
    """Exchange the published values of two neighbours, for each pair of neighbours that has different ones."""
    reproduced = [f for f in paper.figures if not find_obstacle(paper.methods[f.method], f)]
    names = list(dict.fromkeys(getattr(figure, label) for figure in reproduced))
    for one, other in pairwise(names):
        changed = _relabel(paper, partial(_rename, label=label, swap={one: other, other: one}))
        if changed is not None:
            yield PaperMutant(f"{one} and {other} exchanged", changed)


def _exchange_splits(paper: Paper) -> Iterator[PaperMutant]:
    changed = _relabel(paper, partial(_rename, label="split", swap=OTHER_SPLIT))
    if changed is not None:
        yield PaperMutant("validation and test exchanged", changed)


def _shorten_training(paper: Paper) -> Iterator[PaperMutant]:
    if paper.protocol.reported_epochs > SHORT_EPOCHS:
        protocol = replace(paper.protocol, reported_epochs=SHORT_EPOCHS)
        yield PaperMutant(f"scored after {SHORT_EPOCHS} epochs", replace(paper, protocol=protocol))


def _rename(figure: PublishedValue, label: str, swap: Mapping[str, str]) -> PublishedValue:
    now = str(getattr(figure, label))
    changes: dict[str, Any] = {label: swap.get(now, now)}
    return replace(figure, **changes)


def _relabel(paper: Paper, change: Callable[[PublishedValue], PublishedValue]) -> Paper | None:
    """Return the paper with its values under other labels, as far as those labels exist; None if that changes nothing."""
    before = {_place(figure): figure.mean for figure in paper.figures}
    places = {*before, *((method, dataset, OTHER_SPLIT.get(split, split)) for method, dataset, split in before)}
    kept = [figure for figure in map(change, paper.figures) if _place(figure) in places]
    if all(before.get(_place(figure)) == figure.mean for figure in kept):
        return None
    return replace(paper, figures=kept)


def _place(figure: PublishedValue) -> tuple[str, str, str]:
    return figure.method, figure.dataset, figure.split


_KINDS: Mapping[str, Callable[[Paper], Iterator[PaperMutant]]] = {
    "methods": partial(_exchange, label="method"),
    "data sets": partial(_exchange, label="dataset"),
    "columns": partial(_exchange, label="split"),
    "splits": _exchange_splits,
    "epochs": _shorten_training,
}
