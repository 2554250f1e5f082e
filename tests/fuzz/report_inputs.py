"""Reports of tiny studies: flat tables, ties, optima at once, budgets beyond the table, one run, and labels that attack the page.

Each input is a table of 2 to 12 cells that is imported, a study that is run on it, and its report in every format. A page that is
written has to be sound as well: no number that is none, no label that a format reads as more than text.
"""

from __future__ import annotations

import csv
import os
import re
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from nasbench.errors import NasbenchError
from nasbench.reports.analysis.results import Results
from nasbench.reports.figures.figure import FORMATS
from nasbench.reports.page.options import ReportOptions
from nasbench.reports.page.report import build_report
from nasbench.reports.page.writer import write_report
from nasbench.study.runner import run_study
from nasbench.study.toml import parse_study
from nasbench.tables.importers import import_table

SHORT = 5
"""Inputs of a short run."""
SHAPES = ((2,), (3,), (5,), (2, 2), (2, 3), (3, 3), (3, 4), (2, 2, 3))
LABELS = (
    "$\\frac$", "$x$ & {y}", "=cmd|'/C calc'!A1", "+1", "-2+3", "@SUM(1)", "\tTAB", "\rCR", "<script>alert(1)</script>", "a|b",
    "<img src=x onerror=alert(1)>", "# heading", "**bold**", "``` fence", "![i](http://x/y)", "[10cm] option", "* star", "_hidden", "__x",
    "\\input{x}", "\\write18{ls}", "new\nline", "\u202eright to left", "é 遗传算法", "эволюция x", "w" * 120, "\"quoted\" 'twice'",
    "100% of #1 ~ ^", "]]> end", "\x00\x07 bell", "-- dash", "{{ report }}", "<% block", "nan", "c" * 40 + " " + "b" * 40, "🙂 face",
)  # fmt: skip
DRAWN = 20
"""One report in this many draws its figures, which take most of the time."""

ODD_NUMBERS = re.compile(r"(?<![\w./'\"-])(nan|NaN|inf|None)(?![\w'\"])")
ONE_OF_MANY = re.compile(
    r"(?<![\w.,'/-])1 (runs|data sets|queries|optimizers|points|pairs|seeds|targets|comparisons|epochs|searches)\b"
)


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        table: description of the table, as TOML says it.
        columns: its file.
        study: the study, as TOML says it.
        labels: of its optimizers.
        figures: whether figures are drawn.
    """

    table: dict[str, Any]
    columns: dict[str, list[Any]]
    study: dict[str, Any]
    labels: tuple[str, ...]
    figures: bool


def campaign(n: int, seed: int, folder: Path) -> Counter[str]:
    """Report `n` tiny studies; a page is harmless where it is sound and silent where it is not.

    Args:
        n: studies.
        seed: of all of them.
        folder: holds tables and results; the first fault of each kind is kept in `faults.txt`.
    """
    counts: Counter[str] = Counter()
    before = os.environ.get("NASBENCH_CACHE")
    os.environ["NASBENCH_CACHE"] = str(folder / "cache")
    try:
        for number in range(n):
            case = draw(seed, number)
            outcome, told = judged(case, folder / str(number))
            counts[outcome] += 1
            counts["tried"] += 1
            if outcome in ("silent", "tracebacks"):
                with (folder / "faults.txt").open("a", encoding="utf-8") as file:
                    file.write(f"{outcome}, seed {seed}, number {number}: {case.study}\n{told}\n\n")
    finally:
        if before is None:
            del os.environ["NASBENCH_CACHE"]
        else:
            os.environ["NASBENCH_CACHE"] = before
    return counts


def judged(case: Case, folder: Path) -> tuple[str, str]:
    """Return what becomes of a case, and what was said."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DeprecationWarning)
            written = _reported(case, folder)
    except NasbenchError as fault:
        return "refused", str(fault)
    except Exception:
        return "tracebacks", traceback.format_exc()
    faults = unsound(written, case)
    return ("silent", "\n".join(faults)) if faults else ("harmless", "")


