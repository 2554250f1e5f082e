"""Provenance is that of this package: never of the repository that it happens to lie in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nasbench.study.environment import commit_of, environment, suite_version

ROOT = Path(__file__).parents[3]


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, encoding="utf-8"
    ).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody's repository, with the suite installed into a folder of it."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    packages = tmp_path / ".venv" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "nasbench" / "study").mkdir(parents=True)
    shutil.copy(ROOT / "nasbench" / "study" / "environment.py", packages / "nasbench" / "study")
    for folder in (packages / "nasbench", packages / "nasbench" / "study"):
        (folder / "__init__.py").touch()  # or the packages of this tree win over it
    return tmp_path


def test_an_installed_suite_has_no_commit_of_the_repository_around_it(project: Path) -> None:
    packages = project / ".venv" / "lib" / "site-packages"
    assert commit_of(packages) is None
    assert commit_of(project) is None, "a repository that does not hold the suite"
    assert commit_of(project / "nowhere") is None
    code = "from nasbench.study.environment import environment; print(environment()['commit'])"
    found = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONPATH": str(packages)},
        cwd=project,
    )
    assert found.stdout == "None\n"


def test_a_checkout_of_the_suite_has_its_commit_whatever_variables_a_hook_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "nasbench" / "study").mkdir(parents=True)
    path = tmp_path / "nasbench" / "study" / "environment.py"
    path.write_text("x = 1\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    head = git(tmp_path, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(ROOT / ".git"))
    assert commit_of(tmp_path) == head
    path.write_text("x = 2\n", encoding="utf-8")
    assert commit_of(tmp_path) == head + "+"


def test_the_version_is_always_there(tmp_path: Path) -> None:
    facts = environment()
    assert facts["version"] and facts["version"] == suite_version(tmp_path), "installed and in the tree alike"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "nas-verify"\nversion = "9.9"\n', encoding="utf-8")
    assert suite_version(tmp_path) == "9.9"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "9.9"\n', encoding="utf-8")
    assert suite_version(tmp_path) == facts["version"]
