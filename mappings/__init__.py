"""How rows of a table, or documents, become events: what a mapping file says of an event.

`cdp load` reads tables with it, and the gateway what a sender's webhook brings.
"""

from mappings.documents import DocumentMapping, read_document_mapping
from mappings.events import FILE_TIME, ROW, EventMapping, read_events
from mappings.stores import with_store

__all__ = [
    "FILE_TIME",
    "ROW",
    "DocumentMapping",
    "EventMapping",
    "read_document_mapping",
    "read_events",
    "with_store",
]
