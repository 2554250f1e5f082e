"""A search on a user's data, or with a user's operation, that is interrupted and resumed ends with the same bits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from torch import Tensor

from nasbench.cli.main import status
from nasbench.live.training import checkpoint
from nasbench.live.training.training import Trainer

OPERATION = """
def convolution(style, channels, stride):
    return style.convolution(channels, channels, 3)
"""
MEASURED = ("seconds", "latency_ms")
"""Parts of the names of what is measured."""
CELLS = ["--channels", "4", "--cells", "1"]


def write_data(folder: Path) -> None:
    """Write a folder of images, a table and a module with an operation."""
    rng = np.random.default_rng(0)
    for bright, name in enumerate(("ill", "well")):
        (folder / "scans" / name).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 120, (8, 6)).astype(np.uint8) + np.uint8(100 * bright)
            Image.fromarray(pixels).save(folder / "scans" / name / f"{i}.png")
    x = rng.normal(size=(60, 3))
    pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.where(x[:, 0] > 0, "yes", "no")}).to_csv(
        folder / "own.csv", index=False
    )
    (folder / "resumed_operation.py").write_text(OPERATION)


def unmeasured(value: Any) -> Any:
    """Return a result without measured times."""
    if isinstance(value, dict):
        return {key: unmeasured(of) for key, of in value.items() if not any(word in key for word in MEASURED)}
    return [unmeasured(of) for of in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("task", "more"),
    [
        ("folder:scans", CELLS),
        ("csv:own.csv#y", []),
        ("folder:scans", [*CELLS, "--space", "nas-bench-201+resumed_operation:convolution"]),
    ],
)
def test_a_search_that_is_interrupted_ends_with_the_same_bits(
    tmp_path: Path, task: str, more: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    command = ["search", task, "--queries", "2", "--epochs", "3", *more, "--json"]

    def found(out: str) -> Any:
        assert status([*command, "--out", out]) == 0
        return unmeasured(json.loads(capsys.readouterr().out)["searches"][0])

    steps, step = 0, Trainer._step
    whole = found("whole")

    def interrupted(self: Trainer, batch: Any) -> Tensor:
        nonlocal steps
        steps += 1
        if steps in (3, 7):  # in a training of the search, and in a later one
            raise KeyboardInterrupt
        return step(self, batch)

    monkeypatch.setattr(Trainer, "_step", interrupted)
    for _ in range(2):
        assert status([*command, "--out", "parts"]) == 130
        assert "nasbench: interrupted" in capsys.readouterr().err.lower()
    assert found("parts") == whole and steps > 7
    last = [checkpoint.read(path)["network"] for path in sorted(Path().glob("*/**/checkpoint.pt"))]
    assert len(last) == 2 and all(bool((last[0][name] == last[1][name]).all()) for name in last[0])
