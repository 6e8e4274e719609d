"""Frozen migration step: by which form the index was folded.

Nothing here may change, as databases were made by it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_FORM = 2
_FORM_BEFORE = 1


def note_forms(op: Any, *, refolded: bool) -> None:
    """The index of a database that is new, or where summaries were `refolded`, has today's form."""
    op.create_table(
        "index_forms", sa.Column("form", sa.Integer, primary_key=True, autoincrement=False)
    )
    any_row = op.get_bind().execute(sa.text("SELECT 1 FROM summaries LIMIT 1")).first()
    form = _FORM if refolded or any_row is None else _FORM_BEFORE
    op.get_bind().execute(sa.text(f"INSERT INTO index_forms (form) VALUES ({form})"))  # noqa: S608
