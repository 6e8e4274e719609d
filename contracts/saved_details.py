"""What a recorded event says of an address or a payment method that an account keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.validation.schema import InvalidFields, load_fields
from contracts.event_types import EVENT_TYPES, Address

_ADDRESS = Address()


def detail_in(event_type: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of the data that the platform reads, also those of its address.

    None if it cannot be read: an earlier release, which had no such type, has recorded anything.
    """
    schema = EVENT_TYPES[event_type]
    try:
        read = load_fields(schema, {n: part for n, part in data.items() if n != "context"})
    except InvalidFields:
        return None
    known = {name: read[name] for name in schema.load_fields if read.get(name) is not None}
    if "address" in known:
        address = known["address"]
        fields = _ADDRESS.load_fields
        known["address"] = {name: address[name] for name in fields if address.get(name) is not None}
    return known
