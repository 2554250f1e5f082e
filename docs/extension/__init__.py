"""Directives of the site: `run` and `example` execute what a page shows, `generated` writes a reference from the suite itself."""

from __future__ import annotations

import re
from typing import Any

from extension.generated import Generated
from extension.mathml import visit_block, visit_inline
from extension.run import Example, Run, close_interpreters


def one_name_each(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Write an attribute for each name where a docstring describes several at once, as in `workers, batch_size: ...`."""
    written: list[str] = []
    for index, line in enumerate(lines):
        matched = re.fullmatch(r"( {4})(\w+(?:, \w+)+): (.*)", line)
        if not matched:
            written.append(line)
            continue
        indent, names, text = matched.groups()
        rest = []
        for more in lines[index + 1 :]:
            if not more.startswith(indent * 2):
                break
            rest.append(more)
        first, *others = reversed(names.split(", "))
        for other in reversed(others):
            written += [f"{indent}{other}: {text}", *rest]
        written.append(f"{indent}{first}: {text}")
    lines[:] = written


def setup(app: Any) -> dict[str, Any]:
    """Add the directives, formulas as MathML, and what docstrings need."""
    app.add_directive("run", Run)
    app.add_directive("example", Example)
    app.add_directive("generated", Generated)
    app.add_html_math_renderer("mathml", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None))
    app.connect("autodoc-process-docstring", one_name_each, priority=400)
    app.connect("doctree-read", close_interpreters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
