"""Write the tables of README.md and docs/ that commands print: `python docs/generate.py`, and with `--check` compare them instead.

A block stands between `<!-- generated: NAME -->` and `<!-- end -->`, and is made from what a command prints with `--json`, in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
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


BLOCKS: Mapping[str, Callable[[], str]] = {
    "hypotheses": hypotheses,
    "statements": statements,
    "search-time": search_time,
    "ablation": ablation,
}


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
    check = parser.parse_args().check
    if check:
        run_readme()
    stale = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text(encoding="utf-8")
        new = BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found[2]]()}{found[4]}", text)
        if new != text:
            stale.append(str(path.relative_to(ROOT)))
            if not check:
                path.write_text(new, encoding="utf-8")
    if stale and check:
        sys.exit(f"Generated tables are not up to date in {', '.join(stale)}; run: python docs/generate.py")


if __name__ == "__main__":
    main()
