"""Every mutant of every paper is rejected, and a mutant that changes nothing is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from nasbench.reports.papers.catalogue import get_paper, paper_names
from nasbench.reports.papers.commands import reproduce as command
from nasbench.reports.papers.gather import gather
from nasbench.reports.papers.mutants import list_mutants
from nasbench.reports.papers.paper import Paper, Search
from nasbench.reports.papers.reproduce import compare, try_mutants

QUICKER: dict[str, tuple[int, dict[str, Any]]] = {
    "bananas": (2, {"ensemble_size": 2, "training_steps": 20}),
    "npenas": (4, {"training_steps": 60}),
}
"""Fewer runs than by default, and smaller networks, where a search is slow; the mutants are rejected all the same."""


def quicker(paper: Paper, settings: dict[str, Any]) -> Paper:
    """Return the paper with other settings of what it searches with, but for the random search beside it."""
    changed = {
        name: replace(how, settings={**how.settings, **settings})
        for name, how in paper.methods.items()
        if isinstance(how, Search) and not how.closed_form
    }
    return replace(paper, methods={**paper.methods, **changed})


@pytest.mark.parametrize("name", paper_names())
def test_every_mutant_is_rejected(name: str) -> None:
    paper = get_paper(name)
    runs, settings = QUICKER.get(name, (None, {}))
    verdicts = try_mutants(paper, gather(quicker(paper, settings), runs))
    assert verdicts and [one.mutant for one in verdicts if not one.rejected] == []


def test_what_is_against_the_paper_itself_rejects_no_mutant() -> None:
    paper = get_paper("one-shot")
    evidence = gather(paper)
    known = compare(paper, evidence).objections
    assert known and not any(
        "DARTS 1st order, cifar10" in text
        for one in try_mutants(paper, evidence)
        for text in one.objections
        if one.mutant.startswith("DrNAS")
    )


def test_mutants_by_kind() -> None:
    paper = get_paper("nats-bench")
    names = [mutant.name for mutant in list_mutants(paper)]
    assert names == [
        "RANDOM and REA exchanged",
        "REA and REINFORCE exchanged",
        "cifar10 and cifar100 exchanged",
        "cifar100 and imagenet16-120 exchanged",
        "validation and test exchanged",
        "scored after 12 epochs",
    ]


def test_an_exchange_moves_the_published_values_and_nothing_else() -> None:
    paper = get_paper("nats-bench")
    mutant = list_mutants(paper)[0].paper
    before = {(f.method, *f.column): f.mean for f in paper.figures}
    after = {(f.method, *f.column): f.mean for f in mutant.figures}
    assert after["REA", "cifar10", "test"] == before["RANDOM", "cifar10", "test"]
    assert after["REINFORCE", "cifar10", "test"] == before["REINFORCE", "cifar10", "test"]
    assert mutant.methods == paper.methods and mutant.protocol == paper.protocol


def test_methods_with_the_same_values_make_no_mutant() -> None:
    paper = get_paper("one-shot")
    twins = replace(
        paper,
        methods={name: paper.methods[name] for name in ("DrNAS", "beta-DARTS")},
        figures=[f for f in paper.figures if f.method in ("DrNAS", "beta-DARTS")],
        mutants=("methods",),
    )
    assert list_mutants(twins) == ()


def test_the_command_says_which_mutants_are_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("drnas", mutants=True, json=True) == 0
    rows = json.loads(capsys.readouterr().out)["mutants"]
    assert {row["mutant"] for row in rows} >= {"validation and test exchanged", "scored after 12 epochs"}
    assert all(row["rejected"] and row["first"] for row in rows)
