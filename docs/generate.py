"""Write the tables and numbers of README.md and docs/ that commands print: `python docs/generate.py`, and with `--check` compare them instead.

A block stands between `<!-- generated: NAME -->` and `<!-- end -->` on lines of their own, and is made from what a command prints with `--json`, in
seconds. A number within a line stands between `<!-- number: NAME -->` and `<!-- end -->`. A block that takes minutes, or depends on the machine, is
marked `<!-- recorded: NAME -->`: `--recorded NAME` writes it, and `--check` leaves it alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- (generated|recorded): ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
NUMBER = re.compile(r"(<!-- number: ([\w-]+) -->)(.*?)(<!-- end -->)")
sys.path.insert(0, str(ROOT))
SETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet16-120": "ImageNet16-120"}


@cache
def printed(*command: str) -> Mapping[str, Any]:
    """Return what a command of the suite prints with `--json`; 0 and 1 are verdicts, anything else is an error."""
    done = subprocess.run(
        [sys.executable, "-m", "nasbench", *command, "--json"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    parsed: Mapping[str, Any] = json.loads(done.stdout)
    return parsed


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))


def plain(text: str) -> str:
    """Return a summary without digests of runs and names of folders, which the command prints for those who compare them."""
    text = re.sub(r", runs [0-9a-f, ]+\)", ")", text)
    text = re.sub(r" \(verdicts [0-9a-f]+\)", "", text)
    text = re.sub(r" in \S+/reports/evidence|, and the sources have changed since.*", "", text)
    text = re.sub(r"[\w.-]+-\d+ is void: .*", "its registration is void, since the sources changed", text)
    return text.replace("it is not registered", "stated, not registered")


def summary(row: Mapping[str, Any]) -> str:
    """Return what a verdict rests on; of an ablation, on how many benchmarks each part helps."""
    of = [(part["of"].split(" on ")[0], part["verdict"] == "helps") for part in parts(row["hypothesis"])]
    if not row["hypothesis"].startswith("every-part") or not of:
        return plain(row["evidence"])
    names = dict.fromkeys(name for name, _ in of)
    helps = {name: sum(one == name and good for one, good in of) for name in names}
    total = len(of) // len(names)
    some = ", ".join(f"{name} ({count} of {total})" for name, count in helps.items() if count)
    none = ", ".join(name for name, count in helps.items() if not count)
    return f"helps: {some}; not shown to help on any: {none} (n = {row['n']})"


def hypotheses() -> str:
    """Return the verdict on each hypothesis."""
    rows = printed("hypotheses")["hypotheses"]
    return table(
        ("hypothesis", "verdict", "evidence"),
        [(f"`{row['hypothesis']}`", row["verdict"], summary(row)) for row in rows],
    )


def statements() -> str:
    """Return what each hypothesis states, and how it is judged."""
    rows = printed("hypotheses")["hypotheses"]
    return table(
        ("hypothesis", "statement", "decision rule"),
        [(f"`{row['hypothesis']}`", row["statement"], row["rule"]) for row in rows],
    )


def parts(hypothesis: str) -> list[Mapping[str, Any]]:
    """Return the numbers that a hypothesis rests on."""
    return [row for row in printed("hypotheses")["parts"] if row["hypothesis"] == hypothesis]


def registrations() -> str:
    """Return every registration: its look, runs and error rate, the sources that it is of, and whether its evidence ships."""
    rows = []
    for path in sorted((ROOT / "reports" / "hypotheses" / "registered").glob("*.toml")):
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        runs = told["hypothesis"].get("runs", "")
        ships = (ROOT / "reports" / "evidence" / f"{path.stem}.parquet").is_file()
        sources = told["sources_sha256"][:12]
        rows.append((f"`{path.stem}`", str(runs), f"{100 * told['error_rate']:g}%", sources, "yes" if ships else "no"))
    return table(("registration", "runs", "error rate", "sources", "evidence ships"), rows)


def present_sources() -> str:
    """Return the first digits of the hash of the sources that ship."""
    from nasbench.files.source_files import sources_sha256
    from nasbench.study.sources import DECIDING

    return sources_sha256(DECIDING)[:12]


def search_time() -> str:
    """Return the upper bounds of the ratios of search times, the larger of the study and its repetition."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for row in parts("search-time-halved"):
        matched = re.fullmatch(r"[\w-]+, ([\w-]+) against (.+) in (unique queries|train seconds)", row["of"])
        if matched and row["upper"] is not None:
            data_set, method, account = matched.groups()
            cell = found.setdefault(method, {}).setdefault(data_set, {})
            cell[account] = max(cell.get(account, 0.0), row["upper"])

    def cell(method: str, data_set: str) -> str:
        values = [found[method][data_set][account] for account in ("unique queries", "train seconds")]
        return " / ".join(f"{value:.2f}" if value <= 0.5 else f"**{value:.2f}**" for value in values)

    hardest = sorted(found, key=lambda method: -max(found[method]["cifar10"].values()))
    return table(("baseline", *SETS.values()), [(method, *(cell(method, one) for one in SETS)) for method in hardest])


