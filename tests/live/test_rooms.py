"""The rooms of live search import downwards alone, and no two files import each other in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from nasbench import live

ROOT = Path(live.__file__).parent
PREFIX = "nasbench.live."
FILES = [path for path in sorted(ROOT.rglob("*.py")) if path.relative_to(ROOT).parts[0] in live.ROOMS]


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of live search that a file imports, below `nasbench.live`; those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(PREFIX):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = (ROOT / (inner.removeprefix(PREFIX).replace(".", "/") + ".py")).exists()
                yield (inner if is_module else str(node.module)).removeprefix(PREFIX)


def test_rooms_import_downwards() -> None:
    assert len(FILES) > 80 and {path.relative_to(ROOT).parts[0] for path in FILES} == {*live.ROOMS}
    for path in FILES:
        room = live.ROOMS.index(path.relative_to(ROOT).parts[0])
        for name in imported(path):
            assert live.ROOMS.index(name.partition(".")[0]) <= room, f"{path.relative_to(ROOT)} imports {name}"
    assert [line.split(":")[0][2:] for line in (live.__doc__ or "").splitlines() if line.startswith("- ")] == [
        *live.ROOMS
    ]


def test_no_file_circle() -> None:
    graph = {".".join(path.relative_to(ROOT).with_suffix("").parts): set(imported(path)) for path in FILES}
    assert sum(map(len, graph.values())) > 200
    TopologicalSorter(graph).prepare()  # raises CycleError
