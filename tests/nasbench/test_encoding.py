"""Text is read and written as UTF-8, whatever the locale; ruff's PLW1514 misses paths whose type it cannot tell."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def lacks_an_encoding(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    return len(call.args) == {"read_text": 0, "write_text": 1}.get(call.func.attr)


def test_every_text_file_names_its_encoding() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("nasbench", "baselines", "reports", "theory")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and lacks_an_encoding(node)
    ]
    assert not found