def ablation() -> str:
    """Return what is lost without each part of the hybrid, on tables and on landscapes."""
    found: dict[str, dict[str, str]] = {}
    for row in (*parts("every-part-helps-on-tables"), *parts("every-part-helps-on-landscapes")):
        part, _, rest = row["of"].partition(" on ")
        number = f"{row['statistic']:+.1f}"
        marked = f"**{number}**" if row["verdict"] == "helps" else number
        found.setdefault(part, {})[rest.split(",")[0]] = f"{marked} [{row['lower']:.1f}, {row['upper']:.1f}]"
    columns = {**SETS, "10x6-k2": "NK, K = 2", "10x6-k4": "NK, K = 4"}
    return table(
        ("without", *columns.values()),
        [(part, *(cells.get(one, "") for one in columns)) for part, cells in found.items()],
    )


def landscapes() -> str:
    """Return expected evaluations until the best cells, by the exact solvers, and what the landscapes look like."""
    from nasbench.theory.exact import elitist, landscape, local_search, random_search

    found = {name: landscape.load(name) for name in SETS}
    targets = (1, 16, 156)
    times: Mapping[str, Callable[[Any, int], float]] = {
        "random search, no repeats": lambda one, best: random_search.time_moments(one.size, best)[0],
        "(1+1)-EA, rate 1/6": lambda one, best: elitist.hitting_time(one, best).uniform_mean,
        "local search, first improvement": lambda one, best: local_search.first_improvement(one, best).mean,
        "steepest ascent with restarts": lambda one, best: local_search.steepest_ascent(one, best).mean,
    }
    rows = [
        (name, *(" / ".join(f"{expected(one, best):,.1f}" for best in targets) for one in found.values()))
        for name, expected in times.items()
    ]
    facts = {name: printed("describe", f"nas-bench-201/{name}")["facts"] for name in SETS}

    def fact(data_set: str, name: str) -> float:
        return next(float(row["value"]) for row in facts[data_set] if row["name"] == name)

    basin = "share of the global optimum's basin"
    optima = [f"{fact(one, 'local optima'):.0f}; {100 * fact(one, basin):.1f}%" for one in SETS]
    orders = [" / ".join(f"{fact(one, f'share of order {k}'):.3f}" for k in (1, 2, 3)) for one in SETS]
    draws = (25, 50, 100, 200)
    regrets = [
        " / ".join(f"{random_search.expected_regret(one.values[one.order], n):.2f}" for n in draws)
        for one in found.values()
    ]
    rows += [
        ("local optima; basin of the best", *optima),
        ("ANOVA shares, order 1 / 2 / 3", *orders),
        ("random search, regret after 25 / 50 / 100 / 200", *regrets),
    ]
    return table(("", *SETS.values()), rows)


