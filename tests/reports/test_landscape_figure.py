from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

from nasbench.benchmarks import commands
from nasbench.benchmarks.catalogue import get_benchmark
from nasbench.benchmarks.landscape_report import landscape_values
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError
from nasbench.reports.figures.landscape import landscape


@pytest.fixture(scope="module")
def cells() -> TabularBenchmark:
    return get_benchmark("nas-bench-201/cifar10")


def test_panels_show_what_the_landscape_is(cells: TabularBenchmark) -> None:
    figure = landscape(cells)
    assert [panel.title for panel in figure.panels] == [
        "distribution",
        "local optima",
        "error and distance",
        "variance",
    ]
    values, label = landscape_values(cells)
    assert label == "validation error (%)"
    distribution, optima, distance, variance = (panel.picture.axes[0] for panel in figure.panels)
    at, share = distribution.lines[0].get_data()
    assert share[np.searchsorted(at, 5.0)] == pytest.approx((values <= values.min() + 5.0).mean(), abs=1e-3)
    assert len(optima.collections[0].get_offsets()) == 13
    assert distance.lines[0].get_ydata()[0] == values.min()
    heights = [bar.get_height() for bar in variance.patches]
    assert len(heights) == 11 and sum(heights) == pytest.approx(1.0)
    assert "13 local optima" in figure.panels[1].alt


def test_a_space_with_gaps_has_no_variance_panel() -> None:
    assert len(landscape(get_benchmark("nas-bench-graph-proteins/proteins")).panels) == 3


def test_files_are_written_and_the_command_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    point = EntryPoint("landscape", "nasbench.reports.figures.landscape:write_landscape", "nasbench.figures")
    monkeypatch.setattr("nasbench.plugins.points", lambda group: {"landscape": point})
    commands.describe("nas-bench-graph-proteins/proteins", None, tmp_path / "figures", json=True)
    named = json.loads(capsys.readouterr().out)["figures"]
    assert len(named) == 3 and all(Path(path).stat().st_size > 1000 for path in named)
    (tmp_path / "file").write_text("")
    with pytest.raises(NasbenchError, match="cannot be written to"):
        commands.describe("nas-bench-graph-proteins/proteins", None, tmp_path / "file", json=True)
    monkeypatch.setattr("nasbench.plugins.points", lambda group: {})
    with pytest.raises(NasbenchError, match="leave out --out"):
        commands.describe("nas-bench-graph-proteins/proteins", None, tmp_path, json=True)
