"""The tables of each service, as its code reads them."""

from __future__ import annotations

import sqlalchemy as sa

import profile_index.tables
import services.gateway.store
import services.identity.store
import services.offers.store
import services.profiles.store
import services.segments.store
from chassis.database import tables

METADATA = {
    "identity": (tables.METADATA, services.identity.store.METADATA),
    "profiles": (
        tables.METADATA,
        profile_index.tables.METADATA,
        services.profiles.store.METADATA,
    ),
    "segments": (
        tables.METADATA,
        profile_index.tables.METADATA,
        services.segments.store.METADATA,
    ),
    "offers": (tables.METADATA, profile_index.tables.METADATA, services.offers.store.METADATA),
    "gateway": (services.gateway.store.METADATA,),
}


def columns_of(service: str) -> dict[tuple[str, str], sa.Column[object]]:
    """Every column of a service, by table and name."""
    return {
        (table.name, column.name): column
        for metadata in METADATA[service]
        for table in metadata.tables.values()
        for column in table.columns
    }