def devices() -> str:
    """Return how much of one device's front another's attains."""
    found = {
        (row["source"], row["target"]): row for row in printed("devices", "nas-bench-201-hardware/cifar10")["transfers"]
    }
    names = list(dict.fromkeys(source for source, _ in found))

    def cell(source: str, target: str) -> str:
        row = found[source, target]
        return "" if source == target else f"{100 * row['share']:.1f} ({100 * row['held']:.0f})"

    short = {name: name.removeprefix("latency@").partition(",")[0] for name in names}
    return table(
        ("front of", *(short[name] for name in names)),
        [(short[one], *(cell(one, other) for other in names)) for one in names],
    )


def papers() -> str:
    """Return the outcome of every paper, in values and in orderings of methods."""
    done = printed("reproduce")
    values, orders = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in done["rows"]:
        values[row["paper"], row["verdict"]] += 1
    for row in done["orderings"]:
        orders[row["paper"], row["verdict"]] += 1
    verdicts = ("equivalent", "differs", "differs, size undecided", "undecided", "not testable", "not run")
    ordered = ("confirmed", "undecided", "contradicted")
    names = list(dict.fromkeys(row["paper"] for row in done["rows"]))
    rows = [
        (
            f"`{name}`",
            *(str(values[name, one] or "") for one in verdicts),
            *(str(orders[name, one] or "") for one in ordered),
        )
        for name in names
    ]
    total = ("all", *(str(sum(values[name, one] for name in names)) for one in verdicts))
    total += tuple(str(sum(orders[name, one] for name in names)) for one in ordered)
    head = ("paper", *(f"values {one}" if one == "equivalent" else one for one in verdicts))
    return table((*head, *(f"orderings {one}" if one == "confirmed" else one for one in ordered)), [*rows, total])


def _needs(names: Iterable[str], extra: str = "") -> set[str]:
    """Return the installed distributions that these need, themselves included; `extra` is one of the first ones' own."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: set[str] = set()
    waiting = [(canonicalize_name(name), extra) for name in names]
    while waiting:
        name, wanted = waiting.pop()
        if name in found and not wanted:
            continue
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        found.add(name)
        for requirement in map(Requirement, requires):
            if requirement.marker is None or requirement.marker.evaluate({"extra": wanted}):
                needed = canonicalize_name(requirement.name)
                waiting += [(needed, more) for more in ("", *requirement.extras) if needed not in found or more]
    return found


def _megabytes(names: Iterable[str]) -> str:
    files = (file for name in names for file in metadata.files(name) or ())
    return f"{sum(Path(str(file.locate())).stat().st_size for file in files if Path(str(file.locate())).is_file()) / 1e6:,.0f}"


def sizes() -> str:
    """Return what the core brings, package by package, and what each installed extra adds, in MB with bytecode."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = [re.split(r"[\[<>=]", one)[0] for one in project["dependencies"]]
    core = _needs(direct)
    alone = {one: core - _needs(other for other in direct if other != one) for one in direct}
    shared = core - set().union(*alone.values())
    rows = [
        (f"`{one}`", ", ".join(sorted(brought - {one})), _megabytes(brought))
        for one, brought in alone.items()
        if brought
    ]
    large = {one for one in shared if float(_megabytes([one]).replace(",", "")) >= 10}
    rows += [(f"`{one}`", "", _megabytes([one])) for one in large]
    rows.sort(key=lambda row: -float(row[2].replace(",", "")))
    rows += [("what several need", ", ".join(sorted(shared - large)), _megabytes(shared - large))]
    rows += [("**the core**", "", f"**{_megabytes(core)}**")]
    for extra, requirements in project["optional-dependencies"].items():
        if all(_needs([re.split(r"[\[<>=]", one)[0]]) for one in requirements):
            added = _needs(["nas-verify"], extra) - core - {"nas-verify"}
            first = ", ".join(sorted(added)[:6]) + (" ..." if len(added) > 6 else "")
            rows.append((f"extra `{extra}`", first, _megabytes(added)))
    return table(("package", "what it alone brings", "MB"), rows)


def reference_cells() -> str:
    """Return what the reference distribution of mnist-1d holds."""
    facts = {row["name"]: row["value"] for row in printed("describe", "mnist-1d-reference/mnist-1d")["facts"]}
    told = {
        "cells": "architectures",
        "of different function": "isomorphism classes",
        "least validation error, %": "least validation error",
        "median validation error, %": "median error",
        "standard deviation between trainings of a cell": "standard deviation of a training",
        "reliability of one training": "reliability of a training",
    }
    return table(("of the reference cells", "value"), [(name, f"{facts[fact]:.3g}") for name, fact in told.items()])


def zero_cost() -> str:
    """Return how zero-cost proxies and sizes rank the reference cells of mnist-1d."""
    rows = printed("zero-cost")["proxies"]
    return table(
        ("proxy", "Kendall's tau [95% interval]", "ceiling", "error of the cell it likes best, %", "CPU s a cell"),
        [
            (
                row["proxy"],
                f"{row['kendall_tau']:.2f} [{row['kendall_tau_low']:.2f}, {row['kendall_tau_high']:.2f}]",
                f"{row['ceiling']:.2f}",
                f"{row['found']:.2f}",
                f"{row['seconds_each']:.3f}",
            )
            for row in sorted(rows, key=lambda row: -row["kendall_tau"])
        ],
    )


def claims_by_kind() -> str:
    """Return the number of claims of each kind."""
    kinds = Counter(row["kind"] for row in printed("list", "claims")["claims"])
    plurals = {
        "theorem": "theorems",
        "exact law": "exact laws",
        "calibration": "calibrations",
        "software check": "software checks",
    }
    return ", ".join(f"{kinds[kind]} {plural}" for kind, plural in plurals.items())


def theory_checked() -> str:
    """Return the outcome of the check of the theory that ships, in words."""
    return next(
        plain(row["evidence"]) for row in printed("hypotheses")["hypotheses"] if row["hypothesis"] == "theory-verified"
    )


def count(listed: str, less: int = 0) -> Callable[[], str]:
    """Return a function that counts what a list has."""
    return lambda: str(len(printed("list", listed)[listed]) - less)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "hypotheses": hypotheses,
    "statements": statements,
    "registrations": registrations,
    "search-time": search_time,
    "ablation": ablation,
    "landscapes": landscapes,
    "devices": devices,
    "papers": papers,
    "sizes": sizes,
    "reference-cells": reference_cells,
    "zero-cost": zero_cost,
}
NUMBERS: Mapping[str, Callable[[], str]] = {
    "sources": present_sources,
    "claims": count("claims"),
    "claims-by-kind": claims_by_kind,
    "theory-checked": theory_checked,
    "papers": count("papers"),
    "optimizers": count("optimizers"),
    "converters": count("converters", less=1),  # one of them reads tables of anyone
}


