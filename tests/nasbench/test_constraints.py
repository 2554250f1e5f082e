"""constraints.txt fits pyproject.toml: each direct dependency is pinned, with hashes, to a version that is allowed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
EXTRAS = ("tune", "cluster", "federated", "edge", "nas-bench-201", "theory")


def pinned() -> dict[str, str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+) \\$", text, re.M)}


def direct() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [Requirement(text) for text in (*project["dependencies"], *(one for name in EXTRAS for one in extras[name]))]


@pytest.mark.parametrize("requirement", direct(), ids=lambda requirement: requirement.name)
def test_a_direct_dependency_is_pinned_to_a_version_that_is_allowed(requirement: Requirement) -> None:
    assert requirement.specifier.contains(pinned()[canonicalize_name(requirement.name)])


def test_every_package_has_a_hash_and_no_address_is_named() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for block in re.split(r"(?m)^(?=[\w.-]+==)", text)[1:]:
        assert re.fullmatch(r"[\w.-]+==\S+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", block), block[:80]
    assert "://" not in text and "torch" not in pinned()
