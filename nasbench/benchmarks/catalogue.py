"""Benchmarks by name: `table/dataset`."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from nasbench.benchmarks.composite import composite_benchmark, composite_names, is_composite
from nasbench.benchmarks.function_benchmark import FunctionBenchmark
from nasbench.benchmarks.surrogate import SurrogateBenchmark
from nasbench.benchmarks.surrogates import NAMES, is_surrogate, surrogate_benchmark
from nasbench.benchmarks.synthetic import is_synthetic, synthetic_benchmark
from nasbench.benchmarks.tabular import TabularBenchmark
from nasbench.errors import NasbenchError, unknown_name
from nasbench.registered import registered
from nasbench.tables.catalogue import get_table, known_tables, table_datasets, table_names
from nasbench.tables.importers import formats_of_tables

Searchable = TabularBenchmark | FunctionBenchmark | SurrogateBenchmark
"""A benchmark of a table, a closed form or registered function, or a surrogate."""


def benchmark_names() -> tuple[str, ...]:
    """Return the names accepted by `get_benchmark`: data sets of tables that are available or can be built, and composites."""
    return (*(f"{table}/{dataset}" for table in table_names() for dataset in table_datasets(table)), *composite_names())


def expand_benchmarks(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return names of benchmarks with patterns such as `nas-bench-graph/*` expanded to the available matches, without
    duplicates.

    A pattern without a match is dropped if another pattern has one, else kept; `get_benchmark` then reports what is
    missing.
    """
    given = list(patterns)
    wild = [pattern for pattern in given if set("*?[") & set(pattern)]
    if not wild:
        return tuple(given)
    at_hand = (*benchmark_names(), *NAMES)
    names = [name for p in given for name in (fnmatch.filter(at_hand, p) if p in wild else [p])]
    return tuple(dict.fromkeys(names or given))


def get_benchmark(name: str) -> TabularBenchmark:
    """Return the benchmark of that name.

    Raises:
        NasbenchError: if there is no such table or data set, with the nearest match, or the benchmark is a function.
    """
    if is_synthetic(name) or is_surrogate(name):
        kind = "closed form" if is_synthetic(name) else "surrogate, a function,"
        raise NasbenchError(
            f"{name} is a {kind} and has no table; give a benchmark of a table, such as nas-bench-201/cifar10."
        )
    if is_composite(name):
        return composite_benchmark(name)
    table_name, _, dataset = name.partition("/")
    if table_name not in known_tables():
        if table_name in formats_of_tables():
            raise NasbenchError(
                f"The table {table_name!r} has to be imported: nasbench data import {formats_of_tables()[table_name]} FILE."
            )
        raise unknown_name("benchmark", name, benchmark_names())
    table = get_table(table_name)
    if dataset not in table.datasets:
        raise unknown_name("benchmark", name, [f"{table_name}/{d}" for d in table.datasets])
    return TabularBenchmark(table, dataset)


def move_to_table(problems: Iterable[str], name: str) -> tuple[str, ...]:
    """Return problems with another table in place of each table of its space that has a data set of that name.

    So what is defined on a table that ships runs on one that was imported from the official files.

    Raises:
        NasbenchError: if there is no such table, or it can stand for none of the problems.
    """
    table = get_table(name)

    def moved(problem: str) -> str:
        own, _, dataset = problem.partition("/")
        if own not in known_tables() or dataset not in table.datasets:
            return problem
        return f"{name}/{dataset}" if get_table(own).base_space.name == table.base_space.name else problem

    names = tuple(dict.fromkeys(map(moved, problems)))
    if not any(problem.partition("/")[0] == name for problem in names):
        raise NasbenchError(
            f"The table {name!r} can stand for no problem here: it is of {table.base_space.name} and has {', '.join(table.datasets)}."
        )
    return names


def has_checksum(benchmark: Searchable, checksum: str) -> bool:
    """Return whether a benchmark is the one of that checksum, or of a table that stands in for that one."""
    table = benchmark.table if isinstance(benchmark, TabularBenchmark) else None
    return checksum == benchmark.checksum or (table is not None and checksum in table.supersedes)


def get_searchable(name: str) -> Searchable:
    """Return anything that can be searched: a benchmark of a table, a closed form such as `nk/10x6-k2`, a surrogate, a registered function.

    Raises:
        NasbenchError: as `get_benchmark`, `nasbench.benchmarks.synthetic.synthetic_benchmark` and
            `nasbench.benchmarks.surrogates.surrogate_benchmark` do.
    """
    if not is_taken(name) and name in registered("benchmark"):
        made: FunctionBenchmark = registered("benchmark")[name]
        return made
    if is_surrogate(name):
        return surrogate_benchmark(name)
    return synthetic_benchmark(name) if is_synthetic(name) else get_benchmark(name)


def is_taken(name: str) -> bool:
    """Return whether a name is that of a table or a family of functions, or begins with one; nothing else is found under it."""
    own = is_synthetic(name) or is_surrogate(name) or is_composite(name)
    return own or name.partition("/")[0] in (*known_tables(), *formats_of_tables())
