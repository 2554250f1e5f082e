"""Configuration of the site: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT)]

import nasbench  # noqa: E402

project, author = "nasbench", "The nas-verify maintainers"
project_copyright = "2026, the nas-verify maintainers; Apache-2.0"
version = release = nasbench.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "extension",
]
exclude_patterns = ["_build", "extension"]
nitpicky = False
default_role = "code"
suppress_warnings = ["myst.header", "toc.not_included"]  # a new page is found by search and links until a list names it
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False  # "Returns: one row per query: ..." is a sentence, no type
autosummary_generate = False

html_theme = "furo"
html_title = f"nasbench {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

OUTSIDE = {
    "../SECURITY.md": "/more/security.md",
    "../CHANGELOG.md": "/more/changes.md",
    "../CONTRIBUTING.md": "/more/contributing.md",
    "../README.md": "/index.md",
    "../nasbench/tables/data/DATA.md": "/reference/data.md",
}
"""Pages of the repository that the site includes, by how pages of docs/ link to them on GitHub."""


def link_inside(app: Any, docname: str, source: list[str]) -> None:
    """Let links to files of the repository lead to the pages that include them."""
    for outside, inside in OUTSIDE.items():
        source[0] = source[0].replace(f"]({outside}", f"]({inside}")


def setup(app: Any) -> None:
    """Connect."""
    app.connect("source-read", link_inside)
