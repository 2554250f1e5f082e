"""docs/GLOSSARY.md defines every account, trace column and repeat policy that the suite has."""

from __future__ import annotations

import re
from pathlib import Path

from nasbench.api.benchmark import load_benchmark
from nasbench.benchmarks.catalogue import get_searchable
from nasbench.search.ledger import ACCOUNTS, Budget
from nasbench.search.loop import search
from nasbench.search.parallelism import Parallelism
from nasbench.search.random_streams import Streams
from nasbench.search.registry import get_optimizer
from nasbench.search.search_protocol import REPEAT_POLICIES, SearchProtocol
from nasbench.search.workers import search_with_workers
from nasbench.study.trace_table import completion_columns, trace_columns
from nasbench.testing.toy import toy_problem

ROOT = Path(__file__).parents[2]


def defined(heading: str) -> set[str]:
    """Return the terms of a section: what stands in backticks in the first column of its table."""
    text = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return {term for line in section.splitlines()[2:] for term in re.findall(r"^\| `(\w+)`", line)} - {"repeat_policy"}


def test_accounts_and_policies_are_defined() -> None:
    assert defined("Accounts of a budget") == set(ACCOUNTS)
    assert defined("Policies for repeated queries") == set(REPEAT_POLICIES)


def test_columns_are_defined() -> None:
    protocol = SearchProtocol(
        objectives=("error",),
        split="validation",
        epochs=(1,),
        training_seed="random",
        repeat_policy="cache",
        budget=Budget({"unique_queries": 6}),
    )
    problem = get_searchable("onemax/4x2").problem(protocol, 0, (0,))
    batches, _ = search(problem, get_optimizer("hybrid").create(problem, Streams(0, (0,))))
    assert defined("Columns of a trace") == set(trace_columns(batches, (0,), ("error",)))


def test_columns_of_parallel_studies_are_defined() -> None:
    problem = toy_problem(5)
    optimizer = get_optimizer("random_search").create(problem, Streams(0, (0,)))
    completions, _ = search_with_workers(problem, optimizer, Parallelism(workers=2))
    columns = completion_columns(completions, 0, problem.objectives)
    assert defined("Columns of a trace with workers or batches") == columns.keys() - (
        defined("Columns of a trace") | set(problem.objectives)
    )


def test_columns_under_constraints_are_defined() -> None:
    problem = load_benchmark("nas-bench-201/cifar10").problem(2, constraints="parameters <= 0.8")
    batches, _ = search(problem, get_optimizer("random_search").create(problem, Streams(0, (0,))))
    columns = trace_columns(batches, (0,), problem.objectives, problem.limits.constraints)
    assert defined("Columns of a trace under constraints") == columns.keys() - (
        defined("Columns of a trace") | set(problem.objectives)
    )


def test_the_readme_links_to_it() -> None:
    assert "(docs/GLOSSARY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_files_that_it_names_exist() -> None:
    text = (ROOT / "docs" / "GLOSSARY.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:nasbench|reports|theory)/[\w/]+(?:\.py)?)/?`", text)
    assert len(paths) > 10 and [path for path in paths if not (ROOT / path).exists()] == []
