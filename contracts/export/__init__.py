"""The documents of the contracts: JSON Schema of every call and event, and an AsyncAPI document.

They are generated from the marshmallow schemas (`python -m contracts.export`), committed in
docs/contracts, and held to them by `make check`. docs/reference/contracts.md says what may change
and how.
"""

from contracts.export.compatibility import Direction, breaks
from contracts.export.entries import Call, EventKind
from contracts.export.generation import Document, documents
from contracts.export.inventory import CALLS, EVENTS

__all__ = ["CALLS", "EVENTS", "Call", "Direction", "Document", "EventKind", "breaks", "documents"]