def written(text: str, recorded: Sequence[str]) -> str:
    """Return a page with its blocks and numbers as commands print them now; recorded blocks are left alone, or those named written alone."""
    if recorded:
        return BLOCK.sub(
            lambda m: f"{m[1]}{BLOCKS[m[3]]()}{m[5]}" if m[2] == "recorded" and m[3] in recorded else m[0], text
        )
    text = BLOCK.sub(lambda m: f"{m[1]}{BLOCKS[m[3]]()}{m[5]}" if m[2] == "generated" else m[0], text)
    return NUMBER.sub(lambda m: f"{m[1]}{NUMBERS[m[2]]()}{m[4]}", text)


def run_readme() -> None:
    """Run the program of the README in an empty folder."""
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
        subprocess.run(
            [sys.executable, "-c", program], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
        )


def main() -> None:
    """Rewrite the generated blocks, or exit with status 1 where one is not what its command prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing, fail where a table differs, and run the program of the README",
    )
    parser.add_argument(
        "--recorded", nargs="+", default=(), choices=sorted(BLOCKS), help="write these recorded blocks, and no others"
    )
    given = parser.parse_args()
    check = given.check
    if check:
        run_readme()
    stale = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text(encoding="utf-8")
        new = written(text, given.recorded)
        if new != text:
            stale.append(str(path.relative_to(ROOT)))
            if not check:
                path.write_text(new, encoding="utf-8")
    if stale and check:
        sys.exit(f"Generated tables are not up to date in {', '.join(stale)}; run: python docs/generate.py")


if __name__ == "__main__":
    main()
