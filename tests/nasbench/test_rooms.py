"""Which part of the suite imports which: no circle of modules, and none of rooms."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path

import networkx
import pytest

PACKAGE = Path(__file__).parents[2] / "nasbench"
ROOMS = ("spaces", "tables", "benchmarks", "search", "hybrid", "live", "study", "api", "cli", "files")


@cache
def modules() -> Mapping[str, ast.Module]:
    """Return the syntax of every module by its full name, with folders that are links."""
    found = {}
    for folder, _, files in os.walk(PACKAGE, followlinks=True):
        for file in (Path(folder) / name for name in files if name.endswith(".py")):
            parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(file.read_text(encoding="utf-8"))
    return found


def statements(node: ast.AST, inside_functions: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """Return the import statements that are run, so none under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield from statements(other, inside_functions)
        elif inside_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from statements(child, inside_functions)


def imported(name: str, *, inside_functions: bool) -> set[str]:
    """Return what a module imports: full names, of this package as far as they name a module."""
    names = set()
    for statement in statements(modules()[name], inside_functions):
        if isinstance(statement, ast.Import):
            names |= {alias.name for alias in statement.names}
            continue
        assert statement.module and not statement.level, f"{name} has a relative import"
        for alias in statement.names:
            full = f"{statement.module}.{alias.name}"
            names.add(full if full in modules() else statement.module)
    return names


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


@cache
def arrows() -> frozenset[tuple[str, str]]:
    """Return the pairs of different rooms of which the first imports the second, inside functions included."""
    pairs = {
        (room(name), room(to)) for name in modules() for to in imported(name, inside_functions=True) & modules().keys()
    }
    return frozenset((one, other) for one, other in pairs if one != other)


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = networkx.DiGraph()
    for name in modules():
        graph.add_edges_from((name, to) for to in imported(name, inside_functions=False) & modules().keys())
    circles = [sorted(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    assert circles == []
    assert graph.number_of_edges() > len(modules()), "the walk has found imports"


def test_rooms_import_one_way() -> None:
    both = {pair for pair in combinations(ROOMS, 2) if pair in arrows() and pair[::-1] in arrows()}
    assert both == set(), "rooms that import each other, inside functions included"


@pytest.mark.parametrize("here", ["spaces", "tables", "search"])
def test_the_core_never_imports_torch(here: str) -> None:
    wrong = {
        name
        for name in modules()
        if room(name) == here and any(to.split(".")[0] == "torch" for to in imported(name, inside_functions=True))
    }
    assert wrong == set()


def test_search_imports_nothing_of_benchmarks() -> None:
    assert ("benchmarks", "search") in arrows() and ("search", "benchmarks") not in arrows()