def _reported(case: Case, folder: Path) -> Path:
    folder.mkdir()
    lines = [list(case.columns), *zip(*case.columns.values(), strict=True)]
    (folder / "data.csv").write_text("".join(",".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")
    (folder / "table.toml").write_text(tomli_w.dumps(case.table), encoding="utf-8")
    import_table("table", folder / "table.toml")
    run_study(parse_study(tomli_w.dumps(case.study), "the study"), folder / "results")
    report = build_report(
        Results.open(folder / "results"), options=ReportOptions(formats=FORMATS if case.figures else ())
    )
    return write_report(report, folder / "report").page.parent


def draw(seed: int, number: int) -> Case:
    """Draw a table and a study on it."""
    rng, name = np.random.default_rng([seed, number]), f"t{number}"
    shape = SHAPES[int(rng.integers(len(SHAPES)))]
    choices = [[f"c{i}" for i in range(k)] for k in shape]
    rows = np.stack(np.unravel_index(np.arange(int(np.prod(shape))), shape), axis=1)
    columns: dict[str, list[Any]] = {f"d{i}": [choices[i][r] for r in rows[:, i]] for i in range(len(shape))}
    described = []

    def add(column: str, values: np.ndarray, **facts: Any) -> None:
        columns[column] = [float(v) for v in values]
        described.append({"dataset": "set", "column": column, **facts})

    accuracy = {"quantity": "accuracy", "unit": "%", "epochs": int(rng.choice([1, 3, 200]))}
    add("val", _values(rng, len(rows)), split="validation", **accuracy)
    has_test = rng.random() < 0.5
    if has_test:
        add("test", _values(rng, len(rows)), split="test", **accuracy)
    further = list(rng.permutation(["latency@x", "energy@y"])[: int(rng.choice([0, 0, 1, 2]))])
    for quantity in further:
        add(
            quantity[:3],
            100.0 - _values(rng, len(rows)),
            quantity=str(quantity),
            unit="ms" if quantity[0] == "l" else "mJ",
        )
    timed = rng.random() < 0.5
    if timed:
        add("time", rng.choice([1.0, 60.0, 0.1], len(rows)), quantity="train_time", unit="s", epochs=accuracy["epochs"])
    table = {
        "name": name, "data": "data.csv", "provenance": "drawn", "columns": described,
        "space": {"name": f"{name}-space", "decisions": [{"name": f"d{i}", "choices": c} for i, c in enumerate(choices)]},
    }  # fmt: skip
    labels, optimizers = _optimizers(rng, bool(further))
    hostile = str(LABELS[int(rng.integers(len(LABELS)))])
    study = {
        "name": name, "description": hostile if rng.random() < 0.5 else "", "seed": int(rng.integers(100)),
        "runs": int(rng.choice([1, 2, 3, 5, 6, 20])), "runs_per_file": 20, "problems": [f"{name}/set"],
        "objectives": ["error", *map(str, further)], "split": "test" if has_test and rng.random() < 0.3 else "validation",
        "epochs": [accuracy["epochs"]] if rng.random() < 0.5 else "longest",
        "training_seed": str(rng.choice(["mean", "random"])), "repeat_policy": str(rng.choice(["retrain", "cache", "cache_isomorphic"])),
        "budget": _budget(rng, len(rows), timed, bool(further)), "methods": optimizers,
    }  # fmt: skip
    return Case(table, columns, study, labels, number % DRAWN == DRAWN // 2)


def _values(rng: np.random.Generator, count: int) -> np.ndarray:
    """Accuracies: flat, perfect, tied, in steps that no binary number is, or apart."""
    kind = int(rng.integers(5))
    if kind == 0:
        return np.full(count, float(rng.choice([90.0, 100.0 / 3.0, 100.0])))
    if kind == 1:
        return np.where(rng.random(count) < 0.5, 100.0, 99.98)
    if kind == 2:
        return rng.integers(80, 83, count).astype(float)
    return rng.integers(4500, 4510, count) * 0.02 if kind == 3 else rng.uniform(50.0, 95.0, count)


def _optimizers(rng: np.random.Generator, several: bool) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    known: list[tuple[str, dict[str, Any]]] = [("random_search", {}), ("random_search", {"replacement": False})]
    if several:
        known += [
            ("nsga2", {"population_size": 4}),
            ("nsga2", {"population_size": 8}),
            ("sms_emoa", {"population_size": 4}),
        ]
    else:
        known += [("local_search", {}), ("local_search", {"improvement": "first"}), ("one_plus_one_ea", {"mutation_rate": 0.5}),
                  ("regularized_evolution", {"population_size": 4, "tournament_size": 2}), ("simulated_annealing", {}), ("reinforce", {})]  # fmt: skip
    chosen = rng.permutation(len(known))[: int(rng.integers(1, 6))]
    labels = [str(LABELS[i]) for i in rng.permutation(len(LABELS))[: len(chosen)]]
    entries = [
        {"name": known[at][0], "label": label, "settings": known[at][1]}
        for at, label in zip(chosen, labels, strict=True)
    ]
    return tuple(labels), entries


def _budget(rng: np.random.Generator, size: int, timed: bool, several: bool) -> dict[str, float]:
    kind = int(rng.integers(4))
    if kind == 0:
        return {"unique_queries": int(rng.integers(1, size + 1))}
    if kind == 1 and timed:
        return {"train_seconds": float(rng.choice([0.05, 1.0, 90.0]))}
    if several:  # an optimizer of several objectives takes long to find nothing new in a space that is used up
        return {"queries": int(rng.choice([1, 2, 5, 20]))}
    return {"queries": int(rng.choice([1, 2, 5, 6, 20, 100, 3000], p=[0.15, 0.15, 0.2, 0.2, 0.15, 0.1, 0.05]))}


class _Tags(HTMLParser):
    """The tags and attributes of a page, and its text without scripts, styles and pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.handlers: list[str] = []
        self.text: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] += 1
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self._skipped += tag in ("script", "style", "svg", "pre")

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("script", "style", "svg", "pre")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.text.append(data)


def unsound(folder: Path, case: Case) -> list[str]:
    """What is wrong with the files of a written report, each in a line."""
    page = _Tags()
    page.feed((folder / "report.html").read_text(encoding="utf-8"))
    visible = " ".join(page.text)
    for label in (*case.labels, case.study["description"]):
        visible = visible.replace(label, "LABEL") if label.strip() else visible
    found = [f"the page says {m[0]!r} in {_around(visible, m)}" for m in ODD_NUMBERS.finditer(visible)]
    found += [f"the page says {m[0]!r} in {_around(visible, m)}" for m in ONE_OF_MANY.finditer(visible)]
    found += [
        f"the page has {page.counts[tag]} of <{tag}>"
        for tag, most in (("script", 1), ("img", 0), ("h1", 1))
        if page.counts[tag] > most
    ]
    found += [f"the page has an attribute {name}" for name in page.handlers]
    text = (folder / "report.md").read_text(encoding="utf-8")
    outside = re.sub(r"^(`{3,})toml\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    found += [
        f"Markdown has {sign!r}"
        for sign in ("<script", "<img", "](http", "\n# heading", "**bold**")
        if re.search(rf"(?<!\\){re.escape(sign)}", outside)
    ]
    tex = (folder / "report.tex").read_text(encoding="utf-8")
    found += [f"LaTeX has {sign!r}" for sign in (r"\input{x}", r"\write18", r"\frac$") if sign in tex]
    for path in sorted((folder / "tables").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                found += [
                    f"{path.name} has the cell {cell!r}"
                    for cell in row
                    if cell[:1] in "=+-@\t\r" and cell and not _is_number(cell)
                ]
    return found


def _around(text: str, found: re.Match[str]) -> str:
    return repr(text[max(0, found.start() - 80) : found.end() + 40])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
