"""The commands of docs/YOUR_DATA.md run, on small data of the kinds that it names."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nasbench.cli.main import status
from nasbench.live.experiment import defaults, task_study
from nasbench.live.tasks.catalogue import get_task
from nasbench.registered import forgotten_afterwards

PAGE = (Path(__file__).parents[2] / "docs" / "YOUR_DATA.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ nasbench (.*)$", PAGE, flags=re.M)


def write_data(folder: Path) -> None:
    """Write the table and the images of the page."""
    rng, n = np.random.default_rng(0), 80
    good = rng.random(n) < 0.5
    words = (["really", "bad", "cold", "soup"], ["very", "good", "great", "food"])
    table = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(40, 10, n)),
            "city": rng.choice(["Rome", "Oslo"], n),
            "note": [" ".join(rng.choice(words[int(g)], 6)) for g in good],
            "customer": rng.integers(0, 30, n),
            "bought": np.where(good, "yes", "no"),
        }
    )
    table.to_csv(folder / "shop.csv", index=False)
    for bright, name in enumerate(("ill", "well")):
        (folder / "scans" / name).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 120, (8, 6)).astype(np.uint8) + np.uint8(100 * bright)
            Image.fromarray(pixels).save(folder / "scans" / name / f"p{i % 5}_{i}.png")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the data, where trainings are short and studies small."""
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(defaults, "FEWEST_STEPS", dict.fromkeys(range(3), 4))
    monkeypatch.setattr(task_study, "QUERIES", 1)
    monkeypatch.setattr(task_study, "RUNS", 1)
    return tmp_path


def run(command: str, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command and return what it printed as JSON."""
    assert status([*shlex.split(command), *more, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_the_commands_of_the_page_run(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime")
    assert [command.split()[0] for command in COMMANDS] == [
        "search",
        "train",
        "train",
        "export",
        "run",
        "report",
        "search",
        "train",
    ]
    found, network, boosted, exported, _, report, images, resnet = (
        run(
            re.sub("--queries [0-9]+", "--queries 1", command),
            ("--figures", "none") if "report" in command else (),
            capsys,
        )
        for command in COMMANDS
    )
    for row in (
        found["searches"][0],
        network["trainings"][0],
        boosted["trainings"][0],
        images["searches"][0],
        resnet["trainings"][0],
    ):
        assert row["test_error_low"] <= row["test_error"] <= row["test_error_high"]
        assert row["test_balanced_accuracy_low"] <= row["test_balanced_accuracy"] and "test_calibration_error" in row
    assert "gradient_boosting" in Path(report["reports"][0]["page"]).read_text(encoding="utf-8")
    prepared = json.loads((small / exported["exports"][0]["preparation_file"]).read_text(encoding="utf-8"))
    assert prepared["classes"] == ["no", "yes"] and prepared["inputs"]["target"] == "bought"
    city = prepared["inputs"]["columns"]["city"]
    assert sorted(city["categories"]) == ["Oslo", "Rome"]


def test_the_data_set_of_the_page_is_a_task_and_a_module(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)
    with forgotten_afterwards():
        exec(compile(code, "page", "exec"), {})
        assert get_task("stripes").shape.size == 20
        (small / "mine.py").write_text(code, encoding="utf-8")
        monkeypatch.syspath_prepend(small)
        assert get_task("mine:Stripes").shape.outputs == 2
