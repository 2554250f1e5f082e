"""README.md and docs/: short where it should be, and no link to a file or a heading that is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nasbench

ROOT = Path(__file__).parents[2]
PAGES = [path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if "_build" not in path.parts]


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
    broken, followed = [], 0
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8")):
            if target.startswith(("http:", "https:", "mailto:")):
                continue
            followed += 1
            path = (page.parent / target) if target else page
            if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8"))):
                broken.append(f"{page.relative_to(ROOT)}: {target}#{anchor}")
    assert broken == [] and followed > 20


def test_the_readme_can_be_read_in_five_minutes() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert 60 < len(lines) <= 150


def test_the_program_of_the_readme_has_ten_lines_of_public_names() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    used = {
        node.attr
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nasbench"
    }
    assert used and used <= set(nasbench.__all__) and len([line for line in program.splitlines() if line]) <= 10


def test_the_reference_has_every_public_name() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r":: nasbench(?:\.api\.search)?\.(\w+)", page)) | set(re.findall(r"`nasbench\.(\w+)`", page))
    assert {name for name in nasbench.__all__ if name != "__version__"} <= named


def test_every_example_is_in_the_gallery() -> None:
    page = (ROOT / "docs" / "tutorials" / "examples.md").read_text(encoding="utf-8")
    assert set(re.findall(r"{example} (\w+)", page)) == {path.stem for path in (ROOT / "examples").glob("*.py")}
