"""Theory stands on public names: nothing private is read, nothing is replaced, rooms import downwards, and sympy comes late."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nasbench.theory

ROOT = Path(next(iter(nasbench.theory.__path__))).resolve()
ROOMS = ("symbolic", "exact", "machinery", "families", "traces")
"""Each room may import those before it; what lies outside of them may import all."""


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def find_intrusions(source: str) -> Iterator[str]:
    """Yield what reads a private name of another object, or writes to a name that was imported."""
    tree = ast.parse(source)
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            # a mutant that is a subclass may use what it inherits
            own = owner in ("self", "cls") or ast.unparse(node.value).startswith("super(")
            if _private(node.attr) and not own:
                yield ast.unparse(node)
            elif isinstance(node.ctx, ast.Store) and owner in imported:
                yield f"{ast.unparse(node)} = ..."
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if _private(alias.name))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr"):
            yield ast.unparse(node)


@pytest.mark.parametrize(
    "source",
    ["optimizer._space", "from a import _b", "import a\na.b = 1", "from a import B\nB.c = 1", "setattr(a, 'b', 1)"],
)
def test_intrusions_are_found(source: str) -> None:
    assert len(list(find_intrusions(source))) == 1


def test_theory_reads_nothing_private_and_replaces_nothing() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {intrusion}"
        for path in ROOT.rglob("*.py")
        for intrusion in find_intrusions(path.read_text())
    }
    assert not found


def test_rooms_import_downwards() -> None:
    upward = set()
    for height, room in enumerate(ROOMS):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                parts = (node.module or "").split(".") if isinstance(node, ast.ImportFrom) else []
                if parts[:2] == ["nasbench", "theory"] and parts[2:3] not in [[lower] for lower in ROOMS[: height + 1]]:
                    upward.add(f"{path.relative_to(ROOT)}: {node.module}" if isinstance(node, ast.ImportFrom) else "")
    assert not upward


@pytest.mark.parametrize(
    "statement",
    [
        "from nasbench.theory.commands import list_claims; list_claims()",
        "from nasbench.theory.commands import verify",
        "import nasbench.reports.page.report",
    ],
)
def test_sympy_is_imported_by_derivations_alone(statement: str) -> None:
    code = f"import sys\n{statement}\nassert 'sympy' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
