"""Papers by name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nasbench.errors import NasbenchError, unknown_name
from nasbench.reports.papers.paper import NotRun, Paper

_MODULES = {
    "nas-bench-201": "nasbench.reports.papers.nas_bench_201",
    "nats-bench": "nasbench.reports.papers.nats_bench",
    "local-search": "nasbench.reports.papers.local_search",
    "bananas": "nasbench.reports.papers.bananas",
    "npenas": "nasbench.reports.papers.npenas",
    "one-shot": "nasbench.reports.papers.one_shot",
    "drnas": "nasbench.reports.papers.drnas",
    "naswot": "nasbench.reports.papers.naswot",
    "zero-cost": "nasbench.reports.papers.zero_cost",
    "nas-bench-suite-zero": "nasbench.reports.papers.nas_bench_suite_zero",
    "zico": "nasbench.reports.papers.zico",
    "fitness-landscape": "nasbench.reports.papers.fitness_landscape",
    "help": "nasbench.reports.papers.help",
    "hw-nas-bench": "nasbench.reports.papers.hw_nas_bench",
    "nats-bench-size": "nasbench.reports.papers.nats_bench_size",
}


def paper_names() -> tuple[str, ...]:
    """Names of the papers."""
    return tuple(_MODULES)


def get_paper(name: str) -> Paper:
    """The paper of that name.

    Raises:
        NasbenchError: if there is none, with the nearest match.
    """
    if name not in _MODULES:
        compared = [p for p in paper_names() if any(name.casefold() in m.casefold() for m in get_paper(p).methods)]
        if compared and name:
            raise NasbenchError(
                f"There is no paper named {name!r}; it is a method of {' and '.join(map(repr, compared))}, which can be reproduced."
            )
        raise unknown_name("paper", name, _MODULES)
    paper: Paper = import_module(_MODULES[name]).PAPER
    return paper


def list_papers() -> list[dict[str, Any]]:
    """One flat row a paper, for `nasbench list papers`."""
    papers = [get_paper(name) for name in paper_names()]
    return [
        {
            "name": paper.name,
            "title": paper.title,
            "methods": ", ".join(paper.methods),
            "not_run": ", ".join(name for name, how in paper.methods.items() if isinstance(how, NotRun)),
            "published_values": len(paper.figures),
            "cross_checked": sum(bool(figure.confirmed) for figure in paper.figures),
        }
        for paper in papers
    ]
