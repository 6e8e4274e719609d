"""Golden samples: every event that was ever published can still be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chassis.core.upcasting import Upcasters
from chassis.validation.fields import Amount, Text
from contracts.event_types import EventData
from contracts.export import EVENTS, EventKind
from contracts.export.generation import event_document
from contracts.fields import Currency
from tests.golden.check import Folders, faults, our_readers

ROOT = Path(__file__).parents[3]
OURS = Folders(ROOT / "tests" / "golden", ROOT / "docs" / "contracts" / "events")


def test_every_event_of_every_version_is_read_by_all_who_follow_it() -> None:
    assert faults(OURS, EVENTS, our_readers()) == []


class Before(EventData):
    """The first version: a total in words of money."""

    total = Text(required=True)


class Now(EventData):
    """The second version: minor units and a currency."""

    revenue = Amount(required=True)
    currency = Currency(required=True)


FIRST = EventKind("profiles", "order_completed", Before(), "An order.", use="ingested")
SECOND = replace(FIRST, data=Now(), version=2)
GOOD = Upcasters(
    {
        ("order_completed", 1): lambda data: {
            "revenue": int(data["total"].replace(".", "")),
            "currency": "EUR",
        }
    }
)


def sample(version: int, data: dict[str, Any], kind: str = "") -> dict[str, Any]:
    wire = json.loads((OURS.samples / "profiles" / f"order_completed.v1{kind}.json").read_text())
    return {**wire, "schemaversion": version, "data": data}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    folders = Folders(tmp_path / "samples", tmp_path / "documents")
    samples: dict[int, tuple[EventKind, dict[str, Any]]] = {
        1: (FIRST, {"total": "9.50"}),
        2: (SECOND, {"revenue": 950, "currency": "EUR"}),
    }
    for version, (kind, data) in samples.items():
        name = f"profiles/order_completed.v{version}"
        write(folders.samples / f"{name}.json", sample(version, data))
        write(folders.samples / f"{name}.least.json", sample(version, data, ".least"))
        write(folders.documents / f"{name}.json", event_document(kind))
    return folders


def write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def readers(upcasters: Upcasters) -> dict[str, dict[str, Upcasters]]:
    return {"profiles": {"profiles": GOOD, "segments": upcasters}}


def test_an_old_sample_that_its_upcaster_brings_up_to_date_is_well(folders: Folders) -> None:
    assert faults(folders, [SECOND], readers(GOOD)) == []


def test_a_reader_without_the_upcaster_is_found(folders: Folders) -> None:
    messages = faults(folders, [SECOND], readers(Upcasters()))
    assert messages[0] == (
        "segments reads order_completed of profiles at version 1, but it is at 2: "
        "the class of segments must have the upcasters"
    )


def test_an_upcaster_that_makes_something_else_is_found(folders: Folders) -> None:
    wrong = Upcasters({("order_completed", 1): lambda data: {"revenue": data["total"]}})
    whole, least = faults(folders, [SECOND], readers(wrong))
    reason = "the upcasters of segments do not make version 2 of it: "
    assert whole.startswith(f"profiles/order_completed.v1.json: {reason}")
    assert least.startswith(f"profiles/order_completed.v1.least.json: {reason}")


def test_an_upcaster_that_raises_is_found(folders: Folders) -> None:
    wrong = Upcasters({("order_completed", 1): lambda data: {"revenue": data["amount"]}})
    assert faults(folders, [SECOND], readers(wrong))[0] == (
        "profiles/order_completed.v1.json: the upcasters of segments raise KeyError: 'amount'"
    )


@pytest.mark.parametrize("name", ["v1", "v2", "v1.least", "v2.least"])
def test_a_version_without_a_sample_is_found(folders: Folders, name: str) -> None:
    (folders.samples / "profiles" / f"order_completed.{name}.json").unlink()
    (message,) = faults(folders, [SECOND], readers(GOOD))
    assert message.startswith(f"profiles/order_completed.{name}.json: there is no sample")


def test_a_sample_that_is_not_of_its_version_is_found(folders: Folders) -> None:
    file = folders.samples / "profiles" / "order_completed.v1.json"
    file.write_text(json.dumps(sample(1, {"total": 9.5})))
    (message,) = faults(folders, [SECOND], readers(GOOD))
    assert "is not what the document of its version says: $.data.total" in message


def test_a_field_that_a_document_has_lost_is_found_by_the_sample(folders: Folders) -> None:
    file = folders.documents / "profiles" / "order_completed.v1.json"
    lost = event_document(replace(FIRST, data=EventData()))
    file.write_text(json.dumps(lost))
    messages = faults(folders, [SECOND], readers(GOOD))
    assert all("'total' was unexpected" in fault for fault in messages)
    assert len(messages) == 2


def test_an_earlier_version_keeps_its_document(folders: Folders) -> None:
    (folders.documents / "profiles" / "order_completed.v1.json").unlink()
    messages = faults(folders, [SECOND], readers(GOOD))
    assert len(messages) == 2
    assert all("the document of version 1 is gone; put it back" in fault for fault in messages)


class Stricter(Before):
    """The first version, in which somebody has made a field required since."""

    currency = Currency(required=True)


def test_a_field_that_a_version_newly_requires_is_found_by_the_least_sample(
    folders: Folders,
) -> None:
    """Also where the document that said otherwise was deleted and made again."""
    stricter = replace(FIRST, data=Stricter())
    write(folders.documents / "profiles" / "order_completed.v1.json", event_document(stricter))
    whole = sample(1, {"total": "9.50", "currency": "EUR"})
    write(folders.samples / "profiles" / "order_completed.v1.json", whole)
    (message,) = faults(folders, [SECOND], readers(GOOD))
    assert message.startswith("profiles/order_completed.v1.least.json: the sample is not what")
    assert "'currency' is a required property" in message


class Noted(Before):
    """The first version with a field that may be absent."""

    note = Text()


def test_an_upcaster_that_counts_on_what_may_be_absent_is_found(folders: Folders) -> None:
    noted = event_document(replace(FIRST, data=Noted()))
    write(folders.documents / "profiles" / "order_completed.v1.json", noted)
    whole = sample(1, {"total": "9.50", "note": "a gift"})
    write(folders.samples / "profiles" / "order_completed.v1.json", whole)
    data = {"revenue": 950, "currency": "EUR"}
    careless = Upcasters({("order_completed", 1): lambda old: {**data, "order_id": old["note"]}})
    assert faults(folders, [SECOND], readers(careless)) == [
        "profiles/order_completed.v1.least.json: the upcasters of segments raise KeyError: 'note'"
    ]


def test_a_least_sample_has_nothing_to_spare(folders: Folders) -> None:
    file = folders.samples / "profiles" / "order_completed.v2.least.json"
    write(file, {**json.loads(file.read_text()), "profileid": "p"})
    assert faults(folders, [SECOND], readers(GOOD)) == [
        "profiles/order_completed.v2.least.json: $.profileid may be absent: remove it"
    ]


def test_a_sample_of_nothing_is_found(folders: Folders) -> None:
    (folders.samples / "profiles" / "order_lost.v1.json").write_text("{}")
    assert faults(folders, [SECOND], readers(GOOD)) == [
        "profiles/order_lost.v1.json: is a sample of no event that we tell"
    ]
