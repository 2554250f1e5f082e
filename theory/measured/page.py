"""A page of measurements: blocks that commands write anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError
from nasbench.files.atomic import write_atomically
from nasbench.files.documents import read_text


def write_block(page: Path, name: str, content: str) -> None:
    """Replace what stands between `<!-- measured: NAME -->` and `<!-- end -->` on a page.

    Raises:
        NasbenchError: if the page cannot be read or has no such block.
    """
    text = read_text(page, f"page {page}")
    block = re.compile(rf"(<!-- measured: {re.escape(name)} -->\n)(.*?)(<!-- end -->)", re.DOTALL)
    if not block.search(text):
        raise NasbenchError(f"The page {page} has no block '<!-- measured: {name} -->' that ends in '<!-- end -->'.")
    write_atomically(page, block.sub(lambda found: found[1] + content + found[3], text).encode())


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return flat rows of the same keys as a Markdown table."""
    lines = (list(rows[0]), ["---"] * len(rows[0]), *(map(str, row.values()) for row in rows))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
