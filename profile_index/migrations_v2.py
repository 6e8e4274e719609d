"""Frozen migration steps: summaries of the second form, by the rules of statements and homes.

Nothing here may change, as databases were made by it.
"""

from __future__ import annotations

from typing import Any


def name_state(op: Any) -> None:
    """Give the column of summaries another name than the release before knows.

    That knows neither the form nor the rules: a process of it finds that it does not fit, and
    writes nothing beside this one.
    """
    op.execute("ALTER TABLE summaries RENAME COLUMN summary TO state")
