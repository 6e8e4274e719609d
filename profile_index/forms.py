"""The form of the index: whether it was folded by code that keeps what the code of today reads.

A release that keeps more than the one before raises `FORM`, with a revision that gives an empty
index the new form. An index of an older one lacks what that had forgotten, until it is rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from profile_index.tables import INDEX_FORMS

FORM = 2
_GAUGE = "cdp_rebuild_due"


def note_form(unit: UnitOfWork) -> None:
    """Note that the index was folded anew by the code that runs."""
    unit.connection.execute(sa.delete(INDEX_FORMS))
    unit.connection.execute(sa.insert(INDEX_FORMS).values(form=FORM))


def is_rebuild_due(unit: UnitOfWork) -> bool:
    """Whether the index was folded by a form before that of the code."""
    form = unit.connection.execute(sa.select(sa.func.max(INDEX_FORMS.c.form))).scalar()
    return form is None or form < FORM


def rebuild_note(unit: UnitOfWork) -> str | None:
    """What a service that is ready has to say of its index; None if all is well."""
    due = is_rebuild_due(unit)
    return "its read model was folded by an earlier release; `cdp rebuild` it" if due else None


def _measure(unit: UnitOfWork) -> Iterator[Sample]:
    yield _GAUGE, [], float(is_rebuild_due(unit))


FORM_GAUGE = GaugeQuery(
    {_GAUGE: "Whether the read model was folded by an earlier form of the code."}, _measure
)
