"""Lists for `nasbench list`: one row per space, benchmark, optimizer and so on, and an overview."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from textwrap import wrap
from typing import Any

from nasbench.errors import NasbenchError, unknown_name

Rows = list[dict[str, Any]]


def rows_of(kind: str) -> Rows:
    """Return the rows of one list.

    Raises:
        NasbenchError: if there is no such list, or a required extra is not installed.
    """
    if kind not in LISTS:
        raise unknown_name("list", kind, LISTS)
    return LISTS[kind]()


def everything() -> tuple[dict[str, Rows], dict[str, str]]:
    """Return all lists, and the reasons for missing ones; a failing list does not affect the others."""
    listed: dict[str, Rows] = {}
    unavailable: dict[str, str] = {}
    for kind in LISTS:
        try:
            listed[kind] = rows_of(kind)
        except NasbenchError as fault:
            unavailable[kind] = str(fault)
    return listed, unavailable


def overview(listed: Mapping[str, Rows], unavailable: Mapping[str, str], width: int, height: int = 24) -> str:
    """Return a paragraph per list, the number of entries and the first names, of as many lines as a terminal of that height has for each."""
    lines = max(1, (height - 1) // (len(listed) + len(unavailable)))
    paragraphs = [_paragraph(_sentence(kind, rows), width, lines) for kind, rows in listed.items()]
    paragraphs += [_paragraph(f"{kind}: {why}", width, lines) for kind, why in unavailable.items()]
    return "\n".join([*paragraphs, "In full: nasbench list KIND, such as nasbench list presets."])


def _sentence(kind: str, rows: Rows) -> str:
    needs = ", ".join(sorted({row["needs"] for row in rows if row.get("needs")}))
    note = f"; need the extra {needs}, which is not installed" if needs else ""
    return f"{kind} ({len(rows)}{note}): {', '.join(str(row['name']) for row in rows)}"


def _paragraph(text: str, width: int, lines: int) -> str:
    whole = wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    if len(whole) <= lines:
        return "\n".join(whole)
    shown = [*whole[: lines - 1], whole[lines - 1][: max(width - 4, 0)].rpartition(" ")[0].rstrip(",") + " ..."]
    return "\n".join(shown)


def _spaces() -> Rows:
    from nasbench.spaces.catalogue import get_space, space_names

    return [
        {"name": name, "decisions": get_space(name).d, "size": float(get_space(name).size)} for name in space_names()
    ]


def _benchmarks() -> Rows:
    from nasbench.benchmarks.catalogue import benchmark_names, get_benchmark, get_searchable
    from nasbench.benchmarks.objectives import find_quantity, objective_names
    from nasbench.benchmarks.surrogates import NAMES
    from nasbench.benchmarks.synthetic import EXAMPLES
    from nasbench.benchmarks.tabular import TabularBenchmark
    from nasbench.tables.catalogue import is_built, needed

    rows: Rows = []
    for name in benchmark_names():
        table = name.partition("/")[0]
        if needed(table) and not is_built(table):
            # A package's table takes minutes to build, those that ship a second: the first is left to its first use.
            rows.append({"name": name, "space": None, "architectures": None, "objectives": None, "splits": None})
            continue
        try:
            benchmark = get_benchmark(name)
        except NasbenchError as fault:  # a damaged table must not affect the others
            rows.append({"name": name, "space": None, "architectures": None, "objectives": str(fault), "splits": None})
            continue
        splits = sorted({c.split for c in benchmark.table.columns if c.dataset == benchmark.dataset and c.split})
        rows.append(
            {
                "name": name,
                "space": benchmark.space.name,
                "architectures": len(benchmark.table),
                "objectives": ", ".join(
                    f"error (or {find_quantity(benchmark.table, benchmark.dataset, 'error')})"
                    if held == "error"
                    else held
                    for held in objective_names(benchmark.table, benchmark.dataset)
                ),
                "splits": ", ".join(splits),
            }
        )
    kinds = dict.fromkeys(EXAMPLES, "closed form") | dict.fromkeys(NAMES, "surrogate")
    for name in kinds:
        function = get_searchable(name)
        assert not isinstance(function, TabularBenchmark)
        space = function.space
        rows.append(
            {
                "name": name,
                "space": space.name,
                "architectures": space.size if space.size < 2**53 else float(space.size),
                "objectives": ", ".join(function.views),
                "splits": "",
            }
        )
    return [row | {"kind": kinds.get(row["name"], "table")} for row in rows]


def _optimizers() -> Rows:
    from nasbench.plugins import BrokenPluginError, warn
    from nasbench.search.registry import get_optimizer, optimizer_names

    rows: Rows = []
    for name in optimizer_names():
        try:
            optimizer = get_optimizer(name)
        except BrokenPluginError as fault:
            warn(fault)
            continue
        except NasbenchError as fault:
            unknown = dict.fromkeys(("lockstep", "objectives", "numbers", "workers", "extras", "settings"))
            rows.append({"name": name} | unknown | {"summary": str(fault)})
            continue
        settings = ", ".join(f"{setting}={default!r}" for setting, default in optimizer.settings.items())
        rows.append(
            {
                "name": name,
                "lockstep": optimizer.lockstep,
                "objectives": optimizer.objectives,
                "numbers": optimizer.numbers,
                "workers": optimizer.workers,
                "extras": ", ".join(optimizer.extras),
                "settings": settings,
                "summary": optimizer.summary,
            }
        )
    return rows


def _presets() -> Rows:
    from nasbench.study.toml import load_study, preset_names

    rows: Rows = []
    for name in preset_names():
        try:
            study = load_study(name)
        except NasbenchError as fault:
            rows.append({"name": name, "problems": None, "methods": None, "runs": None, "description": str(fault)})
            continue
        sizes = {"problems": len(study.problems), "methods": len(study.methods), "runs": study.runs}
        rows.append({"name": name, **sizes, "description": study.description})
    return rows


def _provided(kind: str) -> Callable[[], Rows]:
    """Return the rows provided by packages through functions in the entry-point group `nasbench.lists`."""

    def rows() -> Rows:
        from nasbench.plugins import registered, usable

        wanted = (point for point in registered("nasbench.lists") if point.name == kind)
        return [row for some in usable(wanted, _rows_of) for row in some]

    return rows


def _rows_of(point: EntryPoint) -> Rows:
    from nasbench.plugins import use

    return use(point, "list", lambda provide: [dict(row) for row in provide()])


LISTS: Mapping[str, Callable[[], Rows]] = {
    "spaces": _spaces,
    "benchmarks": _benchmarks,
    "optimizers": _optimizers,
    "presets": _presets,
    "tasks": _provided("tasks"),
    "claims": _provided("claims"),
    "hypotheses": _provided("hypotheses"),
    "converters": _provided("converters"),
    "papers": _provided("papers"),
}
