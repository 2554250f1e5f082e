"""The reference of papers: every published value on record, to the digit, with its source and how it is reproduced."""

from __future__ import annotations

from extension.markdown import cell, code, prose, table
from nasbench.reports.papers.catalogue import get_paper, paper_names
from nasbench.reports.papers.paper import NotRun, Paper, PublishedValue


def published_tables() -> str:
    """Return a section for each paper."""
    return "\n".join(_section(get_paper(name)) for name in paper_names())


def _section(paper: Paper) -> str:
    values = {(value.method, value.column): value for value in paper.figures}
    columns = dict.fromkeys(value.column for value in paper.figures)
    rows = [
        (cell(method), *(_digits(values.get((method, column))) for column in columns))
        for method in dict.fromkeys(value.method for value in paper.figures)
    ]
    head = ("", *(cell(", ".join(filter(None, column))) for column in columns))
    notes = [
        f"- Confirmed by {prose(source)}." for source in dict.fromkeys(v.confirmed for v in paper.figures) if source
    ]
    notes += [
        f"- Not run: {prose(name)}, since {prose(how.reason)}."
        for name, how in paper.methods.items()
        if isinstance(how, NotRun)
    ]
    notes += [f"- {prose(note)}" for note in paper.notes]
    found: dict[tuple[str, str], list[str]] = {}
    for (method, dataset), why in paper.explanations.items():
        found.setdefault((method, why), []).append(dataset)
    notes += [
        f"- {prose(method)}{' on ' * any(on)}{' and '.join(on)}: {prose(why)}." for (method, why), on in found.items()
    ]
    runs = f"{paper.runs} runs" if paper.runs > 1 else "one value each"
    lead = f"{prose(paper.title)}. *{prose(paper.citation)}.* {runs.capitalize()}; unit: {cell(paper.unit)}; {code(f'nasbench reproduce {paper.name}')}."
    return f"## {paper.name}\n\n{lead}\n\n{table(head, rows)}\n" + "\n".join(notes) + "\n"


def _digits(value: PublishedValue | None) -> str:
    """Return a value as it is printed, with an asterisk where a second source has the same digits."""
    if value is None:
        return ""
    spread = "" if value.deviation is None else f" ± {value.deviation:.{value.digits}f}"
    return f"{value.mean:.{value.digits}f}{spread}" + ("\\*" if value.confirmed else "")
