"""The public face: what `import nasbench` offers, in an empty folder, documented and typed."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
import inspect
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nasbench

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "nasbench": "nasbench",
    "baselines": "nasbench.baselines",
    "theory": "nasbench.theory",
    "reports": "nasbench.reports",
}
MODULES = sorted(
    ".".join((name, *path.relative_to(ROOT / folder).with_suffix("").parts))
    for folder, name in FOLDERS.items()
    for path in (ROOT / folder).rglob("*.py")  # which does not follow the links in nasbench/
    if ">>> " in path.read_text(encoding="utf-8")
)
"""Modules whose docstrings have examples."""
TEN_LINES = """
import nasbench
bench = nasbench.load_benchmark("nas-bench-201/cifar10")
architecture = bench.top(1)["architecture"][0]
assert {"split", "epochs", "seed", "unit"} <= set(bench.query(architecture))
assert len(bench.top(10, by="validation_accuracy")) == 10
result = nasbench.search("hybrid", bench, budget=20, runs=5, seed=1)
result.to_pandas(); result.best(); result.plot()
nasbench.search("random_search", bench, budget=10, runs=5, out="results/x", jobs=2)
results = nasbench.load_results("results/x")
results.to_pandas().assign(value=lambda f: f["error"]).to_csv("runs.csv")
assert nasbench.read_traces("runs.csv", benchmark="nas-bench-201/cifar10").to_pandas()["regret"].equals(results.to_pandas()["regret"])
nasbench.report(nasbench.read_traces("runs.csv"), "out/")
nasbench.statistics.wilcoxon_signed_rank([1, 2, 3], [2, 3, 5])
"""


def run(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_the_ten_lines_run_from_an_empty_folder(tmp_path: Path) -> None:
    done = run(TEN_LINES, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").is_file()


def test_the_import_is_light(tmp_path: Path) -> None:
    code = (
        "import sys, nasbench; dir(nasbench); print(sorted({'numpy', 'pandas', 'torch', 'typer'} & set(sys.modules)))"
    )
    assert run(code, tmp_path).stdout.strip() == "[]"


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(nasbench.__all__) == list(nasbench.__all__) and set(nasbench.__all__) <= set(dir(nasbench))
    for name in nasbench.__all__:
        thing = getattr(nasbench, name)
        assert name == "__version__" or inspect.getdoc(thing), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nasbench.nothing  # noqa: B018


def test_type_checkers_see_the_names_that_are_there() -> None:
    tree = ast.parse(Path(nasbench.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(nasbench.__all__) <= typed | {"__version__"}


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_docstrings(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module.removesuffix(".__init__")))
    assert not failed and (tried or module == "nasbench.api.search")


def test_functions_have_an_example() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "examples").glob("*.py"))
    text += (ROOT / "tests" / "api" / "strangers_package.py").read_text(encoding="utf-8")
    for name in nasbench.__all__:
        thing = getattr(nasbench, name)
        if inspect.isfunction(thing) and thing.__module__.startswith("nasbench.api"):
            assert ">>>" in (thing.__doc__ or "") or f"nasbench.{name}(" in text, name


EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
EACH_IN_A_FORK = """
import os, sys
import matplotlib.pyplot, pandas, nasbench.api.search, nasbench.study.runner
for path in sys.argv[1:]:
    child = os.fork()
    if not child:
        code = open(path, encoding="utf-8").read().replace("runs=20", "runs=3")
        exec(compile(code, path, "exec"), vars(sys.modules["__main__"]))
        sys.stdout.flush()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{path} failed")
