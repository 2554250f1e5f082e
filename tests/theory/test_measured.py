"""Measured growth: powers are those of the work, every axis runs, and a page is written where it says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.theory.measured import command, growth, planning
from nasbench.theory.measured.growth import Axis, MeasuredGrowth, axes, measure
from nasbench.theory.measured.page import markdown, write_block
from nasbench.theory.measured.planning import Plan

SIZES = {
    "runs": (2, 4, 8), "queries": (20, 40, 80), "cells": (10, 100, 1000), "decisions": (4, 6, 8), "objectives": (2, 3, 4), "workers": (2, 3, 4),
}  # fmt: skip


def axis(power: float) -> Axis:
    return Axis(
        name="made up", searched="nothing", sizes=(100, 200, 400), time=1, memory=1, reason="by hand",
        prepare=lambda size: lambda: np.zeros(int(100 * size**power)),
    )  # fmt: skip


@pytest.mark.parametrize("power", [1.0, 1.5])
def test_the_power_of_memory_is_that_of_what_is_allocated(power: float) -> None:
    _, memory = measure(axis(power)).slopes
    assert memory.slope == pytest.approx(power, abs=0.02)
    assert (memory.upper <= 1 + memory.slack) == (power == 1)


def test_every_size_that_a_user_chooses_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(growth, "REPEATS", 1)
    found = [measure(one, SIZES[one.name]) for one in axes(tmp_path)]
    assert [one.axis.name for one in found] == list(SIZES)
    assert all((one.memory > 0).all() and (one.seconds >= 0).all() for one in found)


def test_the_command_prints_powers_beside_the_stated_ones_and_writes_its_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = MeasuredGrowth(axis(1.0), np.array([1.0, 2.0, 4.0]), np.array([1e6, 4e6, 16e6]))
    monkeypatch.setattr(growth, "measure_all", lambda quick, progress: [found])
    monkeypatch.setattr(planning, "plan", lambda runs: [Plan("gp_bo", 640.0, 5e6, 3e9)])
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured: growth -->\nold\n<!-- end -->\nafter\n")
    assert command.growth(runs=10, cores=64, page=page, json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    (row,), (plan,) = printed["growth"], printed["plans"]
    assert (row["time"][:4], row["stated time"], row["memory"][:4], row["stated memory"]) == ("1.00", "1", "2.00", "1")
    assert (plan["processor hours"], plan["hours"], plan["GB of traces"]) == ("640", "10", "3")
    text = page.read_text()
    assert text.startswith("before\n<!--") and text.endswith("<!-- end -->\nafter\n") and "old" not in text
    assert "| gp_bo |" in text and printed["machine"] in text
    with pytest.raises(NasbenchError, match="should be 1 or more"):
        command.growth(runs=0)


def test_a_page_without_the_block_is_refused_in_a_sentence(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(NasbenchError, match="has no block '<!-- measured: growth -->'"):
        write_block(page, "growth", "x")
    assert page.read_text() == "nothing here\n"


def test_rows_are_a_markdown_table() -> None:
    assert markdown([{"a": 1, "b": "x"}]) == "| a | b |\n| --- | --- |\n| 1 | x |\n"


def test_a_plan_is_the_cost_of_a_run_times_the_number_of_runs() -> None:
    few, many = (planning.plan(runs, ("random_search",), queries=20)[0] for runs in (10, 1000))
    assert many.disk == 100 * few.disk > 0
    assert many.hours > few.hours > 0
