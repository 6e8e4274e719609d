"""Golden samples: every event that was ever told can still be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chassis.upcasting import Upcasters
from contracts.documents import EVENTS, EventKind
from contracts.documents.generation import event_document
from contracts.fields import Amount, Currency, Text
from contracts.vocabulary import Data
from tests.golden.check import Folders, faults, our_readers

ROOT = Path(__file__).parents[3]
OURS = Folders(ROOT / "tests" / "golden", ROOT / "docs" / "contracts" / "events")


def test_every_event_of_every_version_is_read_by_all_who_follow_it():
    assert faults(OURS, EVENTS, our_readers()) == []


class Before(Data):
    """The first version: a total in words of money."""

    total = Text(required=True)


class Now(Data):
    """The second version: minor units and a currency."""

    revenue = Amount(required=True)
    currency = Currency(required=True)


FIRST = EventKind("profiles", "order_completed", Before(), "An order.", use="recorded")
SECOND = replace(FIRST, data=Now(), version=2)
GOOD = Upcasters(
    {
        ("order_completed", 1): lambda data: {
            "revenue": int(data["total"].replace(".", "")),
            "currency": "EUR",
        }
    }
)


def sample(version: int, data: dict[str, Any]) -> dict[str, Any]:
    wire = json.loads((OURS.samples / "profiles" / "order_completed.v1.json").read_text())
    return {**wire, "schemaversion": version, "data": data}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "samples", tmp_path / "documents")
    told = {1: (FIRST, {"total": "9.50"}), 2: (SECOND, {"revenue": 950, "currency": "EUR"})}
    for version, (kind, data) in told.items():
        for folder, content in (
            (made.samples, sample(version, data)),
            (made.documents, event_document(kind)),
        ):
            file = folder / "profiles" / f"order_completed.v{version}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content))
    return made


def readers(upcasters: Upcasters) -> dict[str, dict[str, Upcasters]]:
    return {"profiles": {"profiles": GOOD, "segments": upcasters}}


def test_an_old_sample_that_its_upcaster_brings_up_to_date_is_well(folders):
    assert faults(folders, [SECOND], readers(GOOD)) == []


def test_a_reader_without_the_upcaster_is_found(folders):
    found = faults(folders, [SECOND], readers(Upcasters()))
    assert found[0] == (
        "segments reads order_completed of profiles at version 1, but it is at 2: "
        "the class of segments must have the upcasters"
    )


def test_an_upcaster_that_makes_something_else_is_found(folders):
    wrong = Upcasters({("order_completed", 1): lambda data: {"revenue": data["total"]}})
    (found,) = faults(folders, [SECOND], readers(wrong))
    assert found.startswith(
        "profiles/order_completed.v1.json: the upcasters of segments do not make version 2 of it: "
    )


def test_an_upcaster_that_raises_is_found(folders):
    wrong = Upcasters({("order_completed", 1): lambda data: {"revenue": data["amount"]}})
    assert faults(folders, [SECOND], readers(wrong)) == [
        "profiles/order_completed.v1.json: the upcasters of segments raise KeyError: 'amount'"
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_without_a_sample_is_found(folders, version):
    (folders.samples / "profiles" / f"order_completed.v{version}.json").unlink()
    (found,) = faults(folders, [SECOND], readers(GOOD))
    assert found.startswith(f"profiles/order_completed.v{version}.json: there is no sample")


def test_a_sample_that_is_not_of_its_version_is_found(folders):
    file = folders.samples / "profiles" / "order_completed.v1.json"
    file.write_text(json.dumps(sample(1, {"total": 9.5})))
    (found,) = faults(folders, [SECOND], readers(GOOD))
    assert "is not what the document of its version says: $.data.total" in found


def test_a_field_that_a_document_has_lost_is_found_by_the_sample(folders):
    file = folders.documents / "profiles" / "order_completed.v1.json"
    lost = event_document(replace(FIRST, data=Data()))
    file.write_text(json.dumps(lost))
    (found,) = faults(folders, [SECOND], readers(GOOD))
    assert "'total' was unexpected" in found


def test_an_earlier_version_keeps_its_document(folders):
    (folders.documents / "profiles" / "order_completed.v1.json").unlink()
    (found,) = faults(folders, [SECOND], readers(GOOD))
    assert "the document of version 1 is gone; put it back" in found


def test_a_sample_of_nothing_is_found(folders):
    (folders.samples / "profiles" / "order_lost.v1.json").write_text("{}")
    assert faults(folders, [SECOND], readers(GOOD)) == [
        "profiles/order_lost.v1.json: is a sample of no event that we tell"
    ]