"""


def test_examples(tmp_path: Path) -> None:
    torch = importlib.util.find_spec("torch") is not None
    paths = [str(path) for path in EXAMPLES if torch or path.stem != "live_digits"]
    done = subprocess.run(
        [sys.executable, "-c", EACH_IN_A_FORK, *paths], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, encoding="utf-8", timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_examples_are_short() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in EXAMPLES}
    assert len(lengths) >= 10 and max(lengths.values()) < 40


def test_query_knows_strings_indices_and_vectors() -> None:
    bench = nasbench.load_benchmark("nas-bench-201/cifar10")
    text = bench.space.to_string(bench.space.from_index(7))
    by_index = bench.query(7)
    assert by_index.equals(bench.query(text)) and by_index.equals(bench.query(bench.space.from_index(7)))
    accuracy = by_index[by_index["quantity"] == "accuracy"]
    assert accuracy["split"].tolist() == ["validation"] * 3 + ["test"] and set(accuracy["unit"]) == {"%"}
    assert accuracy["seed"].tolist()[:3] == [777, 888, 999]
    wrongs: tuple[Any, ...] = (-1, 15_625, [0, 1], [9] * 6, [0.5] * 6)
    for wrong in wrongs:
        with pytest.raises(nasbench.NasbenchError):
            bench.query(wrong)


def test_top_is_sorted_by_what_it_says() -> None:
    top = nasbench.load_benchmark("nas-bench-201/cifar10").top(5, by="validation_accuracy")
    assert top["validation_accuracy"].is_monotonic_decreasing and top["rank"].tolist() == [1, 2, 3, 4, 5]
    latency = nasbench.load_benchmark("nas-bench-201/cifar10").top(5, by="latency")["latency"]
    assert latency.is_monotonic_increasing


def test_top_names_the_splits_of_a_quantity_or_takes_the_only_one() -> None:
    bench = nasbench.load_benchmark("nas-bench-201/cifar10")
    for quantity in ("accuracy", "error"):
        with pytest.raises(nasbench.NasbenchError, match=f"should be test_{quantity} or validation_{quantity}"):
            bench.top(5, by=quantity)
    only = nasbench.load_benchmark("transnas-bench-101-micro/jigsaw")
    assert only.top(3, by="accuracy")["accuracy"].tolist() == only.top(3)["validation_accuracy"].tolist()


@pytest.mark.parametrize(("dataset", "best"), [("cifar10", 94.37), ("cifar100", 73.51), ("imagenet16-120", 47.31)])
def test_top_is_by_test_accuracy_where_there_is_one(dataset: str, best: float) -> None:
    """The optima that the paper of NAS-Bench-201 reports."""
    top = nasbench.load_benchmark(f"nas-bench-201/{dataset}").top(3)
    assert (
        top["test_accuracy"].iloc[0] == pytest.approx(best, abs=0.005) and top["test_accuracy"].is_monotonic_decreasing
    )


def test_accuracy_is_shown_as_accuracy() -> None:
    frame = nasbench.search("random_search", "onemax/6x2", 20, seed=2, objectives=("accuracy",)).to_pandas()
    assert frame["incumbent"].is_monotonic_increasing and frame["incumbent"].iloc[-1] == frame["accuracy"].max()
    assert np.allclose(frame["regret"], 100.0 - frame["incumbent"])


def test_traces_of_anyone_give_what_they_say() -> None:
    frame = pd.DataFrame(
        [
            {"method": m, "run": r, "query": q, "value": 10.0 * r + q + (m == "b")}
            for m in "ab"
            for r in (4, 9)
            for q in (0, 1)
        ]
    )
    results = nasbench.read_traces(frame)
    found = results.to_pandas()
    assert found["regret"].min() == 0.0 and results.labels == ("a", "b")
    assert found["value"].tolist() == frame.sort_values(["method", "run", "query"])["value"].tolist()
    for wrong in (
        frame.drop(columns="value"),
        frame.assign(value=np.nan),
        frame.iloc[1:],
        frame.iloc[:0],
        frame.iloc[:6],
    ):
        with pytest.raises(nasbench.NasbenchError):
            nasbench.read_traces(wrong)


def test_no_class_name_is_public_in_two_modules() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for part in ("nasbench", "theory", "baselines", "reports"):
        for path in (ROOT / part).rglob("*.py"):
            if part == "nasbench" and path.relative_to(ROOT).parts[1] in ("theory", "baselines", "reports"):
                continue
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].append(str(path.relative_to(ROOT)))
    twice: dict[str, Any] = {name: where for name, where in homes.items() if len(where) > 1}
    assert twice == {}
