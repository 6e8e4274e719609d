"""What guests typed, recorded while an e-mail address that was typed joined whoever typed it.

    python -m tests.golden.databases.claims [sqlite] [postgresql]

It was run once, at the last commit of 0.1.0, before "nothing typed merges anybody": its databases
hold profiles that claims have fused, and a later release must open them, leave the labels as they
are, and part on request what no proof had joined. In `0.1.0-claims/` beside this file it puts, for
each engine, `<service>.sql` and `expected.json`: the label of every stream, and every profile.

Every name, address and number here is made up.
"""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip - services import nameko

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from chassis import parse_instant
from chassis.observability.logging import configure_logging
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from tests.golden.databases.make import HERE, Stage, dump_postgresql, dump_sqlite
from tests.support.servers import Databases

CLOCK = "2026-11-20T12:00:00Z"
FOLDER = HERE / "0.1.0-claims"
CONFIG = HERE / "0.1.0" / "config"

_FINGERPRINT = re.compile(r"""(log_incarnations"? VALUES ?\(1, ?)'[^']*'""")

Event = dict[str, Any]


def _guest(event_id: str, kind: str, time_: str, /, data: Any = None, **who: str) -> Event:
    return {
        "id": event_id,
        "type": kind,
        "time": f"2026-{time_}:00Z",
        "identifiers": who,
        "authenticated": False,
        "data": data or {},
    }


def _account(event_id: str, kind: str, time_: str, /, data: Any = None, **who: str) -> Event:
    return _guest(event_id, kind, time_, data, **who) | {"authenticated": True}


def _order(number: str, revenue: int) -> Event:
    return {"order_id": number, "revenue": revenue, "currency": "EUR", "products": []}


EVENTS = [
    # Lea orders without a device; somebody types her address, and signs in as eve.
    _guest("lea-1", "order_completed", "09-01T10:00", _order("1", 60_000), email="lea@example.com"),
    _guest(
        "eve-1", "checkout_started", "10-01T10:00", anonymous_id="d1", email="lea@example.com"
    ),
    _account("eve-2", "signed_in", "10-01T10:05", user_id="eve", anonymous_id="d1"),
    _account("lea-2", "signed_in", "10-02T10:00", user_id="lea", email="lea@example.com"),
    # Cara orders as a guest; bob sends her a gift; then she makes an account.
    _guest(
        "cara-1", "order_completed", "09-02T10:00", _order("2", 4_200),
        anonymous_id="laptop", email="cara@example.com",
    ),
    _account(
        "bob-1", "order_completed", "10-03T10:00", _order("3", 2_500),
        user_id="bob", email="cara@example.com",
    ),
    _account("cara-2", "signed_in", "10-04T10:00", user_id="cara", email="cara@example.com"),
    # Ann orders as a guest on her laptop; another device types her address.
    _guest(
        "ann-1", "order_completed", "09-03T10:00", _order("4", 9_900),
        anonymous_id="ann-laptop", email="ann@example.com",
    ),
    _guest(
        "ann-2", "traits_changed", "09-03T10:01", {"traits": {"first_name": "Ann"}},
        anonymous_id="ann-laptop", email="ann@example.com",
    ),
    _guest(
        "phone9-1", "checkout_started", "10-05T10:00",
        anonymous_id="phone9", email="ann@example.com",
    ),
    # A till's telephone number, typed for everybody who has none.
    *(
        _guest(
            f"till-{n}", "order_completed", f"09-1{n}T10:00", _order(f"till-order-{n}", 1_000 + n),
            device_id=f"till-customer-{n}", phone="+442079460000",
        )
        for n in range(6)
    ),
    # Nora's guest order on the device on which she then signs in: it is hers by any rule.
    _guest(
        "nora-1", "order_completed", "09-04T10:00", _order("5", 3_300),
        device_id="nora-tablet", email="nora@example.com",
    ),
    _account(
        "nora-2", "signed_in", "09-05T10:00",
        user_id="nora", device_id="nora-tablet", email="nora@example.com",
    ),
    # Two devices of Kim; the desk has joined them.
    _guest("kim-1", "product_viewed", "09-06T10:00", {"sku": "lamp"}, anonymous_id="kim-phone"),
    _guest("kim-2", "product_viewed", "09-06T10:01", {"sku": "vase"}, anonymous_id="kim-tv"),
]  # fmt: skip


def play(stage: Stage) -> dict[str, Any]:
    """Record all of it; what the release made of it."""
    stage.stand_at(CLOCK)
    with stage.services(*SERVICE_NAMES) as cast:
        for event in EVENTS:
            cast.record(event)
        kim = [cast.profile(anonymous_id=device) for device in ("kim-phone", "kim-tv")]
        cast.call("identity", "merge", a=kim[0], b=kim[1], reason="she told us so")
        cast.follow()
        labels = dict(
            sorted(
                (str(stream), str(profile))
                for stream, profile in stage.rows(
                    "identity", "SELECT stream_id, profile_id FROM tenures"
                )
            )
        )
        profiles = {
            each: cast.call("profiles", "get", profile_id=each)
            for each in sorted(set(labels.values()))
        }
        receipts = cast.call("profiles", "record", events=EVENTS)["receipts"]
        events = {each["event_id"]: each["stream_id"] for each in receipts}
        cast.follow()
    return {"clock": CLOCK, "labels": labels, "events": events, "profiles": profiles}


def make(stage: Stage, folder: Path, dump: Callable[[str], str]) -> None:
    """Play on a stage; write into `folder` what is left."""
    folder.mkdir(parents=True)
    expected = play(stage)
    for service, owner_uri in stage.owners.items():
        # Where the log lay is left out: it lies elsewhere wherever this is opened.
        text = _FINGERPRINT.sub(r"\1''", dump(owner_uri))
        (folder / f"{service}.sql").write_text(text)
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    (folder / "expected.json").write_text(f"{text}\n")


def make_on_sqlite() -> None:
    """The databases on SQLite."""
    with tempfile.TemporaryDirectory() as directory:
        uris = {name: f"sqlite:///{directory}/{name}.db" for name in SERVICE_NAMES}
        for name, uri in uris.items():
            upgrade(name, uri)
        make(Stage(uris, uris, CONFIG), FOLDER / "sqlite", dump_sqlite)


def make_on_postgresql() -> None:
    """The databases on PostgreSQL."""
    with closing(Databases()) as databases:
        made = {name: databases.create(name, partial(upgrade, name)) for name in SERVICE_NAMES}
        owners = {name: owner for name, (owner, _) in made.items()}
        uris = {name: user for name, (_, user) in made.items()}
        make(Stage(uris, owners, CONFIG), FOLDER / "postgresql", dump_postgresql)


def main() -> None:
    """Make what is named."""
    configure_logging("text", "CRITICAL")
    began, instant = time.monotonic_ns(), parse_instant(CLOCK) * 1_000
    time.time_ns = lambda: instant + time.monotonic_ns() - began
    for name in sys.argv[1:]:
        {"sqlite": make_on_sqlite, "postgresql": make_on_postgresql}[name]()


if __name__ == "__main__":
    main()
