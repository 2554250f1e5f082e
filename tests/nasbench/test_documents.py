from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench.errors import NasbenchError
from nasbench.files.documents import DEEPEST, LARGEST, parse_json, parse_toml, read_json, read_text, read_toml


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=" + "[" * 100_000, "nests more than 32 deep"),
        ("a=" + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nests more than 32 deep"),
        (".".join("a" * 1_000) + " = 1", "nests more than 32 deep"),
        ("a = " + "9" * 5_000, "is not TOML"),
        ("a = 1\na = 2", "is not TOML"),
        ("a = = 1", r"is not TOML.*line 1"),
    ],
)
def test_toml_is_refused_in_a_sentence(text: str, message: str) -> None:
    with pytest.raises(NasbenchError, match=f"^The study x {message}"):
        parse_toml(text, "study x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nests more than 32 deep"),
        ("[" * DEEPEST + "[]" + "]" * DEEPEST, "nests more than 32 deep"),
        ('{"a": 1, "a": 2}', "is not JSON: the key 'a' is there twice"),
        ("9" * 5_000, "is not JSON"),
        ('{"a": }', r"is not JSON.*line 1"),
        (b"\xff", "is not JSON"),
    ],
)
def test_json_is_refused_in_a_sentence(text: str | bytes, message: str) -> None:
    with pytest.raises(NasbenchError, match=f"^The manifest x {message}"):
        parse_json(text, "manifest x")


def test_what_nests_as_deep_as_the_limit_is_read() -> None:
    assert str(parse_json("[" * DEEPEST + "1" + "]" * DEEPEST, "x")).count("[") == DEEPEST
    assert parse_toml("a = 1\r\n[b]\r\nc = [2]\r\n", "x") == {"a": 1, "b": {"c": [2]}}


def test_files_are_utf_8_with_or_without_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + 'a = "évolution"'.encode())
        assert read_toml(path, "study x") == {"a": "évolution"}
    path.write_bytes('a = "évolution"'.encode("latin-1"))
    with pytest.raises(NasbenchError, match="not text"):
        read_toml(path, "study x")


@pytest.mark.parametrize("path", ["nowhere/x", "", "a\0b", "/dev/zero"])
def test_what_is_no_file_of_text_is_refused(path: str) -> None:
    with pytest.raises(NasbenchError, match=r"^The study x cannot be read"):
        read_text(Path(path), "study x")
    with pytest.raises(NasbenchError, match=r"^The study x cannot be read"):
        read_json(Path(path), "study x", largest=LARGEST // 100)


@given(st.text(alphabet="{}[]\"\\=.,:\n 1aé'", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_toml, parse_json):
        try:
            parse(text, "document")
        except NasbenchError as refused:
            assert str(refused).startswith("The document ")
