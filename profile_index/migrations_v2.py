"""Frozen migration steps: summaries of the second form, by the rules of statements and homes.

Nothing here may change, as databases were made by it.
"""

from __future__ import annotations

from typing import Any


def rename_columns(op: Any) -> None:
    """Give columns of labels and summaries other names than the release before knows.

    That knows neither the form of these summaries nor the rules: a process of it finds that it does
    not fit, and applies and records nothing beside this one. It still accepts events while identity
    does not answer.
    """
    op.execute("ALTER TABLE summaries RENAME COLUMN summary TO state")
    op.execute("ALTER TABLE labels RENAME COLUMN epoch TO last_epoch")
