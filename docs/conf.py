"""How Sphinx builds the site (`make docs`): Markdown pages, and API pages from docstrings."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pygments.lexers.python import PythonLexer

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
logging.getLogger("alembic").setLevel(logging.WARNING)

import chassis.runtime.green  # noqa: E402, F401 - services import nameko

project = "Checkout CDP"
root_doc = "index"
exclude_patterns = ["contracts"]  # JSON, to which the pages link
extensions = ["myst_parser", "sphinx.ext.autodoc"]

html_theme = "furo"
html_title = project
html_show_copyright = False
html_show_sphinx = False

myst_heading_anchors = 3
# Links to code and to the services' own pages: the tests of the pages follow them.
suppress_warnings = ["myst.xref_missing"]

default_role = "code"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}


def literal_blocks(lines: list[str]) -> Iterator[str]:
    """A docstring whose indented paragraphs are examples, as in Markdown, for Sphinx."""
    inside = False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not inside:
            yield from ("", "::", "")
        if inside and line and not indented:
            yield ""
        inside = indented or (inside and not line)
        yield line


def _process(_app: Any, _what: str, _name: str, _of: Any, _options: Any, lines: list[str]) -> None:
    lines[:] = literal_blocks(lines)


def setup(app: Any) -> None:
    """Called by Sphinx: how docstrings are read, and rules are coloured."""
    app.connect("autodoc-process-docstring", _process)
    for language in ("segment", "eligibility"):  # a small part of Python
        app.add_lexer(language, PythonLexer)
