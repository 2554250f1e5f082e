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
html_math_renderer = "mathml"
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
    source[0] = linked_inside(source[0])


def linked_inside(text: str) -> str:
    """Return a page, or one that it includes, with links that hold on the site."""
    for outside, inside in OUTSIDE.items():
        text = text.replace(f"]({outside}", f"]({inside}")
    return text


def link_included(app: Any, path: Any, parent: str, source: list[str]) -> None:
    """Do the same in pages of the repository's top folder that the site includes."""
    text = source[0].replace("](docs/", "](/")
    for outside, inside in OUTSIDE.items():
        text = text.replace(f"]({outside.removeprefix('../')}", f"]({inside}")
    source[0] = text


def setup(app: Any) -> None:
    """Connect."""
    app.connect("source-read", link_inside)
    app.connect("include-read", link_included)
