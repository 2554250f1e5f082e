"""Names become path components: safe, unique whatever their case, and those of the presets as they were."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nasbench.files.path_names import is_plain_name, path_components
from nasbench.study.toml import load_study, preset_names

SAFE = re.compile(r"[A-Za-z0-9_=][A-Za-z0-9._=~-]*")
HARD = [
    "..",
    ".",
    "",
    "/",
    "a/b",
    "a__b",
    "REA",
    "rea",
    "遗传算法",
    "随机搜索",
    "x" * 300,
    "x" * 301,
    "CON",
    "con.x",
    "a\nb",
    "a b",
    "a_b",
    "a.",
]


@given(st.lists(st.one_of(st.sampled_from(HARD), st.text(max_size=12)), unique=True, max_size=12))
@example(HARD)
def test_components_are_safe_and_unique_whatever_their_case(names: list[str]) -> None:
    components = path_components(names)
    assert list(components) == names
    assert len({component.lower() for component in components.values()}) == len(names)
    for component in components.values():
        assert SAFE.fullmatch(component) and len(component) < 200, component
        assert component[-1] != "." and component.partition(".")[0].lower() not in ("con", "nul", "aux", "prn")


def test_presets_keep_their_folders() -> None:
    """What a version without this module wrote of each label and benchmark."""
    places = [(unit.path, unit.problem.removeprefix("live/").replace("/", "__"), unit.label) for unit in _tables()]
    assert len(places) > 500
    for path, first, label in places:
        slug = re.sub(r"[^A-Za-z0-9.=-]+", "_", label).strip("_")
        assert PurePosixPath(path).parts[:2] == (first, slug)


def _tables():  # type: ignore[no-untyped-def]
    return [unit for name in preset_names() for unit in load_study(name).units() if "*" not in unit.problem]


@pytest.mark.parametrize("name", ["quick", "multi-objective", "遗传算法", "my study (2)", "a.b"])
def test_plain_names_may_be_folders(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../../escaped", "/tmp/x", "a/b", "a\\b", ".git", "a.", "a ", "-x", "a\n", "nul", "x" * 200]
)
def test_other_names_may_not(name: str) -> None:
    assert not is_plain_name(name)
