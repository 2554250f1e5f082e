"""Models of TOML files: each mistake is one sentence with file, line and key; what is read stays bounded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from nasbench.errors import ConfigurationError, NasbenchError
from nasbench.files.schema import FileModel, read_model, within
from nasbench.files.toml_lines import key_lines
from nasbench.ranges import COUNT
from nasbench.renamed import New, RenamedWarning


class Method(FileModel):
    name: str
    settings: Mapping[str, Any] = {}


class Round(FileModel):
    kind: Literal["round"]
    radius: float


class Square(FileModel):
    kind: Literal["square"]
    side: float


class Plan(FileModel):
    RENAMED: ClassVar[Mapping[str, New]] = {"chunk": New("runs_per_file")}

    seed: int
    runs: Annotated[int, within(COUNT)] = 1
    runs_per_file: int = 100
    epochs: tuple[int, ...] | Literal["longest"] = "longest"
    methods: tuple[Method, ...] = ()
    shapes: tuple[Annotated[Round | Square, Field(discriminator="kind")], ...] = ()


RIGHT = """seed = 3
runs = 2   # of each
epochs = [
    12,
    200,
]

[[methods]]
name = "a"
settings = { x = 1, "y.z" = [1, 2] }

[[methods]]
name = 'b'
[methods.settings]
deep.er = \"""
not = a key
\"""
"""


def test_a_right_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(RIGHT, encoding="utf-8")
    plan = read_model(Plan, tmp_path / "p.toml", "study p.toml")
    assert (plan.seed, plan.runs, plan.epochs) == (3, 2, (12, 200)) and plan.methods[0].settings["y.z"] == (1, 2)
    assert plan == read_model(Plan, RIGHT, "study p.toml")


def test_every_key_is_where_it_stands() -> None:
    lines = key_lines(RIGHT)
    assert (lines["seed",], lines["epochs", 1], lines["methods", 0], lines["methods", 1]) == (1, 5, 8, 12)
    assert lines["methods", 0, "settings", "y.z"] == 10 and lines["methods", 1, "settings", "deep", "er"] == 15
    assert ("methods", 1, "settings", "not") not in lines


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 3", 'seed = "x"', "The study p, line 1, seed: it is 'x'; it should be a whole number."),
        ("seed = 3", "seed = true", "The study p, line 1, seed: it is True; it should be a whole number."),
        ("seed = 3", "", "The study p: it lacks the key 'seed'."),
        ("runs = 2", "rnus = 2", "The study p, line 2: there is no key 'rnus'; did you mean 'runs'?"),
        ("runs = 2", "runs = 0", "The study p, line 2, runs: it is 0; it should be a whole number of 1 or more."),
        (
            "    200",
            '    "{x}"',
            "The study p, line 5, epochs[1]: it is '{x}'; it should be a whole number.",
        ),
        ("name = 'b'", "name = 4", "The study p, line 13, methods[1].name: it is 4; it should be a text."),
        ("name = 'b'\n", "", "The study p, line 12, methods[1]: it lacks the key 'name'."),
        ("name = 'b'", "nam = 'b'", "The study p, line 13, methods[1]: there is no key 'nam'; did you mean 'name'?"),
        ("{ x = 1", "4 #", "The study p, line 10, methods[0].settings: it is 4; it should be a table."),
        ("seed = 3", "seed = 3\nmethods = 3 #", "The study p is not TOML"),
    ],
)
def test_a_mistake_is_told_with_line_and_key(old: str, new: str, message: str) -> None:
    assert old in RIGHT
    with pytest.raises(NasbenchError) as caught:
        read_model(Plan, RIGHT.replace(old, new, 1), "study p")
    assert str(caught.value).startswith(message) and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs = 'last'", "line 2, epochs: it is 'last'; it should be a list or 'longest'."),
        ("[[shapes]]\nkind = 'squre'", "line 2, shapes[0]: there is no kind named 'squre'; did you mean 'square'?"),
        ("[[shapes]]\nside = 1", "line 2, shapes[0]: it lacks the key 'kind'."),
        ("[[shapes]]\nkind = 'round'", "line 2, shapes[0]: it lacks the key 'radius'."),
        (
            "shapes = [\n{ kind = 'round', radius = 'r' }]",
            "line 3, shapes[0].radius: it is 'r'; it should be a number.",
        ),
    ],
)
def test_a_mistake_in_a_union_is_told_by_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(NasbenchError) as caught:
        read_model(Plan, f"seed = 3\n{text}", "study p")
    assert str(caught.value).endswith(message)


def test_the_error_says_file_and_key_to_a_program() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_model(Plan, RIGHT.replace("name = 'b'", "name = 4"), "study p")
    assert (caught.value.file, caught.value.key) == ("study p", "methods[1].name")


def test_old_keys_are_read_and_told_by_the_name_that_was_written() -> None:
    with pytest.warns(RenamedWarning, match="chunk is called runs_per_file now"):
        assert read_model(Plan, "seed = 1\nchunk = 7", "study p").runs_per_file == 7
    with pytest.warns(RenamedWarning), pytest.raises(NasbenchError, match=r"line 2, chunk: it is 'x'"):
        read_model(Plan, "seed = 1\nchunk = 'x'", "study p")
    with pytest.raises(NasbenchError, match="given twice"):
        read_model(Plan, "seed = 1\nchunk = 7\nruns_per_file = 7", "study p")


def test_a_file_that_nests_deep_or_is_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NasbenchError, match="nests more than"):
        read_model(Plan, f"seed = {'[' * 200}{']' * 200}", "study p")
    (tmp_path / "p.toml").write_bytes(b"#" * (2**24 + 1))
    with pytest.raises(NasbenchError, match="more than"):
        read_model(Plan, tmp_path / "p.toml", "study p")


@pytest.mark.parametrize("module", ["nasbench.cli.main", "nasbench.search.registry", "nasbench.live.evidence"])
def test_pydantic_waits_until_a_file_is_read(module: str) -> None:
    code = f"import sys; import {module}; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
