"""Results in the formats of other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import nasbench
from nasbench.cli.main import status
from nasbench.errors import NasbenchError
from nasbench.reports.analysis.results import Results
from nasbench.reports.exports.catalogue import export_runs
from nasbench.study.methods import MethodConfig

KEYS = ["problem", "method", "run", "query"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two methods on two functions, one with a space in its label."""
    methods = [MethodConfig(name="random_search", label="random (a/b)"), "regularized_evolution"]
    folder = tmp_path_factory.mktemp("exported") / "study"
    nasbench.Study(problems=["nk/6x2-k1", "onemax/6x2"], methods=methods, runs=3, budget={"queries": 20}, seed=3).run(
        folder
    )
    return nasbench.load_results(folder)


def test_a_study_exported_to_ioh_is_read_back(study: Results, tmp_path: Path) -> None:
    files = export_runs(study, "ioh", tmp_path / "ioh")
    assert len(files) == 2 * 2 * 2 and all(file.is_relative_to(tmp_path / "ioh") for file in files)
    back = nasbench.read_traces(tmp_path / "ioh")
    own, read = study.to_pandas().sort_values(KEYS), back.to_pandas()
    read["problem"] = read["problem"].str.replace(", dimension 6", "").str.removeprefix("recorded/")
    read = read.sort_values(KEYS)
    assert own[KEYS].to_numpy().tolist() == read[KEYS].to_numpy().tolist()
    assert own[study.study.objectives[0]].tolist() == read["value"].tolist()


def test_a_study_exported_to_coco_says_the_same(study: Results, tmp_path: Path) -> None:
    export_runs(study, "coco", tmp_path / "coco")
    frame = study.to_pandas()
    abouts = sorted((tmp_path / "coco").rglob("*.info"))
    assert len(abouts) == 4
    for about in abouts:
        head, comment, instances = about.read_text().splitlines()
        label, problem = head.partition("algId = '")[2].partition("'")[0], comment.removeprefix("% ")
        own = frame[(frame["method"] == label) & (frame["problem"] == problem)]
        data = about.parent / instances.partition(",")[0]
        blocks = data.with_suffix(".tdat").read_text().split("%")[1:]
        assert len(blocks) == 3 == instances.count("|")
        for run, block in enumerate(blocks):
            rows = np.array([line.split()[:5] for line in block.splitlines()[1:]], dtype=float)
            seen = own[own["run"] == run]
            assert np.allclose(rows[:, 3], seen[study.study.objectives[0]], rtol=1e-9)
            assert np.allclose(
                rows[:, 2], np.minimum.accumulate(seen["regret"]), atol=1e-9
            )  # no noise: the incumbent is the best
            assert rows[:, 0].tolist() == list(range(1, 21))
        steps = np.array([line.split()[:3] for line in data.read_text().splitlines() if line[0] != "%"], dtype=float)
        assert len(steps) < 3 * 20


def test_the_command_writes_exports_and_one_tidy_file(
    study: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tidy, out = tmp_path / "runs.parquet", tmp_path / "page"
    options = ["--figures", "none", "--out", str(out), "--export", "ioh", "--export", "coco", "--tidy", str(tidy)]
    assert status(["report", str(study.store.folder), *options]) == 0
    assert any((out / "ioh").rglob("*.dat")) and any((out / "coco").rglob("*.info"))
    pd.testing.assert_frame_equal(pd.read_parquet(tidy).astype(study.to_pandas().dtypes), study.to_pandas())
    metadata = pq.read_schema(tidy).metadata
    assert json.loads(metadata[b"nasbench.units"])["onemax/6x2"] and b"runs = 3" in metadata[b"nasbench.study"]
    assert status(["report", str(study.store.folder), "--export", "cocco"]) == 2
    assert "did you mean 'coco'" in capsys.readouterr().err


def test_what_a_format_does_not_know_is_refused(study: Results, tmp_path: Path) -> None:
    limited: dict[str, Any] = {"constraints": ["parameters <= 0.8"], "runs": 1, "budget": {"queries": 5}}
    nasbench.Study(problems=["nas-bench-201/cifar10"], methods=["random_search"], **limited).run(tmp_path / "study")
    with pytest.raises(NasbenchError, match="has constraints, which"):
        export_runs(nasbench.load_results(tmp_path / "study"), "ioh", tmp_path / "ioh")
    (tmp_path / "file").touch()
    with pytest.raises(NasbenchError, match="cannot be written"):
        export_runs(study, "ioh", tmp_path / "file")
    with pytest.raises(NasbenchError, match="cannot be written"):
        study.to_parquet(tmp_path / "file" / "runs.parquet")
