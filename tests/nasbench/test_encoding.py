"""Text is read and written as UTF-8, whatever the locale; ruff's PLW1514 misses paths whose type it cannot tell."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from nasbench.study.toml import load_study

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


def test_a_study_is_read_as_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    text = load_study("quick").to_toml().replace('label = "random_search"', 'label = "évolution"')
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    code = "from nasbench.study.toml import load_study; print(ascii([e.label for e in load_study('s.toml').methods]))"
    locale = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    read = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=locale, capture_output=True, encoding="utf-8", check=True
    )
    assert "'\\xe9volution'" in read.stdout
