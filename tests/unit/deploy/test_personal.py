"""Every column of every table says what it holds of a person."""

from __future__ import annotations

import pytest

from chassis.database.personal import CLASSES, KEY, PERSONAL, PSEUDONYMOUS
from contracts.topology import ALL_NAMES
from tests.support.service_tables import METADATA, columns_of

# What leads to a person is named so wherever it stands.
PSEUDONYMS = {"stream_id", "profile_id", "key", "event_id", "subject"}


def test_the_tables_of_every_service_are_walked() -> None:
    assert set(METADATA) == set(ALL_NAMES)


@pytest.mark.parametrize("service", ALL_NAMES)
def test_every_column_is_declared_personal_or_not(service: str) -> None:
    undeclared = [
        f"{table}.{column}"
        for (table, column), of in columns_of(service).items()
        if of.info.get(KEY) not in CLASSES
    ]
    assert undeclared == [], "say info=PERSONAL, PSEUDONYMOUS or NOT_PERSONAL: chassis.database"


@pytest.mark.parametrize("service", ALL_NAMES)
def test_what_leads_to_a_person_is_declared_as_a_pseudonym(service: str) -> None:
    for (table, name), column in columns_of(service).items():
        if name in PSEUDONYMS:
            assert column.info == PSEUDONYMOUS, f"{table}.{name}"


@pytest.mark.parametrize("service", ALL_NAMES)
def test_a_table_with_personal_data_says_whose_they_are(service: str) -> None:
    for metadata in METADATA[service]:
        for table in metadata.tables.values():
            classes = [column.info for column in table.columns]
            assert PERSONAL not in classes or PSEUDONYMOUS in classes, table.name
